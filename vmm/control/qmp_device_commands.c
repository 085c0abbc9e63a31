/* SPDX-License-Identifier: MIT */
#include "control/qmp_device_commands.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/backends.h"
#include "control/device_option.h"
#include "control/pci_place.h"
#include "control/qmp_backend_commands.h"
#include "control/qmp_session.h"
#include "qemu/qemu_answers.h"

static const char *text_of(const json_t *arguments, const char *key)
{
	return json_string_value(json_object_get(arguments, key));
}

/* A descriptor that the client named. @key: NULL for none. @ret_fd: 0 when @arguments have none, else the caller's */
static int named_fd(struct qmp_session *session, const json_t *arguments, const char *key,
		    int *ret_fd, struct pt_error *err)
{
	const char *name = key ? text_of(arguments, key) : NULL;

	*ret_fd = 0;
	if (!name)
		return 0;
	if (isdigit((unsigned char)*name))
		return pt_error_remedy(err,
				       pt_error_set(err, -EINVAL,
						    "Parameter '%s' expects the name that getfd "
						    "has given, not the number '%s'",
						    key, name),
				       "send the descriptor with getfd");
	return qmp_fds_take(&session->fds, name, ret_fd, err);
}

static void drop_fd(int fd)
{
	if (fd > 0)
		(void)close(fd);
}

static int add_place(const struct target *target, const json_t *arguments,
		     struct device_option *option, struct pt_error *err)
{
	struct pci_place place;
	char slot[16];
	int r = pci_place_parse(target, text_of(arguments, "bus"), text_of(arguments, "addr"),
				&place, err);

	if (r || !place.slot)
		return r;
	(void)snprintf(slot, sizeof(slot), place.function ? "%u.%u" : "%u", place.slot,
		       place.function);
	device_option_key(option, "slot", slot);
	return 0;
}

/* What is no key of the file, or is one under another name. Return: whether it was that. */
static bool add_known(const json_t *arguments, const char *key, json_t *value,
		      struct device_option *option)
{
	static const char *const elsewhere[] = {"driver", "host", "fd",		  "iommufd",
						"bus",	  "addr", "multifunction"};

	(void)arguments;
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		if (strcmp(key, elsewhere[i]) == 0)
			return true;
	}
	if (strcmp(key, "rombar") == 0) {
		if (json_is_false(value) || (json_is_integer(value) && !json_integer_value(value)))
			device_option_key(option, "rom", "off");
		return true;
	}
	if (strcmp(key, "romfile") == 0) {
		device_option_key(option, "rom", json_string_value(value));
		return true;
	}
	return false;
}

/* A key is refused, or rightly without effect, or one of --device's. */
static int add_other(const char *driver, const char *key, const json_t *value,
		     struct device_option *option, struct pt_error *err)
{
	int r = qemu_property(driver, key, value, err);

	if (r)
		return r < 0 ? r : 0;
	return device_option_value(option, key, value, err);
}

/* What a device is said to be in QMP, as --device takes it: "HOST,KEY=VALUE..." */
static int passthrough_option(const struct target *target, json_t *arguments, int fd,
			      struct device_option *option, struct pt_error *err)
{
	const char *host = text_of(arguments, "host"), *key;
	char by_fd[32];
	json_t *value;
	int r;

	if (!host && !fd)
		return pt_error_set(err, -EINVAL, "Parameter 'host' is missing");
	(void)snprintf(by_fd, sizeof(by_fd), host ? "%d" : "fd=%d", fd);
	device_option_init(option, host ? host : by_fd);
	if (host && fd)
		device_option_key(option, "fd", by_fd);
	json_object_foreach(arguments, key, value)
	{
		if (add_known(arguments, key, value, option))
			continue;
		r = add_other("vfio-pci", key, value, option, err);
		if (r)
			return r;
	}
	r = add_place(target, arguments, option, err);
	return r ? r : device_option_check(option, err);
}

/* Answered when it is there, or is not. */
static int plug(struct qmp_session *session, const struct target_request *request,
		struct pt_error *err)
{
	const struct target *target = session->target;
	struct qmp_wait *wait = qmp_session_wait(session);
	int r;

