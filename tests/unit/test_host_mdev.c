/* SPDX-License-Identifier: MIT */
/* Mediated devices of the host: types and instances. */
#include "check.h"

#define UUID "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"

/* The kernel's sample: one parent, two types, one device of the second. */
static struct model *host_with_mtty(void)
{
	const char *folder = "/sys/devices/virtual/mtty/mtty/mdev_supported_types";
	struct model *model = model_new();
	struct model_pci pci = model_mtty(UUID, 30);
	char path[256];

	model_add(model, &pci);
	model_put_link(model, "/sys/class/mdev_bus/mtty", "../../devices/virtual/mtty/mtty");
	for (int i = 1; i <= 2; i++) {
		snprintf(path, sizeof(path), "%s/mtty-%d/name", folder, i);
		model_put_file(model, path, i == 1 ? "Single port serial\n" : "Dual port serial\n");
		snprintf(path, sizeof(path), "%s/mtty-%d/device_api", folder, i);
		model_put_file(model, path, "vfio-pci\n");
		snprintf(path, sizeof(path), "%s/mtty-%d/available_instances", folder, i);
		model_put_file(model, path, i == 1 ? "22\n" : "11\n");
		snprintf(path, sizeof(path), "%s/mtty-%d/devices", folder, i);
		model_put_dir(model, path);
	}
	snprintf(path, sizeof(path), "%s/mtty-2/devices/" UUID, folder);
	model_put_link(model, path, "../../../" UUID);
	model_put_link(model, "/sys/devices/virtual/mtty/mtty/" UUID "/mdev_type",
		       "../mdev_supported_types/mtty-2");
	return model;
}

struct seen {
	unsigned types;
	unsigned mdevs;
	int stop;
	struct pt_host_mdev_type single;
	struct pt_host_mdev_type dual;
	struct pt_host_mdev mdev;
};

static int see_type(void *arg, const struct pt_host_mdev_type *type)
{
	struct seen *seen = arg;

	seen->types++;
	*(strcmp(type->id, "mtty-1") ? &seen->dual : &seen->single) = *type;
	return seen->stop;
}

static int see_mdev(void *arg, const struct pt_host_mdev *mdev)
{
	struct seen *seen = arg;

	seen->mdevs++;
	seen->mdev = *mdev;
	return seen->stop;
}

Test(host_mdev, types_and_instances)
{
	struct model *model = host_with_mtty();
	struct pt_error err = PT_ERROR_INIT;
	struct seen seen = {0};

	check_ok(pt_host_mdev_types(model_sys(model), see_type, &seen, &err), err);
	cr_assert_eq(seen.types, 2);
	cr_assert_str_eq(seen.single.parent, "mtty");
	cr_assert_str_eq(seen.single.id, "mtty-1");
	cr_assert_str_eq(seen.single.name, "Single port serial");
	cr_assert_str_eq(seen.single.description, "");
	cr_assert_str_eq(seen.single.api, "vfio-pci");
	cr_assert_eq(seen.single.available, 22);
	cr_assert_eq(seen.single.instances, 0);
	cr_assert_eq(seen.dual.instances, 1);
	check_ok(pt_host_mdevs(model_sys(model), see_mdev, &seen, &err), err);
	cr_assert_eq(seen.mdevs, 1);
	cr_assert_str_eq(seen.mdev.uuid, UUID);
	cr_assert_str_eq(seen.mdev.parent, "mtty");
	cr_assert_str_eq(seen.mdev.type, "mtty-2");
	check_clean(model);
	model_free(model);
}

Test(host_mdev, the_caller_may_have_seen_enough)
{
	struct model *model = host_with_mtty();
	struct pt_error err = PT_ERROR_INIT;
	struct seen seen = {.stop = 5};

	cr_assert_eq(pt_host_mdev_types(model_sys(model), see_type, &seen, &err), 5);
	cr_assert_eq(pt_host_mdevs(model_sys(model), see_mdev, &seen, &err), 5);
	cr_assert_eq(seen.types, 1);
	cr_assert_eq(seen.mdevs, 1);
	model_free(model);
}

Test(host_mdev, a_host_without_has_none)
{
	struct model *model = model_new();
	struct pt_error err = PT_ERROR_INIT;
	struct seen seen = {0};

	check_ok(pt_host_mdev_types(model_sys(model), see_type, &seen, &err), err);
	check_ok(pt_host_mdevs(model_sys(model), see_mdev, &seen, &err), err);
	cr_assert_eq(seen.types + seen.mdevs, 0);
	check_clean(model);
	model_free(model);
}

Test(host_mdev, what_cannot_be_listed_is_an_error_and_what_cannot_be_read_is_none)
{
	struct model *model = host_with_mtty();
	const char *types = "/sys/devices/virtual/mtty/mtty/mdev_supported_types";
	struct pt_error err = PT_ERROR_INIT;
	struct seen seen = {0};
	char path[256];

	snprintf(path, sizeof(path), "%s/mtty-1/available_instances", types);
	model_put_file(model, path, "lots\n");
	snprintf(path, sizeof(path), "%s/mtty-1/name", types);
	model_refuse(model, path, -EACCES);
	check_ok(pt_host_mdev_types(model_sys(model), see_type, &seen, &err), err);
	cr_assert_eq(seen.single.available, PT_UNKNOWN);
	cr_assert_str_eq(seen.single.name, "");
	model_refuse(model, types, -EACCES);
	check_error(pt_host_mdev_types(model_sys(model), see_type, &seen, &err), -EACCES, err,
		    "mdev_bus");
	model_free(model);
}
