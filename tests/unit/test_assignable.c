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

Test(assignable, bridges)
{
	static const struct {
		uint32_t class_code;
		const char *what;
	} bridges[] = {
		{0x060400, "is a PCI bridge"},
		{0x060000, "is the host's bridge to its PCI buses"},
		{0x060700, "is a CardBus bridge"},
	};
	static const uint32_t functions[] = {0x060100, 0x068000};

	for (size_t i = 0; i < sizeof(bridges) / sizeof(bridges[0]); i++) {
		struct pair pair = {.model = model_new()};
		struct model_pci pci = model_nvme("0000:02:00.0", 26);

		model_config_init(&pci, 0x8086, 0xa0b0, bridges[i].class_code);
		/* Whatever its driver: that is not what is in the way. */
		pci.driver = i == 1 ? NULL : "pcieport";
		model_add(pair.model, &pci);
		check_error(assignable(pair.model, "0000:02:00.0", &pair.err), -ENODEV, pair.err,
			    bridges[i].what);
		check_remedy(pair.err, "no bridge");
		done(&pair);
	}
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		struct pair pair = {.model = model_new()};
		struct model_pci pci = model_nvme("0000:02:00.0", 26);

		model_config_init(&pci, 0x8086, 0xa0b0, functions[i]);
		model_add(pair.model, &pci);
		check_ok(assignable(pair.model, "0000:02:00.0", &pair.err), pair.err);
		done(&pair);
	}
}

/* By the IOMMU group. */

static int by_group(struct model *model, const char *bdf, struct pt_error *err)
{
	const struct pt_space_setup setup = {.backend = PT_BACKEND_GROUP};
	struct pt_host_device device;

	check_ok(pt_host_read(model_sys(model), bdf, &device, err), *err);
	return pt_host_assignable(model_sys(model), &device, &setup, err);
}

Test(assignable, a_group_needs_no_cdev)
{
	struct pair pair = {.model = model_new()};
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	model_host(pair.model)->no_cdev = true;
	model_add(pair.model, &pci);
	model_remove(pair.model, "/dev/iommu");
	check_ok(by_group(pair.model, "0000:02:00.0", &pair.err), pair.err);
	check_error(assignable(pair.model, "0000:02:00.0", &pair.err), -ENOENT, pair.err,
		    "/dev/vfio/devices/");
	check_remedy(pair.err, "backend: group");
	done(&pair);
}

Test(assignable, what_a_group_needs)
{
	struct pair pair = host("vfio-pci", "e1000e");
	struct pair groupless = {.model = model_new()};
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	check_error(by_group(pair.model, "0000:02:00.0", &pair.err), -EBUSY, pair.err, "e1000e");
	check_error(by_group(pair.model, "0000:02:00.1", &pair.err), -EBUSY, pair.err,
		    "bound to e1000e");
	model_remove(pair.model, "/dev/vfio/vfio");
	check_error(by_group(pair.model, "0000:02:00.0", &pair.err), -ENOENT, pair.err,
		    "/dev/vfio/vfio");
	check_remedy(pair.err, "modprobe vfio_iommu_type1");
	done(&pair);
	model_host(groupless.model)->no_group = true;
	model_add(groupless.model, &pci);
	check_error(by_group(groupless.model, "0000:02:00.0", &groupless.err), -ENOENT,
		    groupless.err, "/dev/vfio/26");
	check_remedy(groupless.err, "CONFIG_VFIO_GROUP");
	done(&groupless);
}

/* pt_host_backend() */

static enum pt_backend_kind backend_of(struct model *model)
{
	struct pt_error err = PT_ERROR_INIT;
	struct pt_host_device device;

	check_ok(pt_host_read(model_sys(model), "0000:02:00.0", &device, &err), err);
	return pt_host_backend(model_sys(model), &device);
}

static struct model *kernel_with(bool cdev, bool group, bool iommufd)
{
	struct model *model = model_new();
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	model_host(model)->no_cdev = !cdev;
	model_host(model)->no_group = !group;
	model_add(model, &pci);
	if (!iommufd)
		model_remove(model, "/dev/iommu");
	return model;
}

static enum pt_backend_kind backend_on(bool cdev, bool group, bool iommufd)
{
	struct model *model = kernel_with(cdev, group, iommufd);
	enum pt_backend_kind backend = backend_of(model);

	check_clean(model);
	model_free(model);
	return backend;
}

