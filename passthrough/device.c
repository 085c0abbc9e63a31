/* SPDX-License-Identifier: MIT */
#include <sys/mman.h>

#include "internal.h"
#include "refusal.h"
#include "vfio_ioctl.h"

#define GIB (1ull << 30)

static const char *const state_names[] = {
	[PT_DEVICE_CLOSED] = "closed",	   [PT_DEVICE_OPENED] = "opened",
	[PT_DEVICE_ATTACHED] = "attached", [PT_DEVICE_RUNNING] = "running",
	[PT_DEVICE_LOST] = "lost",
};

/* The moves there are: a mask of next states for each state. */
static const unsigned next_states[] = {
	[PT_DEVICE_CLOSED] = 1u << PT_DEVICE_OPENED,
	[PT_DEVICE_OPENED] =
		1u << PT_DEVICE_ATTACHED | 1u << PT_DEVICE_CLOSED | 1u << PT_DEVICE_LOST,
	[PT_DEVICE_ATTACHED] = 1u << PT_DEVICE_RUNNING | 1u << PT_DEVICE_OPENED |
			       1u << PT_DEVICE_CLOSED | 1u << PT_DEVICE_LOST,
	[PT_DEVICE_RUNNING] = 1u << PT_DEVICE_ATTACHED | 1u << PT_DEVICE_LOST,
	[PT_DEVICE_LOST] = 1u << PT_DEVICE_OPENED | 1u << PT_DEVICE_CLOSED,
};

int pt_device_require(const struct pt_device *device, unsigned states, const char *what,
		      struct pt_error *err)
{
	if (1u << device->state & states)
		return 0;
	return pt_error_set(err, -EBADFD, "%s: cannot %s: it is %s", device->host.name, what,
			    state_names[device->state]);
}

void pt_device_move(struct pt_device *device, enum pt_device_state next)
{
	if (next_states[device->state] & 1u << next)
		device->state = next;
}

int pt_device_run(struct pt_device *device, struct pt_error *err)
{
	int r;

	(void)pthread_mutex_lock(&device->space->lock);
	r = pt_device_require(device, 1u << PT_DEVICE_ATTACHED, "start it", err);
	if (r == 0)
		pt_device_move(device, PT_DEVICE_RUNNING);
	(void)pthread_mutex_unlock(&device->space->lock);
	return r;
}

int pt_device_noted(struct pt_device *device, int code)
{
	if (code == -ENODEV)
		pt_device_move(device, PT_DEVICE_LOST);
	return code;
}

static int take_setup(struct pt_device *device, const struct pt_device_setup *setup,
		      struct pt_error *err)
{
	int r;

	if (!setup || !setup->vf_token)
		return 0;
	r = pt_vf_token_parse(device, setup->vf_token, device->vf_token, err);
	device->has_vf_token = r == 0;
	return r;
}

/* @fd: -1 to open the backend's node. Inverse: leave_space(). */
static int enter_space(struct pt_device *device, int fd, struct pt_error *err)
{
	struct pt_space *space = device->space;
	int r;

	(void)pthread_mutex_lock(&space->lock);
	r = space->backend->open(device, fd, err);
	if (r == 0) {
		pt_device_move(device, PT_DEVICE_OPENED);
		device->next = space->devices;
		space->devices = device;
	}
	(void)pthread_mutex_unlock(&space->lock);
	return r;
}

static void leave_space(struct pt_device *device)
{
	struct pt_space *space = device->space;
	struct pt_device **link = &space->devices;

	(void)pthread_mutex_lock(&space->lock);
	while (*link != device)
		link = &(*link)->next;
	*link = device->next;
	space->backend->close(device);
	(void)pthread_mutex_unlock(&space->lock);
}

/* @fd: -1 to open the backend's node. */
static int open_device(struct pt_space *space, const struct pt_host_device *host, int fd,
		       const struct pt_device_setup *setup, struct pt_device **ret_device,
		       struct pt_error *err)
{
	struct pt_device *device = pt_alloc(space->sys, sizeof(*device));
	int r;

