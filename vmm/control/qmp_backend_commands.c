/* SPDX-License-Identifier: MIT */
#include "control/qmp_backend_commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/backends.h"
#include "control/qmp_session.h"

#define FDSET_PREFIX "/dev/fdset/"

static const char *text_of(const json_t *arguments, const char *key)
{
	const char *text = json_string_value(json_object_get(arguments, key));

	return text ? text : "";
}

/* Into a field of a backend. */
static int take_text(char *field, size_t size, const json_t *arguments, const char *key,
		     struct pt_error *err)
{
	const char *text = text_of(arguments, key);

	if (strlen(text) >= size)
		return pt_error_set(err, -EINVAL, "Parameter '%s' is too long", key);
	memcpy(field, text, strlen(text) + 1);
	return 0;
}

bool qmp_backend_in_use(const struct target *target, const struct backend *backend)
{
	struct target_device device = {0};

	for (unsigned i = 0; backend->device[0] && i < target->ops->devices(target->ctx); i++) {
		target->ops->device(target->ctx, i, &device);
		if (strcmp(device.id, backend->device) == 0)
			return true;
	}
	return false;
}

/* A path "/dev/fdset/N" is a descriptor of that set; another one must be there. */
static int open_file(const struct qmp_session *session, struct backend *backend,
		     struct pt_error *err)
{
	const char *set = backend->path + strlen(FDSET_PREFIX);
	int flags = backend->readonly ? O_RDONLY : O_RDWR;
	long number;
	char *end;
	int fd;

	if (strncmp(backend->path, FDSET_PREFIX, strlen(FDSET_PREFIX)) != 0) {
		/* In the sandbox nobody can tell before the keeper opens it. */
		if (access(backend->path, F_OK) == 0 || errno == EACCES)
			return 0;
		return pt_error_set(err, -errno, "Could not open '%s': %m", backend->path);
	}
	number = strtol(set, &end, 10);
	if (!*set || *end)
		return pt_error_set(err, -EINVAL, "'%s' names no set", backend->path);
	fd = qmp_fds_find(&session->fds, number, flags, err);
	if (fd < 0)
		return fd;
	backend->fds[0] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return backend->fds[0] < 0 ? pt_error_set(err, -errno, "%s: %m", backend->path) : 0;
}

/* What is said for qcow2 and the like is not swallowed. */
static int check_driver(const json_t *arguments, struct pt_error *err)
{
	static const char *const known[] = {"file", "host_device", "raw"};
	const char *driver = text_of(arguments, "driver");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(driver, known[i]) == 0)
			return 0;
	}
	return pt_error_remedy(
		err, pt_error_set(err, -EINVAL, "Block driver '%s' is not to be had", driver),
		"file, host_device, and raw on one of these are");
}

static int describe_block(struct qmp_session *session, const json_t *arguments,
			  struct backend *backend, struct pt_error *err)
{
	const json_t *cache = json_object_get(arguments, "cache");
	struct backends *backends = session->target->backends;
	const char *driver = text_of(arguments, "driver");
	int r = check_driver(arguments, err);

	backend->kind = strcmp(driver, "raw") == 0 ? BACKEND_FORMAT : BACKEND_FILE;
	(void)snprintf(backend->type, sizeof(backend->type), "%s", driver);
	backend->readonly = json_is_true(json_object_get(arguments, "read-only"));
	backend->direct = json_is_true(json_object_get(cache, "direct"));
	if (!r)
		r = take_text(backend->name, sizeof(backend->name), arguments, "node-name", err);
	if (!r)
		r = take_text(backend->path, sizeof(backend->path), arguments, "filename", err);
	if (!r)
		r = take_text(backend->below, sizeof(backend->below), arguments, "file", err);
	if (r)
		return r;
	if (backend->kind == BACKEND_FILE)
		return open_file(session, backend, err);
	if (!backends_find(backends, BACKEND_FILE, backend->below))
		return pt_error_set(err, -ENOENT, "Cannot find device='' nor node-name='%s'",
				    backend->below);
	return 0;
}

json_t *qmp_blockdev_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	struct backend backend = {0};

	if (describe_block(session, arguments, &backend, &err->error) ||
	    backends_add(session->target->backends, &backend, &err->error))
		backend_close(&backend);
	return NULL;
}

