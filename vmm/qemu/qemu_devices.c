/* SPDX-License-Identifier: MIT */
/*
 * What the command line says of devices. What is behind a device (an image, a tap device) has an option of its own,
 * which comes first and is kept until the device names it.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/disk_device.h"
#include "config/guest_setting.h"
#include "config/net_device.h"
#include "config/passthrough_device.h"
#include "config/rng_device.h"
#include "qemu/qemu_layout.h"
#include "qemu/qemu_machines.h"
#include "qemu/qemu_setters.h"

static int set(struct qemu_item *item, const char *name, const char *text, struct pt_error *err)
{
	return setting_set(setting_find(&item->kind->settings, name), item->object, text, NULL,
			   err);
}

int qemu_keep(struct qemu_guest *guest, struct qemu_item *item, const char *text,
	      struct pt_error *err)
{
	struct qemu_backend *backend = &guest->backends[guest->backend_count];
	const char *option = item->row->option;
	const char *key = strcmp(option, "blockdev") == 0 ? "node-name" : "id";
	const char *id = qemu_value_get(&item->value, key);
	int ret = 0;

	if (!id)
		return pt_error_set(err, -EINVAL, "%s= is missing", key);
	if (strncmp(text, "memory-backend-", strlen("memory-backend-")) == 0)
		ret = qemu_check_memory(guest, &item->value, err);
	if (ret < 0)
		return ret;
	if (qemu_guest_backend(guest, option, id))
		return pt_error_set(err, -EEXIST, "there is one of the %s %s already", key, id);
	if (guest->backend_count == QEMU_BACKENDS_MAX)
		return pt_error_set(err, -E2BIG, "more than %d of them", QEMU_BACKENDS_MAX);
	*backend = (struct qemu_backend){.option = option, .value = item->value};
	guest->backend_count++;
	item->value.count = 0;
	return 0;
}

int qemu_set_bus(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		 struct pt_error *err)
{
	(void)guest, (void)err;
	item->place.bus = text;
	return 0;
}

int qemu_set_addr(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		  struct pt_error *err)
{
	(void)guest, (void)err;
	item->place.addr = text;
	return 0;
}

static int place(const struct qemu_guest *guest, struct qemu_item *item, struct pt_error *err)
{
	char slot[QEMU_SLOT_SIZE];
	int ret = qemu_layout_slot(guest, &item->place, slot, err);

	return ret < 0 || !*slot ? ret : set(item, "slot", slot, err);
}

/* The setting that is the kind's own tells what the device is. */
static bool is_whole(const struct qemu_item *item)
{
	if (item->kind == &passthrough_kind)
		return ((struct vm_config_device *)item->object)->name;
	if (item->kind == &disk_kind)
		return ((struct vm_config_disk *)item->object)->path;
	if (item->kind == &net_kind)
		return ((struct vm_config_net *)item->object)->tap;
	return true;
}

int qemu_add(struct qemu_guest *guest, struct qemu_item *item, const char *text,
	     struct pt_error *err)
{
	int ret;

	(void)text;
	if (!is_whole(item))
		return pt_error_set(err, -EINVAL, "it is not said which %s", item->kind->noun);
	ret = place(guest, item, err);
	return ret < 0 ? ret : item->kind->add(&guest->config, item->object, err);
}

int qemu_add_port(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		  struct pt_error *err)
{
	(void)text;
	return qemu_layout_port(guest, qemu_value_get(&item->value, "id"), item->place.addr,
				qemu_value_get(&item->value, "chassis"), err);
}

int qemu_set_fd(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		struct pt_error *err)
{
	char name[VM_FD_SIZE];

	(void)guest;
	(void)snprintf(name, sizeof(name), "fd=%s", text);
	return set(item, "passthrough", name, err);
}

int qemu_set_space_fd(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		      struct pt_error *err)
{
	char name[VM_FD_SIZE];

	(void)item;
	(void)snprintf(name, sizeof(name), "fd=%s", text);
	if (guest->config.iommufd && strcmp(guest->config.iommufd, name) != 0)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EEXIST, "devices share one address space, %s",
				     guest->config.iommufd),
			"in the domain's XML: <iommufd enabled='yes'/> for all of them");
	return setting_set(setting_find(&guest_settings, "iommufd"), &guest->config, name, NULL,
			   err);
}

/* By that name it will be spoken of by the control socket. */
static int name_backend(struct qemu_guest *guest, const struct qemu_item *item,
			enum vm_backend kind, const char *name, struct pt_error *err)
{
	const struct vm_config_backend backend = {
		.kind = kind,
		.name = (char *)name,
		.device = (char *)qemu_value_get(&item->value, "id"),
	};

	return vm_config_add_backend(&guest->config, &backend, err);
}