	if (!device)
		return pt_no_memory(err, host->name);
	device->sys = space->sys;
	device->space = space;
	device->host = *host;
	device->fd = -1;
	for (unsigned i = 0; i < PT_EVENT_COUNT; i++)
		device->event_fd[i] = -1;
	r = take_setup(device, setup, err);
	if (r == 0)
		r = enter_space(device, fd, err);
	if (r < 0) {
		pt_free(space->sys, device);
		return r;
	}
	*ret_device = device;
	return 0;
}

PT_PUBLIC int pt_device_open(struct pt_space *space, const char *name,
			     const struct pt_device_setup *setup, struct pt_device **ret_device,
			     struct pt_error *err)
{
	struct pt_host_device host;
	char canonical[PT_NAME_SIZE];
	int r = pt_host_resolve(space->sys, name, canonical, err);

	if (r == 0)
		r = pt_host_read(space->sys, canonical, &host, err);
	if (r == 0)
		r = pt_host_assignable(space->sys, &host, &space->setup, err);
	return r < 0 ? r : open_device(space, &host, -1, setup, ret_device, err);
}

PT_PUBLIC int pt_device_open_fd(struct pt_space *space, int fd, const char *name,
				const struct pt_device_setup *setup, struct pt_device **ret_device,
				struct pt_error *err)
{
	char wanted[PT_NAME_SIZE], found[PT_NAME_SIZE];
	struct pt_host_device host;
	int r = name ? pt_host_resolve(space->sys, name, wanted, err) : 0;

	if (r == 0)
		r = space->backend->identify(space, fd, name ? wanted : NULL, found, err);
	if (r < 0)
		return r;
	r = pt_host_read(space->sys, found, &host, err);
	return r < 0 ? r : open_device(space, &host, fd, setup, ret_device, err);
}

static int read_regions(struct pt_device *device, unsigned count, struct pt_error *err)
{
	int r;

	for (unsigned i = 0; i < PT_REGION_COUNT && i < count; i++) {
		struct pt_device_region *region = &device->regions[i];

		r = vfio_region_info(device->sys, device->fd, i, &region->info,
				     &region->file_offset);
		/* The VGA region is an error where the device is no VGA. */
		if (r == -EINVAL && i == PT_REGION_VGA)
			r = 0;
		if (r < 0)
			return pt_error_prefix(err, pt_refused_call(device, PT_CALL_REGION, r, err),
					       "%s: reading region %u", device->host.name, i);
	}
	return 0;
}

static int read_irqs(struct pt_device *device, unsigned count, struct pt_error *err)
{
	int r;

	for (unsigned i = 0; i < PT_IRQ_COUNT && i < count; i++) {
		r = vfio_irq_info(device->sys, device->fd, i, &device->irqs[i]);
		/* Drivers answer EINVAL for what they do not have: ERR of a conventional device,
		 * MSI-X of a mdev. */
		if (r == -EINVAL)
			r = 0;
		if (r < 0)
			return pt_error_prefix(err, pt_refused_call(device, PT_CALL_IRQ, r, err),
					       "%s: reading interrupt %u", device->host.name, i);
	}
	return 0;
}

static int read_device(struct pt_device *device, struct pt_error *err)
{
	unsigned regions, irqs;
	int r = vfio_device_info(device->sys, device->fd, &regions, &irqs, &device->resettable);

	/* The sample devices of the kernel can be reset and do not say so. */
	if (r == 0 && device->host.mediated)
		device->resettable = true;
	if (r < 0)
		(void)pt_error_prefix(err, pt_refused_call(device, PT_CALL_INFO, r, err),
				      "%s: asking what it is", device->host.name);
	else
		r = read_regions(device, regions, err);
	if (r == 0)
		r = read_irqs(device, irqs, err);
	return r;
}

PT_PUBLIC int pt_device_bind(struct pt_device *device, struct pt_error *err)
{
	int r = pt_device_require(device, 1u << PT_DEVICE_OPENED, "bind it", err);

	if (r < 0)
		return r;
	if (device->bound)
		return 0;
	r = device->space->backend->bind(device, err);
	if (r < 0)
		return pt_device_noted(device, r);
	device->bound = true;
	return 0;
}

/* The kernel has reset the function at bind, where it has a reset of its own. What its bus cannot do
 * now is owed until it is started. */