json_t *qmp_blockdev_del(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	struct backends *backends = session->target->backends;
	const char *name = text_of(arguments, "node-name");
	struct backend *backend = backends_find(backends, BACKEND_FILE, name);
	const struct backend *above = backend ? backends_above(backends, backend) : NULL;

	if (!backend)
		(void)pt_error_set(&err->error, -ENOENT, "Failed to find node with node-name='%s'",
				   name);
	else if (above)
		(void)pt_error_set(&err->error, -EBUSY, "Node '%s' is busy: node '%s' is on it",
				   name, above->name);
	else if (qmp_backend_in_use(session->target, backend))
		(void)pt_error_set(&err->error, -EBUSY, "Node %s is in use", name);
	else
		backend_close(backend);
	return NULL;
}

/* "a:b:c", names that getfd gave: one descriptor for each pair of queues. */
static int take_fds(struct qmp_session *session, const char *names, int *fds, unsigned *ret_count,
		    struct pt_error *err)
{
	unsigned count = 0;

	while (*names) {
		char name[BACKEND_NAME_SIZE];
		size_t length = strcspn(names, ":");
		int r;

		if (count == PLAN_NET_PAIRS_MAX)
			return pt_error_set(err, -E2BIG, "There are more than %d file descriptors",
					    PLAN_NET_PAIRS_MAX);
		(void)snprintf(name, sizeof(name), "%.*s", (int)length, names);
		r = qmp_fds_take(&session->fds, name, &fds[count], err);
		if (r)
			return r;
		count++;
		names += length + (names[length] == ':');
	}
	*ret_count = count;
	return 0;
}

/* One name, or several, under a key of their own. */
static const char *one_or_several(const json_t *arguments, const char *one, const char *several)
{
	const char *text = text_of(arguments, one);

	return *text ? text : text_of(arguments, several);
}

static int check_net(const json_t *arguments, struct pt_error *err)
{
	const char *type = text_of(arguments, "type");
	const char *scripts[] = {"script", "downscript"};

	if (strcmp(type, "tap") != 0)
		return pt_error_set(err, -EINVAL,
				    "Parameter 'type' does not accept value '%s': tap is to be had",
				    type);
	for (size_t i = 0; i < 2; i++) {
		const char *script = text_of(arguments, scripts[i]);

		if (*script && strcmp(script, "no") != 0)
			return pt_error_set(err, -EINVAL,
					    "Parameter '%s' does not accept value '%s': no program "
					    "is run",
					    scripts[i], script);
	}
	return 0;
}

static int describe_net(struct qmp_session *session, const json_t *arguments,
			struct backend *backend, struct pt_error *err)
{
	const json_t *vhost = json_object_get(arguments, "vhost");
	json_int_t queues = json_integer_value(json_object_get(arguments, "queues"));
	unsigned vhosts = 0;
	int r = check_net(arguments, err);

	backend->kind = BACKEND_TAP;
	(void)snprintf(backend->type, sizeof(backend->type), "tap");
	backend->vhost = json_is_true(vhost) ? PLAN_VHOST_ON : PLAN_VHOST_OFF;
	if (!r)
		r = take_text(backend->name, sizeof(backend->name), arguments, "id", err);
	if (!r)
		r = take_text(backend->path, PT_NAME_SIZE, arguments, "ifname", err);
	if (!r)
		r = take_fds(session, one_or_several(arguments, "fd", "fds"), backend->fds,
			     &backend->pairs, err);
	if (!r)
		r = take_fds(session, one_or_several(arguments, "vhostfd", "vhostfds"),
			     backend->vhost_fds, &vhosts, err);
	if (r)
		return r;
	if (vhosts && vhosts != backend->pairs)
		return pt_error_set(err, -EINVAL, "There are %u file descriptors and %u for vhost",
				    backend->pairs, vhosts);
	if (!backend->pairs && !backend->path[0])
		return pt_error_set(err, -EINVAL, "Parameter 'fd' or 'ifname' is missing");
	if (queues < 0 || queues > PLAN_NET_PAIRS_MAX)
		return pt_error_set(err, -EINVAL,
				    "Parameter 'queues' expects a number from 1 to %d",
				    PLAN_NET_PAIRS_MAX);
	if (!backend->pairs)
		backend->pairs = queues ? (unsigned)queues : 1;
	return 0;
}

json_t *qmp_netdev_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	struct backend backend = {0};

	if (describe_net(session, arguments, &backend, &err->error) ||
	    backends_add(session->target->backends, &backend, &err->error))
		backend_close(&backend);
	return NULL;
}

