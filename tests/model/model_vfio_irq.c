/* SPDX-License-Identifier: MIT */
/*
 * VFIO_DEVICE_SET_IRQS and the interrupts themselves.
 *
 * One of INTx, MSI and MSI-X is enabled at a time. Enabling MSI or MSI-X allocates start + count vectors; with NORESIZE
 * no vector beyond them can be had before the index is disabled. A device triggers eventfds, not descriptors: closing
 * the descriptor changes nothing.
 */
#include "model_private.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>

#define DATA   VFIO_IRQ_SET_DATA_TYPE_MASK
#define ACTION VFIO_IRQ_SET_ACTION_TYPE_MASK

static struct model_file *eventfd_get(struct model *model, int fd)
{
	struct model_file *file = model_fd_file(model, fd);

	return file && file->ops == &model_event_ops ? model_file_get(file) : NULL;
}

static void set_trigger(struct model_device *device, unsigned index, unsigned vector,
			struct model_file *file)
{
	model_file_put(device->private->triggers[index][vector]);
	device->private->triggers[index][vector] = file;
}

/* INTx: masked by the kernel when it triggers, unmasked by the user. */

static bool intx_disabled(const struct model_device *device)
{
	return device->private->config[0x05] & 0x04;
}

static void intx_deliver(struct model_device *device)
{
	struct model_file *trigger = device->private->triggers[PT_IRQ_INTX][0];

	if (device->irq_index != PT_IRQ_INTX || device->intx_masked || intx_disabled(device) ||
	    !device->private->intx_level || !trigger)
		return;
	device->intx_masked = true;
	model_event_signal(trigger);
}

static void intx_unmask(void *arg)
{
	struct model_device *device = arg;

	device->intx_masked = false;
	intx_deliver(device);
}

void model_irq_intx_disable_changed(struct model_device *device)
{
	intx_deliver(device);
}

void model_intx(struct model_device *device, bool level)
{
	device->private->intx_level = level;
	intx_deliver(device);
}

static void set_unmask(struct model_device *device, struct model_file *file)
{
	if (device->private->unmask) {
		model_event_wait(device->private->unmask, NULL, device);
		model_file_put(device->private->unmask);
	}
	device->private->unmask = file;
	if (file)
		model_event_wait(file, intx_unmask, device);
}

static int intx_set_unmask(struct model_device *device, const struct vfio_irq_set *set)
{
	struct model_file *file;
	int32_t fd;

	if (device->irq_index != PT_IRQ_INTX || set->start != 0 || set->count != 1)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_NONE) {
		intx_unmask(device);
		return 0;
	}
	if (device->pci.mediated)
		return -ENOTTY;
	memcpy(&fd, set->data, sizeof(fd));
	if (fd < 0) {
		set_unmask(device, NULL);
		return 0;
	}
	if (device->private->unmask)
		return -EBUSY;
	file = eventfd_get(device->model, fd);
	if (!file)
		return -EINVAL;
	set_unmask(device, file);
	return 0;
}

static int intx_set_mask(struct model_device *device, const struct vfio_irq_set *set)
{
	if (device->irq_index != PT_IRQ_INTX || set->start != 0 || set->count != 1)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return -ENOTTY;
	device->intx_masked = true;
	return 0;
}

static int intx_set_trigger(struct model_device *device, const struct vfio_irq_set *set)
{
	struct model_file *file = NULL;
	int32_t fd;

	if (device->irq_index == PT_IRQ_INTX && !set->count &&
	    (set->flags & VFIO_IRQ_SET_DATA_NONE)) {
		model_irq_off(device);
		return 0;
	}
	if ((device->irq_index != PT_IRQ_INTX && device->irq_index != -1) || set->start != 0 ||
	    set->count != 1)
		return -EINVAL;
	if (!(set->flags & VFIO_IRQ_SET_DATA_EVENTFD))
		return device->irq_index == PT_IRQ_INTX ? 0 : -EINVAL;
	memcpy(&fd, set->data, sizeof(fd));
	if (fd >= 0) {
		file = eventfd_get(device->model, fd);
		if (!file)
			return model_fd_file(device->model, fd) ? -EINVAL : -EBADF;
	}
	set_trigger(device, PT_IRQ_INTX, 0, file);
	if (device->irq_index == -1)
		device->intx_masked = intx_disabled(device);
	device->irq_index = PT_IRQ_INTX;
	intx_deliver(device);
	return 0;
}

/* MSI and MSI-X. */

static int msi_set_vector(struct model_device *device, unsigned index, unsigned vector, int fd)
{
	struct model_file *file;

	set_trigger(device, index, vector, NULL);
	if (fd < 0)
		return 0;
	if (vector >= device->vectors && (index == PT_IRQ_MSI || device->pci.noresize))
		return -EINVAL;
	if (device->grant && vector >= device->grant)
		return -ENOSPC;
	file = eventfd_get(device->model, fd);
	if (!file)
		return model_fd_file(device->model, fd) ? -EINVAL : -EBADF;
	set_trigger(device, index, vector, file);
	return 0;
}

static int msi_set_block(struct model_device *device, const struct vfio_irq_set *set)
{
	int ret = 0;

	for (unsigned i = 0; i < set->count && ret == 0; i++) {
		int32_t fd;

		memcpy(&fd, set->data + i * sizeof(fd), sizeof(fd));
		ret = msi_set_vector(device, set->index, set->start + i, fd);
	}
	for (unsigned i = 0; ret && i < set->count; i++)
		set_trigger(device, set->index, set->start + i, NULL);
	return ret;
}

