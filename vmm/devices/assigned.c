/* SPDX-License-Identifier: MIT */
#include "devices/assigned.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "host/read_text.h"
#include "host/rom_file.h"
#include "report.h"

static int memory_add(void *ctx, uint64_t gpa, uint64_t size, void *hva, struct pt_error *err)
{
	struct assigned *assigned = ctx;

	return kvm_memslots_add(assigned->host.memslots, gpa, size, hva, err);
}

static void memory_remove(void *ctx, uint64_t gpa, uint64_t size)
{
	struct assigned *assigned = ctx;

	kvm_memslots_remove(assigned->host.memslots, gpa, size);
}

/*
 * Whether somebody is there, under the lock. The class code cannot be all ones. The vendor, where one would look, is answered by
 * vfio-pci itself, device or not (vfio_pci_config.c, init_pci_cap_basic_perm).
 */
static bool answers(struct assigned *assigned)
{
	uint32_t class_code;

	return !pt_device_read(assigned->device, PT_REGION_CONFIG, 8, &class_code,
			       sizeof(class_code)) &&
	       class_code != UINT32_MAX;
}

/* After a call of the function, under its lock. Whoever waits for @request_fd looks whether it is gone. */
static void notice_loss(struct assigned *assigned, bool silent)
{
	const struct pt_sys *sys = assigned->host.kvm->sys;
	const uint64_t one = 1;

	if (!assigned->function || (!silent && pt_device_state(assigned->device) != PT_DEVICE_LOST))
		return;
	if (!atomic_exchange(&assigned->suspected, true) && assigned->request_fd >= 0)
		(void)sys->write(sys->ctx, assigned->request_fd, &one, sizeof(one));
}

static void bar_read(void *state, uint64_t offset, void *data, unsigned size)
{
	struct assigned_bar *bar = state;

	struct assigned *assigned = bar->owner;

	pthread_mutex_lock(&assigned->lock);
	if (assigned->function)
		pt_function_bar_read(assigned->function, bar->index, offset, data, size);
	else
		memset(data, 0xff, size);
	notice_loss(assigned, false);
	pthread_mutex_unlock(&assigned->lock);
}

static void bar_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	struct assigned_bar *bar = state;

	struct assigned *assigned = bar->owner;

	pthread_mutex_lock(&assigned->lock);
	if (assigned->function)
		pt_function_bar_write(assigned->function, bar->index, offset, data, size);
	notice_loss(assigned, false);
	pthread_mutex_unlock(&assigned->lock);
}

static const struct device_ops bar_ops = {
	.name = "BAR of an assigned device",
	.read = bar_read,
	.write = bar_write,
};

static int trap_add(void *ctx, unsigned bar, int io, uint64_t address, uint64_t size,
		    struct pt_error *err)
{
	struct assigned *assigned = ctx;
	struct bus *bus = io ? assigned->host.ports : assigned->host.memory;
	uint64_t end = io ? PLAN_IO_END : assigned->host.memory_end;

	/* A guest that sizes a BAR while it decodes puts it there in passing. */
	if (size > end || address > end - size)
		return pt_error_set(err, -ERANGE, "%s", "no such address");
	return bus_add(bus, address, size, &bar_ops, &assigned->bars[bar], err);
}

static void trap_remove(void *ctx, unsigned bar, int io, uint64_t address, uint64_t size)
{
	struct assigned *assigned = ctx;
	struct bus *bus = io ? assigned->host.ports : assigned->host.memory;

	bus_remove(bus, address, size, &assigned->bars[bar]);
}

/* Return: the vector's GSI, 0 when it has none. The vectors belong to whoever is within a call of the function. */
static unsigned gsi_of(const struct assigned *assigned, unsigned vector)
{
	return vector < assigned->vector_count ? assigned->vector_gsi[vector] : 0;
}

static int make_room(struct assigned *assigned, unsigned vector)
{
	unsigned count = assigned->vector_count ? assigned->vector_count : 8;
	unsigned *grown;

	if (vector < assigned->vector_count)
		return 0;
	while (count <= vector)
		count *= 2;
	grown = realloc(assigned->vector_gsi, count * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + assigned->vector_count, 0,
	       (count - assigned->vector_count) * sizeof(*grown));
	assigned->vector_gsi = grown;
	assigned->vector_count = count;
	return 0;
}

