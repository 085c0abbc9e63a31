/* SPDX-License-Identifier: MIT */
/*
 * What the command line says of the guest as a whole, and of the process that is to run it.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/vfs.h>

#include "cleanup.h"
#include "config/guest_setting.h"
#include "qemu/qemu_layout.h"
#include "qemu/qemu_machines.h"
#include "qemu/qemu_setters.h"

static int keep_text(char **field, const char *text, struct pt_error *err)
{
	char *copy = strdup(text);

	if (!copy)
		return pt_error_set(err, -ENOMEM, "out of memory");
	free(*field);
	*field = copy;
	return 0;
}

static int set(struct qemu_guest *guest, const char *name, const char *text, struct pt_error *err)
{
	return setting_set(setting_find(&guest_settings, name), &guest->config, text, NULL, err);
}

int qemu_set_machine(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		     struct pt_error *err)
{
	const struct qemu_machine_type *type = qemu_machine_find(text);

	(void)item;
	if (strcmp(text, "none") == 0) {
		guest->machine = QEMU_MACHINE_NONE;
		return 0;
	}
	if (!type)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "there is no machine type \"%s\"", text),
			"in the domain's XML: <os><type machine='%s'>", qemu_machine_types[0].name);
	guest->machine = type->machine;
	return 0;
}

static int no_size(const char *text, struct pt_error *err)
{
	return pt_error_set(err, -EINVAL, "\"%s\" is not a size", text);
}

int qemu_set_memory(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		    struct pt_error *err)
{
	uint64_t bytes = qemu_bytes(text, UINT64_C(1) << 20);

	(void)item;
	if (!bytes)
		return no_size(text, err);
	guest->config.memory = bytes;
	return 0;
}

int qemu_set_prealloc(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		      struct pt_error *err)
{
	(void)item;
	(void)err;
	if ((strcmp(text, "on") == 0 || strcmp(text, "yes") == 0) &&
	    !guest->config.prefault_threads)
		guest->config.prefault_threads = 1;
	return 0;
}

static int set_page_size(struct qemu_guest *guest, uint64_t size, struct pt_error *err)
{
	switch (size) {
	case UINT64_C(2) << 20:
		return set(guest, "hugepages", "2M", err);
	case UINT64_C(1) << 30:
		return set(guest, "hugepages", "1G", err);
	default:
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "huge pages are of 2 MiB or of 1 GiB"),
			"in the domain's XML: <hugepages><page size='2048'/> or "
			"<page size='1048576'/>");
	}
}

int qemu_set_hugepage_size(struct qemu_guest *guest, struct qemu_item *item, const char *text,
			   struct pt_error *err)
{
	(void)item;
	return set_page_size(guest, qemu_bytes(text, 1), err);
}

/* Of the file system that a path is on, or would be. */
static int look_at(const char *path, struct statfs *ret_facts)
{
	CLEANUP_FREE char *at = strdup(path);
	char *slash;

	if (!at)
		return -ENOMEM;
	while (statfs(at, ret_facts) < 0) {
		slash = strrchr(at, '/');
		if (errno != ENOENT || !slash)
			return -errno;
		/* "/name" is in "/". */
		slash[slash == at && slash[1]] = '\0';
	}
	return 0;
}

/* A folder on hugetlbfs says how large pages are, which then are of the same pool; any other would have the memory on a disk. */
int qemu_set_mem_path(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		      struct pt_error *err)
{
	struct statfs facts;
	int ret = look_at(text, &facts);

	(void)item;
	if (ret < 0)
		return pt_error_set(err, ret, "%s", strerror(-ret));
	if ((unsigned long)facts.f_type == HUGETLBFS_MAGIC)
		return set_page_size(guest, (uint64_t)facts.f_bsize, err);
	return pt_error_remedy(err, pt_error_set(err, -EOPNOTSUPP, "guest memory is a memfd"),
			       "in the domain's XML: <memoryBacking><source type='memfd'/>"
			       "</memoryBacking>");
}

int qemu_set_host_nodes(struct qemu_guest *guest, struct qemu_item *item, const char *text,
			struct pt_error *err)
{
	const char *id = qemu_value_get(&item->value, "id");

	/* That of a node of the guest's is looked at with the node. */
	if (!id || strcmp(id, QEMU_RAM_ID) != 0)
		return 0;
	if (strspn(text, "0123456789") != strlen(text))
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL, "guest memory is of one node of the host's"),
			"in the domain's XML: <numatune><memory mode='strict' nodeset='N'/>, of one "
			"node");
	return set(guest, "numa-node", text, err);
}

