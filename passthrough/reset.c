/* SPDX-License-Identifier: MIT */
/*
 * Resets of a device.
 *
 * The ladder: the function's own reset (VFIO_DEVICE_RESET, for which the kernel takes the first of
 * FLR, AF FLR, PM and the like that works), then that of its bus, which hits every function on it.
 * So it is done only when all of them belong to the device's space and none of them runs.
 *
 * A function that shares its bus and has no reset of its own is stopped with the reset still owed;
 * the last of them to stop resets the bus for all.
 */
#include "refusal.h"
#include "vfio_ioctl.h"
#include "vfio_reset_ioctl.h"

/* What stands in the way of a bus reset. */
struct obstacles {
	const char *running; /* a function of the same space */
	unsigned foreign;
	bool unbound; /* the first foreign one has no VFIO driver */
	char first[PT_NAME_SIZE];
	char text[256];
};

#define CAUSE_SIZE 256

static const char no_reset[] = "has no reset of its own";

static bool busy(int code)
{
	return code == -EAGAIN || code == -EBUSY;
}

static int reset_function(struct pt_device *device)
{
	int r = vfio_reset(device->sys, device->fd);

	for (unsigned i = 0; i < PT_RETRIES && busy(r); i++) {
		device->sys->sleep_ms(device->sys->ctx, PT_RETRY_MS);
		r = vfio_reset(device->sys, device->fd);
	}
	return r;
}

static int reset_bus(struct pt_device *device, const struct pt_bus_function *functions,
		     unsigned count)
{
	const struct pt_backend *backend = device->space->backend;
	int r = backend->bus_reset(device, functions, count);

	for (unsigned i = 0; i < PT_RETRIES && busy(r); i++) {
		device->sys->sleep_ms(device->sys->ctx, PT_RETRY_MS);
		r = backend->bus_reset(device, functions, count);
	}
	return r;
}

static void add_foreign(struct obstacles *obstacles, const struct pt_sys *sys, const char *name)
{
	size_t used = strlen(obstacles->text);
	char driver[PT_DRIVER_SIZE];
	int r = pt_host_driver(sys, name, driver);

	if (obstacles->foreign++ == 0) {
		(void)snprintf(obstacles->first, sizeof(obstacles->first), "%s", name);
		obstacles->unbound = r < 0 || !strstr(driver, "vfio");
	}
	(void)snprintf(obstacles->text + used, sizeof(obstacles->text) - used, "%s%s (%s)",
		       used > 0 ? ", " : "", name,
		       r < 0 || driver[0] == '\0' ? "no driver" : driver);
}

static struct obstacles look(const struct pt_device *device,
			     const struct pt_bus_function *functions, unsigned count)
{
	const struct pt_backend *backend = device->space->backend;
	struct obstacles obstacles = {0};

	for (unsigned i = 0; i < count; i++) {
		const struct pt_device *other = pt_space_device(device->space, functions[i].name);

		if (other == device)
			continue;
		if (!backend->owns(device->space, &functions[i]))
			add_foreign(&obstacles, device->sys, functions[i].name);
		else if (other && other->state == PT_DEVICE_RUNNING && !obstacles.running)
			obstacles.running = other->host.name;
	}
	return obstacles;
}

static int refuse(const struct pt_device *device, const char *own,
		  const struct obstacles *obstacles, struct pt_error *err)
{
	const char *name = device->host.name;

	if (obstacles->foreign == 0) {
		pt_error_set(err, -EBUSY, "%s: %s, and its bus is not reset while %s runs", name,
			     own, obstacles->running);
		return pt_error_remedy(
			err, -EBUSY, "the bus is reset when the last of its functions is stopped");
	}
	pt_error_set(err, -EBUSY, "%s: %s, and a reset of its bus would hit %s", name, own,
		     obstacles->text);
	if (obstacles->unbound)
		return pt_error_remedy(
			err, -EBUSY,
			"bind %s to vfio-pci and assign it to the same guest, or leave it there unused",
			obstacles->first);
	return pt_error_remedy(err, -EBUSY, "assign %s to the same guest", obstacles->first);
}

/* It has been reset; that is good only if it works. */
static int settle(struct pt_device *device, enum pt_reset_kind kind, const char **ret_evidence)
{
	int r = pt_health_check(device, ret_evidence);

	device->last_reset = kind;
	device->reset_owed = r < 0;
	return r;
}

static void settle_others(const struct pt_device *device, const struct pt_bus_function *functions,
			  unsigned count)
{
	const char *evidence;

	for (unsigned i = 0; i < count; i++) {
		struct pt_device *other = pt_space_device(device->space, functions[i].name);

		if (other && other != device && other->state == PT_DEVICE_ATTACHED)
			(void)settle(other, PT_RESET_BUS, &evidence);
	}
}

static int bus_failed(const struct pt_device *device, int code, const char *own, const char *bus,
		      struct pt_error *err)
{
	pt_error_set(err, code, "%s: %s, and %s", device->host.name, own, bus);
	return pt_error_remedy(
		err, code,
		"see the host's kernel log; what no reset brings back, a power cycle "
		"of the host may");
}

