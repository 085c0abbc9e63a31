/* SPDX-License-Identifier: MIT */
/* What people call a device: an address, a UUID, a path of either, or a node. */
#include <ctype.h>
#include <stdlib.h>

#include "sysfs.h"
#include "uuid.h"

#define NAME_FORMS                                                                               \
	"give a PCI address such as 0000:02:00.0, the UUID of a mediated device, the directory " \
	"of either in sysfs, or a " PT_VFIO_NODES "vfioN node"

static bool parse_hex(const char **text, unsigned long max, char stop, unsigned long *ret_value)
{
	char *end;

	/* strtoul() would take a "0x" too. */
	if (!isxdigit((unsigned char)**text) || (*text)[1] == 'x' || (*text)[1] == 'X')
		return false;
	*ret_value = strtoul(*text, &end, 16);
	if (*end != stop || *ret_value > max)
		return false;
	*text = stop ? end + 1 : end;
	return true;
}

PT_PUBLIC int pt_bdf_parse(const char *text, char *ret_bdf)
{
	unsigned long domain = 0, bus, slot, function;
	const char *first = strchr(text, ':');

	if (first && strchr(first + 1, ':') && !parse_hex(&text, 0xfffffff, ':', &domain))
		return -EINVAL;
	if (!parse_hex(&text, 0xff, ':', &bus) || !parse_hex(&text, 0x1f, '.', &slot) ||
	    !parse_hex(&text, 7, '\0', &function))
		return -EINVAL;
	(void)snprintf(ret_bdf, PT_NAME_SIZE, "%04lx:%02lx:%02lx.%lx", domain, bus, slot, function);
	return 0;
}

static int parse_name(const char *text, char *ret_name)
{
	if (pt_bdf_parse(text, ret_name) == 0)
		return 0;
	return pt_uuid_canonical(text, ret_name);
}

static int no_such(const char *name, struct pt_error *err)
{
	if (pt_is_mediated(name)) {
		pt_error_set(err, -ENODEV, "%s: no such mediated device on this host", name);
		return pt_error_remedy(
			err, -ENODEV,
			"`ls " PT_SYSFS_MDEV
			"` lists those there are; to make it, as root: echo %s > "
			"/sys/class/mdev_bus/PARENT/mdev_supported_types/TYPE/create",
			name);
	}
	pt_error_set(err, -ENODEV, "%s: no such PCI device on this host", name);
	return pt_error_remedy(
		err, -ENODEV,
		"`ls /sys/bus/pci/devices` lists the addresses there are; `lspci -D` names them");
}

/* Looks whether the device is there. */
static int require_device(const struct pt_sys *sys, const char *name, struct pt_error *err)
{
	char path[PT_PATH_SIZE], real[PT_PATH_SIZE];
	int r;

	pt_sysfs_path(name, "", path);
	r = sys->realpath(sys->ctx, path, real, sizeof(real));
	if (r == -ENOENT)
		return no_such(name, err);
	return r < 0 ? pt_error_set(err, r, "%s: %s", path, strerror(-r)) : 0;
}

static int resolve_node(const struct pt_sys *sys, const char *name, char *ret_name,
			struct pt_error *err)
{
	char link[PT_PATH_SIZE], real[PT_PATH_SIZE];
	const char *node = name + strlen(PT_VFIO_NODES);
	char *cut;
	int r;

	if (strchr(node, '/') || strlen(node) >= PT_NODE_SIZE)
		return pt_error_set(err, -EINVAL, "%s: not a VFIO device node", name);
	(void)snprintf(link, sizeof(link), "/sys/class/vfio-dev/%s", node);
	r = sys->realpath(sys->ctx, link, real, sizeof(real));
	if (r == -ENOENT) {
		pt_error_set(err, -ENODEV, "%s: no such VFIO device", name);
		return pt_error_remedy(err, -ENODEV,
				       "`ls " PT_VFIO_NODES
				       "` lists those there are; name the device by its PCI "
				       "address, since node numbers change");
	}
	if (r < 0)
		return pt_error_set(err, r, "%s: %s: %s", name, link, strerror(-r));
	/* .../0000:02:00.0/vfio-dev/vfio3 */
	for (int i = 0; i < 2; i++) {
		cut = strrchr(real, '/');
		if (cut)
			*cut = '\0';
	}
	if (parse_name(pt_last_part(real), ret_name) < 0)
		return pt_error_set(err, -ENOTTY,
				    "%s: is neither a PCI device nor a mediated one (%s)", name,
				    real);
	return 0;
}

static int resolve_path(const struct pt_sys *sys, const char *name, char *ret_name,
			struct pt_error *err)
{
	char real[PT_PATH_SIZE];
	int r = sys->realpath(sys->ctx, name, real, sizeof(real));

	if (r == -ENOENT) {
		pt_error_set(err, -ENODEV, "%s: does not exist", name);
		return pt_error_remedy(err, -ENODEV,
				       "name a device by its PCI address, such as 0000:02:00.0");
	}
	if (r < 0)
		return pt_error_set(err, r, "%s: %s", name, strerror(-r));
	if (parse_name(pt_last_part(real), ret_name) < 0)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "%s: is not a device to assign", name),
			NAME_FORMS);
	return require_device(sys, ret_name, err);
}

PT_PUBLIC int pt_host_resolve(const struct pt_sys *sys, const char *name, char *ret_name,
			      struct pt_error *err)
{
	char found[PT_NAME_SIZE];
	int r;

	if (!strncmp(name, PT_VFIO_NODES, strlen(PT_VFIO_NODES)))
		r = resolve_node(sys, name, found, err);
	else if (name[0] == '/')
		r = resolve_path(sys, name, found, err);
	else if (parse_name(name, found) == 0)
		r = require_device(sys, found, err);
	else
		return pt_error_remedy(err,
				       pt_error_set(err, -EINVAL, "\"%s\" is not a device", name),
				       NAME_FORMS);
	if (r == 0)
		memcpy(ret_name, found, sizeof(found));
	return r;
}