Test(assignable, cdevs_are_preferred_and_groups_do)
{
	cr_assert_eq(backend_on(true, true, true), PT_BACKEND_CDEV);
	cr_assert_eq(backend_on(true, false, true), PT_BACKEND_CDEV);
	cr_assert_eq(backend_on(false, true, true), PT_BACKEND_GROUP);
	cr_assert_eq(backend_on(false, true, false), PT_BACKEND_GROUP);
	cr_assert_eq(backend_on(true, true, false), PT_BACKEND_GROUP, "a cdev without iommufd");
	cr_assert_eq(backend_on(false, false, false), PT_BACKEND_CDEV, "so that it is said why");
}

Test(assignable, a_function_on_a_host_driver_has_no_backend)
{
	struct pair pair = host("nvme", "vfio-pci");

	cr_assert_eq(backend_of(pair.model), PT_BACKEND_CDEV);
	done(&pair);
}

/* pt_host_obstacles() */

struct list {
	unsigned count;
	unsigned limit;
	struct pt_obstacle obstacles[8];
};

static int add_obstacle(void *arg, const struct pt_obstacle *obstacle)
{
	struct list *list = arg;

	list->obstacles[list->count++] = *obstacle;
	return list->count == list->limit;
}

static struct list obstacles(struct model *model, const char *bdf, unsigned limit)
{
	struct list list = {.limit = limit};
	struct pt_error err = PT_ERROR_INIT;
	struct pt_host_device device;

	check_ok(pt_host_read(model_sys(model), bdf, &device, &err), err);
	(void)pt_host_obstacles(model_sys(model), &device, NULL, add_obstacle, &list);
	return list;
}

Test(assignable, all_that_is_in_the_way_and_where_it_is_seen)
{
	struct pair pair = host("nvme", "e1000e");
	struct list list = obstacles(pair.model, "0000:02:00.0", 8);

	cr_assert_eq(list.count, 2);
	cr_assert_eq(list.obstacles[0].kind, PT_OBSTACLE_DRIVER);
	cr_assert_str_eq(list.obstacles[0].path, "/sys/bus/pci/devices/0000:02:00.0/driver");
	cr_assert_str_eq(list.obstacles[0].value, "nvme");
	cr_assert_eq(list.obstacles[0].error.code, -EBUSY);
	cr_assert_eq(list.obstacles[1].kind, PT_OBSTACLE_SIBLING);
	cr_assert_str_eq(list.obstacles[1].path, "/sys/bus/pci/devices/0000:02:00.1/driver");
	cr_assert_str_eq(list.obstacles[1].value, "e1000e");
	cr_assert_eq(obstacles(pair.model, "0000:02:00.0", 1).count, 1, "it can be ended");
	done(&pair);
}

Test(assignable, what_follows_from_an_obstacle_is_none_of_its_own)
{
	struct pair pair = {.model = model_new()};
	struct model_pci pci = model_nvme("0000:02:00.0", -1);
	struct list list;

	pci.driver = NULL;
	model_add(pair.model, &pci);
	list = obstacles(pair.model, "0000:02:00.0", 8);
	cr_assert_eq(list.count, 2, "no node either, but that is no wonder");
	cr_assert_eq(list.obstacles[0].kind, PT_OBSTACLE_DRIVER);
	cr_assert_str_empty(list.obstacles[0].value);
	cr_assert_eq(list.obstacles[1].kind, PT_OBSTACLE_IOMMU);
	done(&pair);
}

/* pt_host_isolation() */

Test(assignable, interrupts_are_isolated_or_not_or_need_not_be)
{
	static const char parameter[] = "/sys/module/iommufd/parameters/allow_unsafe_interrupts";
	struct pair pair = host("vfio-pci", NULL);
	const struct pt_sys *sys = model_sys(pair.model);
	char path[PT_PATH_SIZE];

	cr_assert_eq(pt_host_isolation(sys, PT_BACKEND_CDEV, path), PT_ISOLATED);
	cr_assert_str_eq(path, parameter);
	model_remapping(pair.model, false);
	cr_assert_eq(pt_host_isolation(sys, PT_BACKEND_CDEV, path), PT_NOT_ISOLATED);
	model_put_file(pair.model, parameter, "Y\n");
	cr_assert_eq(pt_host_isolation(sys, PT_BACKEND_CDEV, path), PT_ISOLATION_WAIVED);
	cr_assert_eq(pt_host_isolation(sys, PT_BACKEND_GROUP, path), PT_NOT_ISOLATED,
		     "each backend has a parameter of its own");
	cr_assert_str_eq(path, "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
	done(&pair);
}