static int try_bus(struct pt_device *device, const struct pt_bus_function *functions,
		   unsigned count, const char *own, bool *ret_waits, struct pt_error *err)
{
	struct obstacles obstacles = look(device, functions, count);
	struct pt_error cause = PT_ERROR_INIT;
	char bus[CAUSE_SIZE];
	const char *evidence;
	int r;

	if (obstacles.foreign > 0 || obstacles.running) {
		*ret_waits = obstacles.foreign == 0 && !device->resettable;
		return refuse(device, own, &obstacles, err);
	}
	r = reset_bus(device, functions, count);
	if (r < 0) {
		(void)pt_refused_call(device, PT_CALL_BUS_RESET, r, &cause);
		(void)snprintf(bus, sizeof(bus), "VFIO_DEVICE_PCI_HOT_RESET: %.200s",
			       cause.message);
		(void)bus_failed(device, r, own, bus, err);
		return pt_error_remedy(err, r, "%s", cause.remedy);
	}
	settle_others(device, functions, count);
	r = settle(device, PT_RESET_BUS, &evidence);
	if (r == 0)
		return 0;
	(void)snprintf(bus, sizeof(bus), "%s after a reset of its bus", evidence);
	return bus_failed(device, pt_device_noted(device, r), own, bus, err);
}

/* @code: of the own reset's failure, -ENOTTY without one. */
static int bus_step(struct pt_device *device, int code, const char *own, bool *ret_waits,
		    struct pt_error *err)
{
	struct pt_error cause = PT_ERROR_INIT;
	struct pt_bus_function *functions;
	unsigned count;
	int r = -ENODEV;

	if (device->space->backend->bus_reset)
		r = vfio_hot_reset_info(device->sys, device->fd, &functions, &count);
	if (r < 0) {
		if (code == -ENOTTY && r != -ENODEV)
			code = r;
		(void)pt_refused_call(device, PT_CALL_BUS_INFO, r, &cause);
		pt_error_set(err, code, "%s: %s, and its bus cannot be reset (%s)",
			     device->host.name, own, cause.message);
		return pt_error_remedy(err, code, "%s", cause.remedy);
	}
	r = try_bus(device, functions, count, own, ret_waits, err);
	pt_free(device->sys, functions);
	return r;
}

static int bus_step_locked(struct pt_device *device, int code, const char *own, bool *ret_waits,
			   struct pt_error *err)
{
	int r;

	(void)pthread_mutex_lock(&device->space->lock);
	r = bus_step(device, code, own, ret_waits, err);
	(void)pthread_mutex_unlock(&device->space->lock);
	return r;
}

int pt_reset_ladder(struct pt_device *device, bool *ret_waits, struct pt_error *err)
{
	struct pt_error cause = PT_ERROR_INIT;
	char own[CAUSE_SIZE];
	const char *evidence;
	int r;

	device->reset_owed = true;
	if (!device->resettable)
		return bus_step_locked(device, -ENOTTY, no_reset, ret_waits, err);
	r = reset_function(device);
	/* Gone, or locked by someone who resets it. */
	if (pt_device_noted(device, r) == -ENODEV || busy(r))
		return pt_error_prefix(err, pt_refused_call(device, PT_CALL_RESET, r, err),
				       "%s: VFIO_DEVICE_RESET", device->host.name);
	if (r < 0) {
		(void)pt_refused_call(device, PT_CALL_RESET, r, &cause);
		(void)snprintf(own, sizeof(own), "its own reset failed (VFIO_DEVICE_RESET: %.200s)",
			       cause.message);
		return bus_step_locked(device, r, own, ret_waits, err);
	}
	r = settle(device, PT_RESET_FUNCTION, &evidence);
	if (pt_device_noted(device, r) == 0)
		return 0;
	(void)snprintf(own, sizeof(own), "%s after its own reset", evidence);
	return bus_step_locked(device, r, own, ret_waits, err);
}

/* "0000:02:" is the bus of 0000:02:00.0. */
static bool same_bus(const struct pt_device *a, const struct pt_device *b)
{
	const char *slot = strrchr(a->host.name, ':');

	return slot && !strncmp(a->host.name, b->host.name, (size_t)(slot - a->host.name) + 1);
}

void pt_reset_waiting(struct pt_device *device)
{
	struct pt_space *space = device->space;
	bool waits;

	(void)pthread_mutex_lock(&space->lock);
	for (struct pt_device *other = space->devices; other; other = other->next) {
		if (other != device && other->reset_owed && !other->resettable &&
		    other->state == PT_DEVICE_ATTACHED && same_bus(other, device))
			(void)bus_step(other, -ENOTTY, no_reset, &waits, NULL);
	}
	(void)pthread_mutex_unlock(&space->lock);
}

PT_PUBLIC int pt_device_reset(struct pt_device *device, struct pt_error *err)
{
	bool waits = false;
	int r;

	if (device->state == PT_DEVICE_LOST)
		return pt_error_set(err, -ENODEV, "%s: cannot be reset: it is gone",
				    device->host.name);
	r = pt_device_require(device, 1u << PT_DEVICE_ATTACHED | 1u << PT_DEVICE_RUNNING,
			      "reset it", err);
	return r < 0 ? r : pt_reset_ladder(device, &waits, err);
}

PT_PUBLIC int pt_device_reset_methods(const struct pt_device *device, char *ret_text, size_t size,
				      struct pt_error *err)
{
	char path[PT_PATH_SIZE];
	int r;

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset_method",
		       device->host.name);
	r = pt_read_file(device->sys, path, ret_text, size);
	if (r < 0)
		return pt_error_set(err, r, "%s: %s", path, strerror(-r));
	return 0;
}