static int vector_route(void *ctx, unsigned vector, uint64_t address, uint32_t data,
			struct pt_error *err)
{
	struct assigned *assigned = ctx;
	bool had = gsi_of(assigned, vector) != 0;
	unsigned gsi;
	int r;

	if (make_room(assigned, vector))
		return pt_error_set(err, -ENOMEM, "no memory for vector %u", vector);
	if (!had) {
		r = kvm_routes_alloc(assigned->host.routes, &gsi, err);
		if (r)
			return r;
		assigned->vector_gsi[vector] = gsi;
	}
	r = kvm_routes_set(assigned->host.routes, assigned->vector_gsi[vector], address, data, err);
	if (r && !had) {
		kvm_routes_free(assigned->host.routes, assigned->vector_gsi[vector]);
		assigned->vector_gsi[vector] = 0;
	}
	return r;
}

static int vectors_commit(void *ctx, struct pt_error *err)
{
	struct assigned *assigned = ctx;

	return kvm_routes_commit(assigned->host.routes, err);
}

static int vector_connect(void *ctx, unsigned vector, int fd, struct pt_error *err)
{
	struct assigned *assigned = ctx;
	unsigned gsi = gsi_of(assigned, vector);

	if (!gsi)
		return pt_error_set(err, -EINVAL, "vector %u has no route", vector);
	return kvm_irqfd_add(assigned->host.kvm, gsi, fd, -1, err);
}

static void vector_disconnect(void *ctx, unsigned vector, int fd)
{
	struct assigned *assigned = ctx;
	unsigned gsi = gsi_of(assigned, vector);

	if (gsi)
		kvm_irqfd_del(assigned->host.kvm, gsi, fd);
}

static void vector_unroute(void *ctx, unsigned vector)
{
	struct assigned *assigned = ctx;
	unsigned gsi = gsi_of(assigned, vector);

	if (!gsi)
		return;
	kvm_routes_free(assigned->host.routes, gsi);
	assigned->vector_gsi[vector] = 0;
}

static int intx_connect(void *ctx, unsigned pin, int trigger, int resample, struct pt_error *err)
{
	struct assigned *assigned = ctx;

	(void)pin; /* there is one, and the plan knows where it leads */
	return kvm_irqfd_add(assigned->host.kvm, assigned->plan->gsi, trigger, resample, err);
}

/* KVM lowers the line when the last of the irqfds that share it goes (irqfd_resampler_shutdown). */
static void intx_disconnect(void *ctx, unsigned pin, int trigger, int resample)
{
	struct assigned *assigned = ctx;

	(void)pin;
	(void)resample;
	kvm_irqfd_del(assigned->host.kvm, assigned->plan->gsi, trigger);
}

static void report(void *ctx, enum pt_severity severity, const struct pt_error *what)
{
	struct assigned *assigned = ctx;

	if (what->code == -EAGAIN && atomic_load(&assigned->wanted_back))
		return;
	if (severity == PT_WARNING)
		report_warning(what, stderr);
	else
		report_error(what, stderr);
}

static const struct pt_guest_ops guest_ops = {
	.memory_add = memory_add,
	.memory_remove = memory_remove,
	.trap_add = trap_add,
	.trap_remove = trap_remove,
	.vector_route = vector_route,
	.vectors_commit = vectors_commit,
	.vector_connect = vector_connect,
	.vector_disconnect = vector_disconnect,
	.vector_unroute = vector_unroute,
	.intx_connect = intx_connect,
	.intx_disconnect = intx_disconnect,
	.report = report,
};