static bool has_iommufd(const struct vm_config *config, const char *name)
{
	for (size_t i = 0; i < config->backend_count; i++) {
		if (config->backends[i].kind == VM_BACKEND_IOMMUFD &&
		    strcmp(config->backends[i].name, name) == 0)
			return true;
	}
	return false;
}

/* One for all devices. */
int qemu_set_iommufd(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		     struct pt_error *err)
{
	int ret = 0;

	if (!qemu_guest_backend(guest, "object", text))
		return pt_error_set(err, -EINVAL, "there is no -object of this id");
	if (!has_iommufd(&guest->config, text))
		ret = name_backend(guest, item, VM_BACKEND_IOMMUFD, text, err);
	return ret < 0 ? ret
		       : setting_set(setting_find(&guest_settings, "backend"), &guest->config,
				     "cdev", NULL, err);
}

int qemu_set_rombar(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		    struct pt_error *err)
{
	(void)guest;
	if (strcmp(text, "0") == 0 || strcmp(text, "off") == 0)
		return set(item, "rom", "off", err);
	return 0;
}

static bool is_on(const char *text)
{
	return text && (strcmp(text, "on") == 0 || strcmp(text, "yes") == 0);
}

/* Keys of a node, and what they may be. What is not here is not known. */
static const struct node_key {
	const char *key;
	const char *only; /* between '|'; NULL: any */
	const char *instead;
} node_keys[] = {
	{"driver", NULL, NULL},
	{"node-name", NULL, NULL},
	{"filename", NULL, NULL},
	{"file", NULL, NULL},
	{"read-only", NULL, NULL},
	{"auto-read-only", NULL, NULL}, /* the disk says whether it is written */
	{"cache.direct", NULL, NULL},
	{"cache.no-flush", "off", "<driver cache='none'/>, not 'unsafe'"},
	{"discard", "unmap|ignore", "<driver discard='unmap'/>"},
	{"detect-zeroes", "off|unmap|on", "<driver detect_zeroes='off'/>"},
	{"aio", "io_uring|threads|native",
	 "<driver io='io_uring'/>"}, /* it is io_uring's in any case */
	{"locking", "auto|on|off", "<disk>"},
};

static const struct node_key *node_key_find(const char *key)
{
	for (size_t i = 0; i < sizeof(node_keys) / sizeof(node_keys[0]); i++) {
		if (strcmp(node_keys[i].key, key) == 0)
			return &node_keys[i];
	}
	return NULL;
}

static bool is_listed(const char *only, const char *text)
{
	const char *found = strstr(only, text);
	size_t size = strlen(text);

	return found && (found == only || found[-1] == '|') && (!found[size] || found[size] == '|');
}

static int check_node(const struct qemu_value *node, struct pt_error *err)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct qemu_pair *pair = &node->pairs[i];
		const struct node_key *known = node_key_find(pair->key);

		if (!known)
			return pt_error_remedy(
				err,
				pt_error_set(err, -EOPNOTSUPP,
					     "%s=%s of -blockdev is not known here", pair->key,
					     pair->value),
				"in the domain's XML: a <disk> with <driver name='qemu' type='raw'/> "
				"and nothing else");
		if (known->only && !is_listed(known->only, pair->value))
			return pt_error_remedy(err,
					       pt_error_set(err, -EOPNOTSUPP,
							    "%s=%s of -blockdev is not to be had",
							    pair->key, pair->value),
					       "in the domain's XML: %s", known->instead);
	}
	return 0;
}

/* @format is @file where a disk names its file. What is on top is what the disk has. */
static int name_nodes(struct qemu_guest *guest, const struct qemu_item *item,
		      const struct qemu_value *format, const struct qemu_value *file,
		      struct pt_error *err)
{
	char *device = (char *)qemu_value_get(&item->value, "id");
	char *file_name = (char *)qemu_value_get(file, "node-name");
	const struct vm_config_backend below = {
		.kind = VM_BACKEND_FILE,
		.name = file_name,
		.device = format == file ? device : NULL,
		.path = (char *)qemu_value_get(file, "filename"),
		.readonly = is_on(qemu_value_get(format, "read-only")),
		.direct = is_on(qemu_value_get(file, "cache.direct")),
	};
	const struct vm_config_backend top = {
		.kind = VM_BACKEND_FORMAT,
		.name = (char *)qemu_value_get(format, "node-name"),
		.device = device,
		.below = file_name,
		.readonly = below.readonly,
		.direct = below.direct,
	};
	int ret = vm_config_add_backend(&guest->config, &below, err);

	if (ret == 0 && format != file)
		ret = vm_config_add_backend(&guest->config, &top, err);
	return ret;
}

