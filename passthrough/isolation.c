/* SPDX-License-Identifier: MIT */
/* Whether this host remaps interrupts, without which a device could send any of them. */
#include "sysfs.h"

struct irq_walk {
	const struct pt_sys *sys;
	unsigned seen;
};

/* A chip behind the IOMMU's remapping hardware has a name that begins with "IR-". */
static int is_remapped(void *arg, const char *name)
{
	struct irq_walk *walk = arg;
	char path[PT_PATH_SIZE], chip[64];

	(void)snprintf(path, sizeof(path), PT_SYSFS_IRQS "/%s/chip_name", name);
	if (pt_read_file(walk->sys, path, chip, sizeof(chip)) <= 0)
		return 0;
	walk->seen++;
	return !strncmp(chip, "IR-", 3);
}

/* Return: whether there is evidence that this host's interrupts are not remapped. */
static bool interrupts_exposed(const struct pt_sys *sys)
{
	struct irq_walk walk = {.sys = sys};

	return sys->list(sys->ctx, PT_SYSFS_IRQS, is_remapped, &walk) == 0 && walk.seen > 0;
}

static const char *module_of(enum pt_backend_kind backend)
{
	return backend == PT_BACKEND_GROUP ? "vfio_iommu_type1" : "iommufd";
}

PT_PUBLIC enum pt_isolation pt_host_isolation(const struct pt_sys *sys,
					      enum pt_backend_kind backend, char *ret_parameter)
{
	char value[8];

	(void)snprintf(ret_parameter, PT_PATH_SIZE,
		       "/sys/module/%s/parameters/allow_unsafe_interrupts", module_of(backend));
	if (!interrupts_exposed(sys))
		return PT_ISOLATED;
	if (pt_read_file(sys, ret_parameter, value, sizeof(value)) > 0 && value[0] == 'Y')
		return PT_ISOLATION_WAIVED;
	return PT_NOT_ISOLATED;
}