static int first_reset(struct pt_device *device, struct pt_error *err)
{
	bool waits;

	device->reset_owed = !device->resettable;
	device->last_reset = device->resettable ? PT_RESET_FUNCTION : PT_RESET_NONE;
	if (!device->resettable)
		(void)pt_reset_ladder(device, &waits, NULL);
	if (device->state == PT_DEVICE_LOST)
		return pt_error_set(err, -ENODEV, "%s: it was lost in its first reset",
				    device->host.name);
	return 0;
}

PT_PUBLIC int pt_device_attach(struct pt_device *device, struct pt_error *err)
{
	const struct pt_backend *backend = device->space->backend;
	int r = pt_device_bind(device, err);

	if (r < 0)
		return r;
	r = backend->attach(device, err);
	if (r < 0)
		return pt_device_noted(device, r);
	r = read_device(device, err);
	if (r < 0) {
		backend->detach(device);
		return pt_device_noted(device, r);
	}
	device->attached = true;
	pt_device_move(device, PT_DEVICE_ATTACHED);
	return first_reset(device, err);
}

static void unmap_region(struct pt_device *device, struct pt_device_region *region)
{
	if (region->reserved)
		(void)device->sys->munmap(device->sys->ctx, region->reserved,
					  region->reserved_size);
	region->reserved = NULL;
	region->base = NULL;
}

PT_PUBLIC void pt_device_detach(struct pt_device *device)
{
	pt_events_done(device);
	for (unsigned i = 0; i < PT_IRQ_COUNT; i++)
		pt_device_irq_disable(device, i);
	for (unsigned i = 0; i < PT_REGION_COUNT; i++)
		unmap_region(device, &device->regions[i]);
	if (device->attached)
		device->space->backend->detach(device);
	device->attached = false;
	if (device->state != PT_DEVICE_CLOSED)
		device->state = PT_DEVICE_OPENED;
}

PT_PUBLIC void pt_device_close(struct pt_device *device)
{
	if (!device)
		return;
	pt_device_detach(device);
	leave_space(device);
	pt_free(device->sys, device);
}

PT_PUBLIC int pt_device_fd(const struct pt_device *device)
{
	return device->fd;
}

PT_PUBLIC const char *pt_device_name(const struct pt_device *device)
{
	return device->host.name;
}

PT_PUBLIC enum pt_device_state pt_device_state(const struct pt_device *device)
{
	return device->state;
}

PT_PUBLIC enum pt_noiommu pt_device_noiommu(const struct pt_device *device)
{
	return device->noiommu;
}

PT_PUBLIC int pt_device_resettable(const struct pt_device *device)
{
	return device->resettable;
}

PT_PUBLIC const struct pt_region *pt_device_region(const struct pt_device *device, unsigned index)
{
	return index < PT_REGION_COUNT ? &device->regions[index].info : NULL;
}

PT_PUBLIC const struct pt_irq *pt_device_irq(const struct pt_device *device, unsigned index)
{
	return index < PT_IRQ_COUNT ? &device->irqs[index] : NULL;
}

static int check_access(const struct pt_device *device, unsigned region, uint64_t offset,
			size_t size)
{
	uint64_t end;

	if (region >= PT_REGION_COUNT || pt_add_overflow(offset, size, &end) ||
	    end > device->regions[region].info.size)
		return -EINVAL;
	return 0;
}

PT_PUBLIC int pt_device_read(struct pt_device *device, unsigned region, uint64_t offset, void *buf,
			     size_t size)
{
	const struct pt_sys *sys = device->sys;
	int64_t n;

	if (check_access(device, region, offset, size) < 0)
		return -EINVAL;
	if (device->state == PT_DEVICE_LOST)
		return -ENODEV;
	n = sys->pread(sys->ctx, device->fd, buf, size,
		       device->regions[region].file_offset + offset);
	if (n != (int64_t)size)
		return pt_device_noted(device, n < 0 ? (int)n : -EIO);
	return 0;
}

PT_PUBLIC int pt_device_write(struct pt_device *device, unsigned region, uint64_t offset,
			      const void *buf, size_t size)
{
	int64_t n;

	if (check_access(device, region, offset, size) < 0)
		return -EINVAL;
	if (device->state == PT_DEVICE_LOST)
		return -ENODEV;
	n = device->sys->pwrite(device->sys->ctx, device->fd, buf, size,
				device->regions[region].file_offset + offset);
	if (n != (int64_t)size)
		return pt_device_noted(device, n < 0 ? (int)n : -EIO);
	return 0;
}