	if (!wait)
		return pt_error_set(err, -ENOMEM, "Out of memory");
	r = target->ops->plug(target->ctx, request, qmp_session_answer, wait, err);
	if (r)
		qmp_session_wait_no_more(wait);
	return r;
}

static int disk_value(const struct target *target, struct target_request *request,
		      const json_t *arguments, struct device_option *option, struct pt_error *err)
{
	const struct backend *node = request->backend;
	const struct backend *file = backends_file(target->backends, node);
	const char *cache = text_of(arguments, "write-cache");

	if (!file)
		return pt_error_set(err, -ENOENT, "Node '%s' is on nothing", node->name);
	if (cache && strcmp(cache, "off") == 0)
		return pt_error_set(err, -EINVAL,
				    "Property 'write-cache' doesn't take value 'off': the guest "
				    "flushes");
	device_option_init(option, file->path);
	if (node->readonly)
		device_option_key(option, "readonly", "yes");
	if (node->direct || file->direct)
		device_option_key(option, "direct", "yes");
	return 0;
}

static int net_value(const struct target *target, struct target_request *request,
		     const json_t *arguments, struct device_option *option, struct pt_error *err)
{
	static const char *const vhosts[] = {
		[PLAN_VHOST_AUTO] = "auto", [PLAN_VHOST_ON] = "on", [PLAN_VHOST_OFF] = "off"};
	const struct backend *net = request->backend;
	const json_t *mtu = json_object_get(arguments, "host_mtu");
	char text[32];

	(void)target;
	(void)snprintf(text, sizeof(text), "fd:%d", net->fds[0]);
	device_option_init(option, net->path[0] ? net->path : text);
	(void)snprintf(text, sizeof(text), "%u", net->pairs);
	device_option_key(option, "queues", text);
	device_option_key(option, "vhost", vhosts[net->vhost]);
	return mtu ? device_option_value(option, "mtu", mtu, err) : 0;
}

static int rng_value(const struct target *target, struct target_request *request,
		     const json_t *arguments, struct device_option *option, struct pt_error *err)
{
	(void)target, (void)request, (void)arguments, (void)err;
	device_option_init(option, "host");
	return 0;
}

static int vsock_value(const struct target *target, struct target_request *request,
		       const json_t *arguments, struct device_option *option, struct pt_error *err)
{
	const json_t *cid = json_object_get(arguments, "guest-cid");
	char text[32];

	(void)target, (void)request;
	if (!json_is_integer(cid))
		return pt_error_set(err, -EINVAL, "Parameter 'guest-cid' is missing");
	(void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(cid));
	device_option_init(option, text);
	return 0;
}

/*
 * A virtio device as QEMU calls it.
 * @backend: the property that names what it uses; @none: how messages begin when there is no such thing
 * @fd: the property that names a descriptor, NULL for none
 * @value: what its option takes first
 * @known: properties that @value has seen to, or that say what is so in any case
 */
struct driver {
	const char *name;
	const char *kind;
	const char *backend;
	enum backend_kind backend_kind;
	const char *fd;
	int (*value)(const struct target *target, struct target_request *request,
		     const json_t *arguments, struct device_option *option, struct pt_error *err);
	const char *known[4];
};

static const struct driver drivers[] = {
	{"virtio-blk-pci", "disk", "drive", BACKEND_FILE, NULL, disk_value, {"write-cache"}},
	{"virtio-net-pci",
	 "net",
	 "netdev",
	 BACKEND_TAP,
	 NULL,
	 net_value,
	 {"host_mtu", "mq", "vectors"}},
	{"virtio-rng-pci", "rng", "rng", BACKEND_RNG, NULL, rng_value, {NULL}},
	{"vhost-vsock-pci", "vsock", NULL, BACKEND_FREE, "vhostfd", vsock_value, {"guest-cid"}},
};

static const struct driver *driver_find(const char *name)
{
	size_t length = strlen(name);
	const char *suffix = strstr(name, "-non-transitional");

	if (suffix)
		length = (size_t)(suffix - name);
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (strlen(drivers[i].name) == length &&
		    strncmp(drivers[i].name, name, length) == 0)
			return &drivers[i];
	}
	return NULL;
}

static int find_backend(const struct target *target, const struct driver *driver,
			const json_t *arguments, struct target_request *request,
			struct pt_error *err)
{
	const char *name = driver->backend ? text_of(arguments, driver->backend) : NULL;

