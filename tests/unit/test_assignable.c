/* SPDX-License-Identifier: MIT */
/* pt_host_assignable(): the first thing that is in the way, and what to type. */
#include "check.h"

static int assignable(struct model *model, const char *bdf, struct pt_error *err)
{
	struct pt_host_device device;

	check_ok(pt_host_read(model_sys(model), bdf, &device, err), *err);
	return pt_host_assignable(model_sys(model), &device, NULL, err);
}

struct pair {
	struct model *model;
	struct pt_error err;
};

/* The function, on @driver, and a sibling of its group on @sibling_driver. */
static struct pair host(const char *driver, const char *sibling_driver)
{
	struct pair pair = {.model = model_new()};
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct model_pci sibling = model_nvme("0000:02:00.1", 26);

	pci.driver = driver;
	sibling.driver = sibling_driver;
	model_add(pair.model, &pci);
	model_add(pair.model, &sibling);
	return pair;
}

static void done(struct pair *pair)
{
	check_clean(pair->model);
	model_free(pair->model);
}

Test(assignable, bound_to_vfio_pci_with_harmless_siblings)
{
	static const char *const harmless[] = {NULL, "vfio-pci", "pcieport", "pci-stub"};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		struct pair pair = host("vfio-pci", harmless[i]);

		check_ok(assignable(pair.model, "0000:02:00.0", &pair.err), pair.err);
		done(&pair);
	}
}

Test(assignable, no_driver)
{
	struct pair pair = host(NULL, NULL);

	check_error(assignable(pair.model, "0000:02:00.0", &pair.err), -ENODEV, pair.err,
		    "0000:02:00.0");
	check_error(assignable(pair.model, "0000:02:00.0", &pair.err), -ENODEV, pair.err, "driver");
	check_remedy(pair.err, "vfio-pci");
	check_remedy(pair.err, "/sys/bus/pci/devices/0000:02:00.0/driver_override");
	done(&pair);
}

Test(assignable, a_host_driver)
{
	struct pair pair = host("nvme", NULL);

	check_error(assignable(pair.model, "0000:02:00.0", &pair.err), -EBUSY, pair.err,
		    "0000:02:00.0");
	check_error(assignable(pair.model, "0000:02:00.0", &pair.err), -EBUSY, pair.err, "nvme");
	check_remedy(pair.err, "driver/unbind");
	check_remedy(pair.err, "vfio-pci");
	done(&pair);
}

Test(assignable, a_sibling_on_a_host_driver)
{
	struct pair pair = host("vfio-pci", "e1000e");

	check_error(assignable(pair.model, "0000:02:00.0", &pair.err), -EBUSY, pair.err,
		    "0000:02:00.0");
	cr_assert(strstr(pair.err.message, "0000:02:00.1"), "%s", pair.err.message);
	cr_assert(strstr(pair.err.message, "e1000e"), "%s", pair.err.message);
	cr_assert(strstr(pair.err.message, "26"), "the group: %s", pair.err.message);
	check_remedy(pair.err, "0000:02:00.1");
	done(&pair);
}

Test(assignable, no_iommu)
{
	struct pair pair = {.model = model_new()};
	struct model_pci pci = model_nvme("0000:02:00.0", -1);

	model_add(pair.model, &pci);
	check_error(assignable(pair.model, "0000:02:00.0", &pair.err), -ENODEV, pair.err, "IOMMU");
	check_remedy(pair.err, "iommu");
	done(&pair);
}

/* Every Debian kernel is like that: VFIO is there, its device cdevs are not. */
Test(assignable, a_kernel_without_cdevs)
{
	struct pair pair = {.model = model_new()};
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	model_host(pair.model)->no_cdev = true;
	model_add(pair.model, &pci);
	check_error(assignable(pair.model, "0000:02:00.0", &pair.err), -ENOENT, pair.err,
		    "0000:02:00.0");
	check_remedy(pair.err, "CONFIG_VFIO_DEVICE_CDEV");
	done(&pair);
}

Test(assignable, a_variant_driver_is_a_vfio_driver)
{
	struct pair pair = host("vfio-pci", NULL);

	/* mlx5_vfio_pci has a vfio-dev directory as vfio-pci has. */
	model_put_link(pair.model, "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/driver",
		       "../../../../bus/pci/drivers/mlx5_vfio_pci");
	check_ok(assignable(pair.model, "0000:02:00.0", &pair.err), pair.err);
	done(&pair);
}

Test(assignable, a_bridge)
{
	struct pair pair = {.model = model_new()};
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	model_config_init(&pci, 0x8086, 0xa0b0, 0x060400);
	model_add(pair.model, &pci);
	check_error(assignable(pair.model, "0000:02:00.0", &pair.err), -ENODEV, pair.err, "bridge");
	done(&pair);
}
