/* SPDX-License-Identifier: MIT */
/* The capabilities of a function that is not opened, from sysfs. The bytes are the device's and are not trusted. */
#include <fcntl.h>

#include "caps.h"
#include "sysfs.h"

#define STANDARD_SIZE 0x100
#define EXPRESS_SIZE  0x1000

#define MSI_CONTROL(at)	 ((at) + 2u)
#define MSIX_CONTROL(at) ((at) + 2u)
#define MSIX_TABLE_SIZE	 0x07ffu
#define PCIE_DEVCAP(at)	 ((at) + 4u)
#define PCIE_DEVCAP_FLR	 0x10000000u
#define AF_CAPS(at)	 ((at) + 3u)
#define AF_FLR		 0x02u

static unsigned read_config(const struct pt_sys *sys, const char *name,
			    uint8_t config[EXPRESS_SIZE])
{
	char path[PT_PATH_SIZE];
	unsigned used = 0;
	int64_t n;
	int fd;

	pt_sysfs_path(name, "config", path);
	fd = sys->open(sys->ctx, path, O_RDONLY);
	if (fd < 0)
		return 0;
	do {
		n = sys->pread(sys->ctx, fd, config + used, EXPRESS_SIZE - used, used);
		if (n > 0)
			used += (unsigned)n;
	} while (n > 0 && used < EXPRESS_SIZE);
	pt_close_fd(sys, &fd);
	return used;
}

/* Every capability begins in a dword below 0x100; what it says of itself may lie behind, in the extended space. */
static void learn(const uint8_t *config, unsigned id, unsigned at, struct pt_host_caps *caps)
{
	switch (id) {
	case PT_CAP_MSI:
		caps->msi_vectors = 1u << (config[MSI_CONTROL(at)] >> 1 & 7);
		break;
	case PT_CAP_MSIX:
		caps->msix_vectors =
			(pt_load_le(config + MSIX_CONTROL(at), 2) & MSIX_TABLE_SIZE) + 1;
		break;
	case PT_CAP_PCIE:
		caps->flr |= !!(pt_load_le(config + PCIE_DEVCAP(at), 4) & PCIE_DEVCAP_FLR);
		break;
	case PT_CAP_AF:
		caps->flr |= !!(config[AF_CAPS(at)] & AF_FLR);
		break;
	default:
		break;
	}
}

static void add(const struct pt_cap *cap, int extended, struct pt_host_caps *caps)
{
	caps->caps[caps->count++] = (struct pt_host_cap){cap->id, cap->offset, extended};
}

PT_PUBLIC void pt_host_caps(const struct pt_sys *sys, const struct pt_host_device *device,
			    struct pt_host_caps *ret_caps)
{
	uint8_t config[EXPRESS_SIZE] = {0};
	struct pt_host_caps caps = {0};
	struct pt_cap found[PT_CAPS_MAX];
	unsigned count = 0;

	if (!device->mediated)
		caps.size = read_config(sys, device->name, config);
	if (caps.size >= STANDARD_SIZE && pt_config_answers(config))
		count = pt_caps_walk(config, caps.size, found);
	for (unsigned i = 0; i < count; i++) {
		add(&found[i], 0, &caps);
		learn(config, found[i].id, found[i].offset, &caps);
	}
	/* Of a dead device the extended list is empty as well. */
	count = pt_ext_caps_walk(config, caps.size, found);
	for (unsigned i = 0; i < count; i++)
		add(&found[i], 1, &caps);
	*ret_caps = caps;
}