int qemu_set_memory_backend(struct qemu_guest *guest, struct qemu_item *item, const char *text,
			    struct pt_error *err)
{
	(void)guest;
	(void)item;
	/* The object that has it comes later on the command line. */
	if (strcmp(text, QEMU_RAM_ID) == 0)
		return 0;
	return pt_error_set(err, -EINVAL, "the guest's memory is called " QEMU_RAM_ID);
}

int qemu_check_memory(const struct qemu_guest *guest, const struct qemu_value *value,
		      struct pt_error *err)
{
	const char *size = qemu_value_get(value, "size"), *id = qemu_value_get(value, "id");
	uint64_t bytes = size ? qemu_bytes(size, 1) : 0;

	if (!bytes)
		return no_size(size ? size : "", err);
	if (bytes == guest->config.memory || !id || strcmp(id, QEMU_RAM_ID) != 0)
		return 0;
	return pt_error_remedy(err,
			       pt_error_set(err, -EINVAL,
					    "%" PRIu64 " bytes, and the guest has %" PRIu64, bytes,
					    guest->config.memory),
			       "in the domain's XML: one <memory>, without <memory model=>");
}

int qemu_set_maxcpus(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		     struct pt_error *err)
{
	char *end;

	(void)item;
	if (strtoul(text, &end, 10) == guest->config.cpus && !*end)
		return 0;
	return pt_error_remedy(
		err,
		pt_error_set(err, -EINVAL,
			     "processors do not come and go, and "
			     "there are %u",
			     guest->config.cpus),
		"in the domain's XML: <vcpu>%u</vcpu>, without current=", guest->config.cpus);
}

/* "vmx=off" */
int qemu_set_cpu_feature(struct qemu_guest *guest, struct qemu_item *item, const char *text,
			 struct pt_error *err)
{
	/* "+name" and "-name" are older forms. */
	bool sign = *item->key == '+' || *item->key == '-';
	int feature = cpu_feature_find(item->key + sign);
	bool on = sign ? *item->key == '+' : strcmp(text, "on") == 0;

	if (feature < 0)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL,
				     "there is no feature of processors of this name"),
			"in the domain's XML: <cpu mode='host-passthrough'>, without <feature name='%s'/>",
			item->key + sign);
	guest->config.cpu_features[feature] = on ? 1 : -1;
	return 0;
}

int qemu_set_paused(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		    struct pt_error *err)
{
	(void)item, (void)text, (void)err;
	guest->config.paused = true;
	return 0;
}

int qemu_set_stays(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		   struct pt_error *err)
{
	(void)item, (void)text, (void)err;
	guest->config.stays = true;
	return 0;
}

int qemu_set_no_reboot(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		       struct pt_error *err)
{
	(void)item, (void)text;
	return set(guest, "on-reboot", "stop", err);
}

int qemu_set_daemonize(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		       struct pt_error *err)
{
	(void)item, (void)text, (void)err;
	guest->daemonize = true;
	return 0;
}

int qemu_set_pidfile(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		     struct pt_error *err)
{
	(void)item;
	return keep_text(&guest->pidfile, text, err);
}

/* "unix:PATH" */
int qemu_set_qmp(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		 struct pt_error *err)
{
	(void)item;
	if (strncmp(text, "unix:", 5) != 0)
		return pt_error_set(err, -EINVAL, "the monitor is a UNIX socket: unix:PATH");
	return keep_text(&guest->config.control, text + 5, err);
}

int qemu_set_monitor(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		     struct pt_error *err)
{
	const struct qemu_value *socket = qemu_guest_backend(guest, "chardev", text);
	const char *fd, *path;
	char control[32];

	(void)item;
	if (!socket)
		return pt_error_set(err, -EINVAL, "there is no -chardev of this id");
	if (guest->config.control)
		return pt_error_set(err, -EEXIST, "there is one monitor already");
	fd = qemu_value_get(socket, "fd");
	path = qemu_value_get(socket, "path");
	if (fd) {
		(void)snprintf(control, sizeof(control), "fd=%s", fd);
		return keep_text(&guest->config.control, control, err);
	}
	if (path)
		return keep_text(&guest->config.control, path, err);
	return pt_error_set(err, -EINVAL, "the -chardev is not a socket");
}