static uint32_t config_read(void *state, unsigned offset, unsigned size)
{
	struct assigned *assigned = state;
	uint32_t value = UINT32_MAX;
	bool silent = false;

	pthread_mutex_lock(&assigned->lock);
	if (assigned->function)
		value = pt_function_config_read(assigned->function, offset, size);
	/* This is how a guest looks whether somebody is there. */
	if (assigned->function && !offset && !answers(assigned)) {
		value = UINT32_MAX;
		silent = true;
	}
	notice_loss(assigned, silent);
	pthread_mutex_unlock(&assigned->lock);
	return value;
}

static void config_write(void *state, unsigned offset, unsigned size, uint32_t value)
{
	struct assigned *assigned = state;

	pthread_mutex_lock(&assigned->lock);
	if (assigned->function)
		pt_function_config_write(assigned->function, offset, size, value);
	notice_loss(assigned, false);
	pthread_mutex_unlock(&assigned->lock);
}

const struct pci_function_ops assigned_function_ops = {
	.config_read = config_read,
	.config_write = config_write,
};

void assigned_init(struct assigned *assigned, const struct assigned_host *host,
		   const struct plan_device *plan)
{
	*assigned = (struct assigned){
		.host = *host,
		.plan = plan,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.request_fd = -1,
		.error_fd = -1,
	};
	for (unsigned i = 0; i <= PT_BAR_ROM; i++)
		assigned->bars[i] = (struct assigned_bar){assigned, i};
}

void assigned_done(struct assigned *assigned)
{
	struct pt_function *function;

	/* Nobody gets at it any more, so that what follows, a reset too, keeps no vCPU waiting. */
	pthread_mutex_lock(&assigned->lock);
	function = assigned->function;
	assigned->function = NULL;
	pthread_mutex_unlock(&assigned->lock);
	pt_function_destroy(function);
	pt_device_close(assigned->device);
	assigned->device = NULL;
	assigned->request_fd = -1; /* they were the device's */
	assigned->error_fd = -1;
	free(assigned->vector_gsi);
	assigned->vector_gsi = NULL;
	assigned->vector_count = 0;
}

int assigned_open(struct assigned *assigned, struct pt_space *space, struct pt_error *err)
{
	const struct plan_device *plan = assigned->plan;
	const struct pt_device_setup setup = {
		.vf_token = plan->vf_token[0] ? plan->vf_token : NULL,
	};

	if (plan->fd)
		return pt_device_open_fd(space, plan->fd, plan->bdf, &setup, &assigned->device,
					 err);
	return pt_device_open(space, plan->name, &setup, &assigned->device, err);
}

int assigned_bind(struct assigned *assigned, struct pt_error *err)
{
	return pt_device_bind(assigned->device, err);
}

int assigned_attach(struct assigned *assigned, struct pt_error *err)
{
	return pt_device_attach(assigned->device, err);
}

/* The plan has looked at the file already, and has room for what it was then. */
static int read_rom(const struct assigned *assigned, void **ret_bytes, struct pt_rom_setup *setup,
		    struct pt_error *err)
{
	const struct plan_device *plan = assigned->plan;
	int r;

	if (plan->rom != PT_ROM_BYTES)
		return 0;
	r = rom_file_read(assigned->host.files, plan->rom_file, ret_bytes, &setup->size, err);
	if (r < 0)
		return pt_error_prefix(err, r, "%s", plan->bdf);
	setup->bytes = *ret_bytes;
	if (pt_rom_space(setup->size) != plan->bars[PT_BAR_ROM].size)
		return pt_error_remedy(err,
				       pt_error_set(err, -ESTALE,
						    "%s: expansion ROM %s: it has changed since "
						    "it was looked at",
						    plan->bdf, plan->rom_file),
				       "try again");
	return 0;
}

int assigned_create(struct assigned *assigned, struct pt_error *err)
{
	const struct plan_device *plan = assigned->plan;
	struct pt_function_setup setup = {
		.root_bus = plan->root_bus,
		.multifunction = plan->multifunction,
		.peer_to_peer = assigned->host.peer_to_peer,
		.has_gpudirect_clique = plan->has_gpudirect_clique,
		.gpudirect_clique = plan->gpudirect_clique,
		.low_power = plan->low_power,
		.rom = {.source = plan->rom, .address = plan->bar_address[PT_BAR_ROM]},
	};
	CLEANUP_FREE void *rom = NULL;
	int r = read_rom(assigned, &rom, &setup.rom, err);

	if (r < 0)
		return r;
	memcpy(setup.bar_address, plan->bar_address, sizeof(setup.bar_address));
	return pt_function_create(assigned->device, &setup, &guest_ops, assigned,
				  &assigned->function, err);
}