/* A disk names its format's node, that its storage's. */
int qemu_set_drive(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		   struct pt_error *err)
{
	const struct qemu_value *node = qemu_guest_backend(guest, "blockdev", text);
	const struct qemu_value *format = node;
	const char *storage = node ? qemu_value_get(node, "file") : NULL;
	const char *path;
	int ret;

	if (storage)
		node = qemu_guest_backend(guest, "blockdev", storage);
	if (!node)
		return pt_error_set(err, -EINVAL, "there is no -blockdev of this name");
	ret = check_node(format, err);
	if (ret == 0)
		ret = check_node(node, err);
	if (ret < 0)
		return ret;
	path = qemu_value_get(node, "filename");
	if (!path)
		return pt_error_set(err, -EINVAL, "the -blockdev has no file");
	ret = set(item, "disk", path, err);
	if (ret == 0 && is_on(qemu_value_get(format, "read-only")))
		ret = set(item, "readonly", "yes", err);
	if (ret == 0 && is_on(qemu_value_get(node, "cache.direct")))
		ret = set(item, "direct", "yes", err);
	return ret < 0 ? ret : name_nodes(guest, item, format, node, err);
}

/* "23:24", descriptors that this process was started with. Return: how many, or -EINVAL. */
static int parse_fds(const char *text, int fds[VM_NET_QUEUES_MAX])
{
	int count = 0;

	for (;;) {
		char *end;
		long fd = strtol(text, &end, 10);

		if (end == text || fd <= 2 || fd > INT_MAX || count == VM_NET_QUEUES_MAX)
			return -EINVAL;
		fds[count++] = (int)fd;
		if (!*end)
			return count;
		if (*end != ':')
			return -EINVAL;
		text = end + 1;
	}
}

/* One is "fd", several are "fds". */
static const char *either(const struct qemu_value *value, const char *one, const char *several)
{
	const char *text = qemu_value_get(value, one);

	return text ? text : qemu_value_get(value, several);
}

/* A tap device that is opened by its name. */
static int set_tap(struct qemu_item *item, const struct qemu_value *netdev, const char *name,
		   struct pt_error *err)
{
	const char *vhost = qemu_value_get(netdev, "vhost");
	const char *queues = qemu_value_get(netdev, "queues");
	int ret = set(item, "net", name, err);

	if (ret == 0 && vhost)
		ret = set(item, "vhost", strcmp(vhost, "off") == 0 ? "off" : "auto", err);
	return ret < 0 || !queues ? ret : set(item, "queues", queues, err);
}

/* What the kernel's vhost-net has opened for libvirt is used, and else there is none: this process could not open it. */
static int set_tap_fds(struct qemu_item *item, const struct qemu_value *netdev,
		       struct pt_error *err)
{
	const char *fds = either(netdev, "fd", "fds");
	const char *vhost_fds = either(netdev, "vhostfd", "vhostfds");
	struct vm_config_net *net = item->object;
	char tap[32];
	int count = fds ? parse_fds(fds, net->fds) : 0, ret;

	if (!fds)
		return pt_error_set(err, -EINVAL,
				    "the -netdev of this id has no fd= and no ifname=");
	if (count < 0 || (vhost_fds && parse_fds(vhost_fds, net->vhost_fds) != count))
		return pt_error_set(
			err, -EINVAL,
			"the -netdev's descriptors are not numbers, one for each queue");
	(void)snprintf(tap, sizeof(tap), "fd:%d", net->fds[0]);
	ret = set(item, "net", tap, err);
	net->queues = (unsigned)count;
	return ret < 0 ? ret : set(item, "vhost", vhost_fds ? "on" : "off", err);
}

int qemu_set_netdev(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		    struct pt_error *err)
{
	const struct qemu_value *netdev = qemu_guest_backend(guest, "netdev", text);
	const char *name = netdev ? qemu_value_get(netdev, "ifname") : NULL;
	int ret;

	if (!netdev)
		return pt_error_set(err, -EINVAL, "there is no -netdev of this id");
	ret = name ? set_tap(item, netdev, name, err) : set_tap_fds(item, netdev, err);
	return ret < 0 ? ret : name_backend(guest, item, VM_BACKEND_TAP, text, err);
}

int qemu_set_vsock_fd(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		      struct pt_error *err)
{
	int fds[VM_NET_QUEUES_MAX];

	(void)guest;
	if (parse_fds(text, fds) != 1)
		return pt_error_set(err, -EINVAL, "\"%s\" is not a descriptor", text);
	((struct vm_config_vsock *)item->object)->fd = fds[0];
	return 0;
}

int qemu_set_rng(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		 struct pt_error *err)
{
	int ret;

	if (!qemu_guest_backend(guest, "object", text))
		return pt_error_set(err, -EINVAL, "there is no -object of this id");
	ret = set(item, "rng", "host", err);
	return ret < 0 ? ret : name_backend(guest, item, VM_BACKEND_RNG, text, err);
}