static int msi_set_trigger(struct model_device *device, const struct vfio_irq_set *set)
{
	int index = (int)set->index;
	unsigned wanted = set->start + set->count;
	int ret;

	if (device->irq_index == index && !set->count && (set->flags & VFIO_IRQ_SET_DATA_NONE)) {
		model_irq_off(device);
		return 0;
	}
	if (device->irq_index != index && device->irq_index != -1)
		return -EINVAL;
	if (!(set->flags & VFIO_IRQ_SET_DATA_EVENTFD)) {
		if (device->irq_index != index)
			return -EINVAL;
		for (unsigned i = 0; i < set->count; i++)
			model_raise(device, set->start + i);
		return 0;
	}
	if (device->irq_index == index)
		return msi_set_block(device, set);
	if (device->grant && device->grant < wanted)
		return (int)device->grant;
	device->irq_index = index;
	device->vectors = wanted;
	ret = msi_set_block(device, set);
	if (ret)
		model_irq_off(device);
	return ret;
}

/* ERR and REQ: one eventfd each, independent of the others. */
static int single_set_trigger(struct model_device *device, const struct vfio_irq_set *set)
{
	struct model_file *file = NULL;
	int32_t fd;

	if (set->start != 0 || set->count > 1)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_NONE) {
		if (!device->private->triggers[set->index][0])
			return -EINVAL;
		if (set->count)
			model_event_signal(device->private->triggers[set->index][0]);
		else
			set_trigger(device, set->index, 0, NULL);
		return 0;
	}
	if (!set->count || !(set->flags & VFIO_IRQ_SET_DATA_EVENTFD))
		return -EINVAL;
	memcpy(&fd, set->data, sizeof(fd));
	if (fd < -1)
		return -EINVAL;
	if (fd >= 0) {
		file = eventfd_get(device->model, fd);
		if (!file)
			return model_fd_file(device->model, fd) ? -EINVAL : -EBADF;
	}
	set_trigger(device, set->index, 0, file);
	return 0;
}

static int check(const struct vfio_irq_set *set, unsigned irqs)
{
	size_t element = 0;

	if (set->argsz < sizeof(*set) || set->index >= PT_IRQ_COUNT ||
	    set->count >= UINT32_MAX - set->start || (set->flags & ~(uint32_t)(DATA | ACTION)))
		return -EINVAL;
	if (set->start >= irqs || set->start + set->count > irqs)
		return -EINVAL;
	switch (set->flags & DATA) {
	case VFIO_IRQ_SET_DATA_NONE:
		break;
	case VFIO_IRQ_SET_DATA_BOOL:
		element = 1;
		break;
	case VFIO_IRQ_SET_DATA_EVENTFD:
		element = sizeof(int32_t);
		break;
	default:
		return -EINVAL;
	}
	return set->argsz - sizeof(*set) < set->count * element ? -EINVAL : 0;
}

static int dispatch(struct model_device *device, const struct vfio_irq_set *set)
{
	uint32_t action = set->flags & ACTION;

	if (action == VFIO_IRQ_SET_ACTION_TRIGGER) {
		if (set->index == PT_IRQ_INTX)
			return intx_set_trigger(device, set);
		if (set->index == PT_IRQ_MSI || set->index == PT_IRQ_MSIX)
			return msi_set_trigger(device, set);
		return single_set_trigger(device, set);
	}
	if (set->index == PT_IRQ_INTX && action == VFIO_IRQ_SET_ACTION_MASK)
		return intx_set_mask(device, set);
	if (set->index == PT_IRQ_INTX && action == VFIO_IRQ_SET_ACTION_UNMASK)
		return intx_set_unmask(device, set);
	return -ENOTTY;
}

static const char *action_name(uint32_t flags)
{
	if (flags & VFIO_IRQ_SET_ACTION_TRIGGER)
		return "trigger";
	return flags & VFIO_IRQ_SET_ACTION_UNMASK ? "unmask" : "mask";
}

int model_irq_ioctl(struct model_device *device, void *arg)
{
	const struct vfio_irq_set *set = arg;
	int ret = check(set, set->index < PT_IRQ_COUNT ? model_irq_count(device, set->index) : 0);

	if (ret == 0)
		ret = dispatch(device, set);
	model_detail(device->model, "%s index=%u start=%u count=%u%s", action_name(set->flags),
		     set->index, set->start, set->count,
		     set->flags & VFIO_IRQ_SET_DATA_EVENTFD ? " eventfd" : " none");
	return ret;
}

void model_irq_off(struct model_device *device)
{
	if (device->irq_index == PT_IRQ_INTX)
		set_unmask(device, NULL);
	for (unsigned vector = 0; device->irq_index >= 0 && vector < MODEL_VECTORS; vector++)
		set_trigger(device, (unsigned)device->irq_index, vector, NULL);
	device->irq_index = -1;
	device->vectors = 0;
}

void model_irq_close(struct model_device *device)
{
	model_irq_off(device);
	set_trigger(device, PT_IRQ_ERR, 0, NULL);
	set_trigger(device, PT_IRQ_REQ, 0, NULL);
}

void model_raise(struct model_device *device, unsigned vector)
{
	if ((device->irq_index == PT_IRQ_MSI || device->irq_index == PT_IRQ_MSIX) &&
	    vector < MODEL_VECTORS && device->private->triggers[device->irq_index][vector])
		model_event_signal(device->private->triggers[device->irq_index][vector]);
}

int model_trigger_fd(const struct model_device *device, unsigned index, unsigned vector)
{
	const struct model *model = device->model;
	const struct model_file *file = device->private->triggers[index][vector];

	for (unsigned i = 0; file && i < model->fd_count; i++)
		if (model->fds[i] == file)
			return MODEL_FIRST_FD + (int)i;
	return -1;
}