	if (!driver->backend)
		return 0;
	if (!name)
		return pt_error_set(err, -EINVAL, "Parameter '%s' is missing", driver->backend);
	request->backend = backends_find(target->backends, driver->backend_kind, name);
	if (!request->backend)
		return pt_error_set(err, -ENOENT, "Property '%s.%s' can't find value '%s'",
				    driver->name, driver->backend, name);
	if (qmp_backend_in_use(target, request->backend))
		return pt_error_set(err, -EBUSY,
				    "Property '%s.%s' can't take value '%s', it's in use",
				    driver->name, driver->backend, name);
	return 0;
}

static bool is_known(const struct driver *driver, const char *key)
{
	static const char *const everywhere[] = {"driver", "bus", "addr", "multifunction"};
	bool known = (driver->backend && strcmp(key, driver->backend) == 0) ||
		     (driver->fd && strcmp(key, driver->fd) == 0);

	for (size_t i = 0; i < sizeof(everywhere) / sizeof(everywhere[0]); i++)
		known = known || strcmp(key, everywhere[i]) == 0;
	for (size_t i = 0; i < 4 && driver->known[i]; i++)
		known = known || strcmp(key, driver->known[i]) == 0;
	return known;
}

static int virtio_option(const struct target *target, const struct driver *driver,
			 json_t *arguments, struct target_request *request,
			 struct device_option *option, struct pt_error *err)
{
	const char *key;
	json_t *value;
	int r = find_backend(target, driver, arguments, request, err);

	if (!r)
		r = driver->value(target, request, arguments, option, err);
	if (r)
		return r;
	json_object_foreach(arguments, key, value)
	{
		if (is_known(driver, key))
			continue;
		r = add_other(text_of(arguments, "driver"), key, value, option, err);
		if (r)
			return r;
	}
	r = add_place(target, arguments, option, err);
	return r ? r : device_option_check(option, err);
}

json_t *qmp_device_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const char *name = text_of(arguments, "driver");
	const struct driver *driver = driver_find(name);
	struct target_request request = {.kind = driver ? driver->kind : "device",
					 .iommufd = text_of(arguments, "iommufd")};
	struct device_option option;
	int r;

	if (!driver && strcmp(name, "vfio-pci") != 0) {
		(void)pt_error_set(&err->error, -EINVAL,
				   "'%s' is not a device that can come while the guest runs; "
				   "vfio-pci, virtio-blk-pci, virtio-net-pci, virtio-rng-pci and "
				   "vhost-vsock-pci are",
				   name);
		return NULL;
	}
	r = named_fd(session, arguments, driver ? driver->fd : "fd", &request.fd, &err->error);
	if (!r && driver)
		r = virtio_option(session->target, driver, arguments, &request, &option,
				  &err->error);
	else if (!r)
		r = passthrough_option(session->target, arguments, request.fd, &option,
				       &err->error);
	request.option = option.text;
	if (!r)
		r = plug(session, &request, &err->error);
	if (r)
		drop_fd(request.fd);
	return NULL;
}

/* As on the command line. */
json_t *qmp_x_device_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target_request request = {
		.kind = text_of(arguments, "kind"),
		.option = text_of(arguments, "value"),
	};

	(void)plug(session, &request, &err->error);
	return NULL;
}

/* By its id; one that is passed through by its address on the host too. */
static bool is_called(const struct target_device *device, const char *name)
{
	return strcmp(device->id, name) == 0 ||
	       (device->kind == TARGET_PASSTHROUGH && strcmp(device->host_name, name) == 0);
}

/* What has a name without being a device that leaves: a serial line, a root port, a port of a controller. */
static bool is_fixed(const struct target *target, const char *id)
{
	struct target_peripheral peripheral;

	for (unsigned i = 0; target->ops->peripheral(target->ctx, i, &peripheral); i++) {
		if (peripheral.id && strcmp(peripheral.id, id) == 0)
			return true;
	}
	return false;
}