static int reserve(struct pt_device *device, struct pt_device_region *region)
{
	uint64_t alignment = PT_PAGE_SIZE;
	uintptr_t start;
	int r;

	while (alignment < region->info.size && alignment < GIB)
		alignment *= 2;
	/* Room for one alignment more lets the base be moved up to a multiple. */
	region->reserved_size = region->info.size + alignment;
	r = device->sys->mmap(device->sys->ctx, NULL, region->reserved_size, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0,
			      &region->reserved);
	if (r < 0)
		return r;
	start = (uintptr_t)region->reserved;
	region->base = (char *)region->reserved + (alignment - start % alignment) % alignment;
	return 0;
}

PT_PUBLIC int pt_device_map(struct pt_device *device, unsigned region, void **ret_base,
			    struct pt_error *err)
{
	struct pt_device_region *reg;
	void *addr;
	int prot, r;

	r = pt_device_require(device, 1u << PT_DEVICE_ATTACHED | 1u << PT_DEVICE_RUNNING,
			      "map its regions", err);
	if (r < 0)
		return r;
	reg = region < PT_REGION_COUNT ? &device->regions[region] : NULL;
	if (!reg || reg->info.area_count == 0)
		return pt_error_set(err, -ENODATA, "%s: region %u cannot be mapped",
				    device->host.name, region);
	if (reg->base) {
		*ret_base = reg->base;
		return 0;
	}
	prot = (reg->info.flags & PT_REGION_READ ? PROT_READ : 0) |
	       (reg->info.flags & PT_REGION_WRITE ? PROT_WRITE : 0);
	r = reserve(device, reg);
	for (unsigned i = 0; r == 0 && i < reg->info.area_count; i++) {
		const struct pt_area *area = &reg->info.areas[i];

		r = device->sys->mmap(device->sys->ctx, (char *)reg->base + area->offset,
				      area->size, prot, MAP_SHARED | MAP_FIXED, device->fd,
				      reg->file_offset + area->offset, &addr);
	}
	if (r < 0) {
		unmap_region(device, reg);
		return pt_error_set(err, pt_device_noted(device, r), "%s: mapping region %u: %s",
				    device->host.name, region, strerror(-r));
	}
	*ret_base = reg->base;
	return 0;
}

PT_PUBLIC int pt_device_irq_set(struct pt_device *device, unsigned index, unsigned start,
				unsigned count, const int *fds, struct pt_error *err)
{
	unsigned end;
	int r;

	if (index >= PT_IRQ_COUNT || count == 0 || __builtin_add_overflow(start, count, &end) ||
	    end > device->irqs[index].count)
		return pt_error_set(err, -EINVAL, "%s: interrupt %u: it has no vectors %u to %u",
				    device->host.name, index, start, start + count - 1);
	if (device->state == PT_DEVICE_LOST)
		return pt_error_set(err, -ENODEV, "%s: is gone", device->host.name);
	r = vfio_irq_trigger(device->sys, device->fd, index, start, count, fds);
	if (r < 0) {
		(void)pt_refused_call(device, PT_CALL_TRIGGER, r, err);
		return pt_error_prefix(err, pt_device_noted(device, r),
				       "%s: interrupt %u: enabling vectors %u to %u",
				       device->host.name, index, start, end - 1);
	}
	if (r == 0)
		device->irq_enabled[index] = true;
	return r;
}

PT_PUBLIC int pt_device_irq_unmask_fd(struct pt_device *device, int fd, struct pt_error *err)
{
	int r = vfio_irq_unmask_fd(device->sys, device->fd, PT_IRQ_INTX, fd);

	if (r < 0) {
		(void)pt_refused_call(device, PT_CALL_UNMASK, r, err);
		return pt_error_prefix(err, pt_device_noted(device, r),
				       "%s: INTx: unmasking by eventfd", device->host.name);
	}
	return 0;
}

PT_PUBLIC void pt_device_irq_disable(struct pt_device *device, unsigned index)
{
	if (index >= PT_IRQ_COUNT || !device->irq_enabled[index])
		return;
	(void)vfio_irq_disable(device->sys, device->fd, index);
	device->irq_enabled[index] = false;
}