static int listen_to(struct assigned *assigned, enum pt_event event, int *ret_fd,
		     struct pt_error *err)
{
	int r = pt_device_event(assigned->device, event, ret_fd, err);

	return r == -ENOENT ? 0 : r;
}

int assigned_listen(struct assigned *assigned, struct pt_error *err)
{
	int r = listen_to(assigned, PT_EVENT_REQ, &assigned->request_fd, err);

	return r ? r : listen_to(assigned, PT_EVENT_ERR, &assigned->error_fd, err);
}

void assigned_wanted_back(struct assigned *assigned)
{
	atomic_store(&assigned->wanted_back, true);
}

bool assigned_suspected(struct assigned *assigned)
{
	return atomic_exchange(&assigned->suspected, false);
}

static bool in_sysfs(const struct assigned *assigned)
{
	char path[PT_PATH_SIZE], vendor[16];

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vendor", assigned->plan->bdf);
	return read_text(assigned->host.kvm->sys, path, vendor, sizeof(vendor)) != -ENOENT;
}

int assigned_health(struct assigned *assigned, struct pt_device_health *ret_health)
{
	struct pt_error err;
	int r = -ENODEV;

	pthread_mutex_lock(&assigned->lock);
	if (assigned->function)
		r = pt_device_health(assigned->device, ret_health, &err);
	pthread_mutex_unlock(&assigned->lock);
	return r;
}

static void say_health(struct pt_device *device, char *text, size_t size)
{
	struct pt_device_health health;
	struct pt_error err = PT_ERROR_INIT;

	*text = '\0';
	if (pt_device_health(device, &health, &err) < 0)
		(void)snprintf(text, size, "%s", err.message);
	else if (!health.answers)
		(void)snprintf(text, size, "it does not answer");
	else if (health.reset_owed)
		(void)snprintf(text, size, "its last reset could not be done");
	else if (*health.aer)
		(void)snprintf(text, size, "AER has counted %s", health.aer);
}

bool assigned_query(struct assigned *assigned, struct assigned_info *ret_info)
{
	bool there;

	pthread_mutex_lock(&assigned->lock);
	there = assigned->function != NULL;
	if (there) {
		ret_info->state = pt_device_state(assigned->device);
		ret_info->stats = pt_function_stats(assigned->function);
		for (unsigned i = 0; i <= PT_BAR_ROM; i++)
			ret_info->bars[i] = pt_function_bar(assigned->function, i);
		say_health(assigned->device, ret_info->health, sizeof(ret_info->health));
	}
	pthread_mutex_unlock(&assigned->lock);
	return there;
}

bool assigned_gone(struct assigned *assigned)
{
	bool gone = true;

	pthread_mutex_lock(&assigned->lock);
	if (assigned->function)
		gone = pt_device_state(assigned->device) == PT_DEVICE_LOST || !answers(assigned);
	pthread_mutex_unlock(&assigned->lock);
	return gone || !in_sysfs(assigned);
}

void assigned_make_peer(struct assigned *assigned)
{
	pthread_mutex_lock(&assigned->lock);
	if (assigned->function)
		pt_function_set_peers(assigned->function, 1);
	pthread_mutex_unlock(&assigned->lock);
}

int assigned_start(struct assigned *assigned, struct pt_error *err)
{
	int r = 0;

	pthread_mutex_lock(&assigned->lock);
	if (assigned->function)
		r = pt_function_start(assigned->function, err);
	pthread_mutex_unlock(&assigned->lock);
	return r;
}

void assigned_stop(struct assigned *assigned)
{
	pthread_mutex_lock(&assigned->lock);
	if (assigned->function)
		pt_function_stop(assigned->function);
	pthread_mutex_unlock(&assigned->lock);
}
