/* SPDX-License-Identifier: MIT */
/* A recorded host is read as the one that it was recorded on. */
#include "check.h"

#define HOSTS TEST_DATA_DIR "/hosts/"

Test(host_file, an_emulated_host)
{
	struct model *model = model_new();
	const struct pt_sys *sys = model_sys(model);
	struct pt_error err = PT_ERROR_INIT;
	struct pt_host_details details;
	struct pt_host_device device;
	struct pt_host_name *names;
	struct pt_host_caps caps;
	struct pt_host_node node;
	char vf[PT_NAME_SIZE];
	size_t count;

	model_load_host(model, HOSTS "emulated");
	check_ok(pt_host_list(sys, &names, &count, &err), err);
	cr_assert_eq(count, 15);
	cr_assert_str_eq(names[0].name, "0000:00:00.0");
	pt_host_list_free(sys, names);

	check_ok(pt_host_read(sys, "0000:01:00.0", &device, &err), err);
	cr_assert_str_eq(device.driver, "vfio-pci");
	cr_assert_str_eq(device.node, "vfio0");
	cr_assert_eq(pt_host_device_node(sys, &device, PT_BACKEND_CDEV, &node), 0);
	cr_assert_eq(node.stat.mode, 0600);
	pt_host_details(sys, &device, &details);
	cr_assert_eq(details.iommu, PT_IOMMU_INTEL);
	cr_assert_eq(details.link.speed, 2500);
	cr_assert_eq(details.link.width, 1);
	pt_host_caps(sys, &device, &caps);
	cr_assert_eq(caps.msix_vectors, 65);
	cr_assert_eq(caps.flr, 1);

	check_ok(pt_host_read(sys, "0000:02:00.0", &device, &err), err);
	pt_host_details(sys, &device, &details);
	cr_assert_eq(details.vfs, 2);
	cr_assert_eq(pt_host_vf(sys, &device, 1, vf), 0);
	check_ok(pt_host_read(sys, vf, &device, &err), err);
	cr_assert_str_eq(device.physfn, "0000:02:00.0");

	check_ok(pt_host_read(sys, "0000:03:00.0", &device, &err), err);
	cr_assert_eq(device.sibling_count, 1);
	cr_assert_str_eq(device.siblings[0].name, "0000:03:00.1");
	check_clean(model);
	model_free(model);
}