json_t *qmp_device_del(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;
	const char *id = text_of(arguments, "id");

	for (unsigned i = 0; i < target->ops->devices(target->ctx); i++) {
		struct target_device device = {0};

		target->ops->device(target->ctx, i, &device);
		if (!device.present || !is_called(&device, id))
			continue;
		if (target->ops->unplug(target->ctx, i, &err->error) == -EALREADY)
			(void)pt_error_set(&err->error, -EALREADY,
					   "Device %s is already in the process of unplug", id);
		return NULL;
	}
	if (is_fixed(target, id)) {
		(void)pt_error_set(&err->error, -EOPNOTSUPP,
				   "'%s' does not leave while the guest runs", id);
		return NULL;
	}
	err->class = "DeviceNotFound";
	(void)pt_error_set(&err->error, -ENODEV, "Device '%s' not found", id);
	return NULL;
}

static int add_iommufd(struct qmp_session *session, const json_t *arguments, struct pt_error *err)
{
	const struct target *target = session->target;
	int fd;
	int r = named_fd(session, arguments, "fd", &fd, err);

	if (!r)
		r = target->ops->iommufd_add(target->ctx, text_of(arguments, "id"), fd, err);
	if (r)
		drop_fd(fd);
	return r;
}

/* The guest's random numbers are the host's, which are the same by each of the two names. */
static int add_rng(struct qmp_session *session, const json_t *arguments, struct pt_error *err)
{
	const char *id = text_of(arguments, "id"), *file = text_of(arguments, "filename");
	struct backend backend = {.kind = BACKEND_RNG};

	if (file && strcmp(file, "/dev/urandom") != 0 && strcmp(file, "/dev/random") != 0)
		return pt_error_set(err, -EINVAL,
				    "Property 'filename' doesn't take value '%s': /dev/urandom is "
				    "to be had",
				    file);
	if (strlen(id) >= sizeof(backend.name))
		return pt_error_set(err, -EINVAL, "Parameter 'id' is too long");
	memcpy(backend.name, id, strlen(id) + 1);
	return backends_add(session->target->backends, &backend, err);
}

/* @property: besides "qom-type" and "id" */
static const struct object {
	const char *type;
	const char *property;
	int (*add)(struct qmp_session *session, const json_t *arguments, struct pt_error *err);
} objects[] = {
	{"iommufd", "fd", add_iommufd},
	{"rng-random", "filename", add_rng},
	{"rng-builtin", NULL, add_rng},
};

static const struct object *object_find(const char *type, struct pt_error *err)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (strcmp(objects[i].type, type) == 0)
			return &objects[i];
	}
	(void)pt_error_set(err, -EINVAL,
			   "'%s' is not an object that a guest can be given; iommufd, rng-random "
			   "and rng-builtin are",
			   type);
	return NULL;
}

json_t *qmp_object_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct object *object = object_find(text_of(arguments, "qom-type"), &err->error);
	const char *key;
	json_t *value;

	if (!object)
		return NULL;
	json_object_foreach(arguments, key, value)
	{
		bool own = object->property && strcmp(key, object->property) == 0;

		if (strcmp(key, "qom-type") == 0 || strcmp(key, "id") == 0 ||
		    (own && json_is_string(value)))
			continue;
		(void)pt_error_set(&err->error, -EINVAL, "Property '%s.%s' not found", object->type,
				   key);
		return NULL;
	}
	(void)object->add(session, arguments, &err->error);
	return NULL;
}

static void delete_rng(const struct target *target, struct backend *rng, struct pt_error *err)
{
	if (qmp_backend_in_use(target, rng))
		(void)pt_error_set(err, -EBUSY, "object '%s' is in use, can not be deleted",
				   rng->name);
	else
		backend_close(rng);
}

/* Answered when nothing of it is open any more. */
json_t *qmp_object_del(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;
	struct backend *rng =
		backends_find(target->backends, BACKEND_RNG, text_of(arguments, "id"));
	struct qmp_wait *wait;

	if (rng) {
		delete_rng(target, rng, &err->error);
		return NULL;
	}
	wait = qmp_session_wait(session);
	if (!wait)
		(void)pt_error_set(&err->error, -ENOMEM, "Out of memory");
	else if (target->ops->iommufd_del(target->ctx, text_of(arguments, "id"), qmp_session_answer,
					  wait, &err->error) < 0)
		qmp_session_wait_no_more(wait);
	return NULL;
}