json_t *qmp_netdev_del(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const char *id = text_of(arguments, "id");
	struct backend *backend = backends_find(session->target->backends, BACKEND_TAP, id);

	if (!backend) {
		err->class = "DeviceNotFound";
		(void)pt_error_set(&err->error, -ENOENT, "Device '%s' not found", id);
	} else if (qmp_backend_in_use(session->target, backend)) {
		(void)pt_error_set(&err->error, -EBUSY, "Device '%s' is in use", id);
	} else {
		backend_close(backend);
	}
	return NULL;
}

/* The name of the node that a disk is on: the one it was given, or one of its own. */
static const char *node_of(const struct target *target, const char *disk)
{
	const struct backend *backend = backends_of(target->backends, disk);

	return backend ? backend->name : disk;
}

static json_t *node_row(const struct target_disk *disk, const char *node)
{
	json_t *row = json_pack(
		"{s:s, s:s, s:b, s:s, s:i, s:b, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "file",
		disk->path, "node-name", node, "ro", disk->readonly, "drv", "raw",
		"backing_file_depth", 0, "encrypted", 0, "detect_zeroes", "off", "bps", 0, "bps_rd",
		0, "bps_wr", 0, "iops", 0, "iops_rd", 0, "iops_wr", 0, "write_threshold", 0);

	if (!row)
		return NULL;
	(void)json_object_set_new(row, "image",
				  json_pack("{s:s, s:s, s:I}", "filename", disk->path, "format",
					    "raw", "virtual-size", (json_int_t)disk->size));
	(void)json_object_set_new(row, "cache",
				  json_pack("{s:b, s:b, s:b}", "writeback", 1, "direct",
					    disk->direct, "no-flush", 0));
	return row;
}

typedef json_t *disk_row_fn(const struct target *target, const struct target_device *device,
			    const struct target_disk *disk);

static json_t *each_disk(const struct target *target, disk_row_fn *row)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < target->ops->devices(target->ctx); i++) {
		struct target_device device = {0};
		struct target_disk disk;

		target->ops->device(target->ctx, i, &device);
		if (device.kind != TARGET_DISK || !device.present)
			continue;
		target->ops->disk(target->ctx, i, &disk);
		(void)json_array_append_new(list, row(target, &device, &disk));
	}
	return list;
}

static json_t *block_row(const struct target *target, const struct target_device *device,
			 const struct target_disk *disk)
{
	return json_pack("{s:s, s:o, s:s, s:b, s:b, s:o}", "device", "", "qdev",
			 json_sprintf("/machine/peripheral/%s/virtio-backend", device->id), "type",
			 "unknown", "removable", 0, "locked", 0, "inserted",
			 node_row(disk, node_of(target, device->id)));
}

json_t *qmp_query_block(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)arguments, (void)err;
	return each_disk(session->target, block_row);
}

static json_t *stats_row(const struct target *target, const struct target_device *device,
			 const struct target_disk *disk)
{
	json_t *stats = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I}", "rd_bytes", (json_int_t)disk->read_bytes,
		"wr_bytes", (json_int_t)disk->write_bytes, "rd_operations", (json_int_t)disk->reads,
		"wr_operations", (json_int_t)disk->writes, "flush_operations",
		(json_int_t)disk->flushes, "unmap_operations", (json_int_t)disk->discards);

	return json_pack("{s:s, s:o, s:s, s:o}", "device", "", "qdev",
			 json_sprintf("/machine/peripheral/%s/virtio-backend", device->id),
			 "node-name", node_of(target, device->id), "stats", stats);
}

json_t *qmp_query_blockstats(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)arguments, (void)err;
	return each_disk(session->target, stats_row);
}

static json_t *disk_node_row(const struct target *target, const struct target_device *device,
			     const struct target_disk *disk)
{
	return node_row(disk, node_of(target, device->id));
}

/* Those of disks, and those that wait for one. */
json_t *qmp_query_block_nodes(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct backends *backends = session->target->backends;
	json_t *list = each_disk(session->target, disk_node_row);

	(void)arguments, (void)err;
	for (unsigned i = 0; i < BACKENDS_MAX; i++) {
		const struct backend *backend = &backends->list[i];
		struct target_disk disk = {.path = backend->path,
					   .readonly = backend->readonly,
					   .direct = backend->direct};

		if ((backend->kind == BACKEND_FILE || backend->kind == BACKEND_FORMAT) &&
		    !qmp_backend_in_use(session->target, backend))
			(void)json_array_append_new(list, node_row(&disk, backend->name));
	}
	return list;
}
