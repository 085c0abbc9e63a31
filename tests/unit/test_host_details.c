/* SPDX-License-Identifier: MIT */
/* The inventory: which functions there are, and what the host knows of them beyond what assigning needs. */
#include "check.h"

#define FOLDER "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0"

struct host {
	struct model *model;
	const struct pt_sys *sys;
	struct pt_host_device device;
	struct pt_host_details details;
	struct pt_error err;
};

static void host_new(struct host *host)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	*host = (struct host){.model = model_new(), .err = PT_ERROR_INIT};
	host->sys = model_sys(host->model);
	pci.bars[2] = (struct model_bar){.size = 1 << 28, .is_64bit = true, .prefetchable = true};
	model_add(host->model, &pci);
}

static void put(const struct host *host, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), FOLDER "/%s", file);
	model_put_file(host->model, path, text);
}

static void host_read(struct host *host)
{
	check_ok(pt_host_read(host->sys, "0000:02:00.0", &host->device, &host->err), host->err);
	pt_host_details(host->sys, &host->device, &host->details);
}

static void host_done(struct host *host)
{
	check_clean(host->model);
	model_free(host->model);
}

Test(host_details, functions_are_listed_by_their_addresses)
{
	static const char *const bdfs[] = {"10000:01:00.0", "0000:80:00.0", "0000:02:00.1",
					   "0000:02:00.0"};
	static const char *const order[] = {"0000:02:00.0", "0000:02:00.1", "0000:80:00.0",
					    "10000:01:00.0"};
	struct model *model = model_new();
	struct pt_error err = PT_ERROR_INIT;
	struct pt_host_name *names;
	size_t count = 0;

	for (unsigned i = 0; i < 4; i++) {
		struct model_pci pci = model_nvme(bdfs[i], 26);

		model_add(model, &pci);
	}
	model_put_dir(model, "/sys/bus/pci/devices/not-an-address");
	check_ok(pt_host_list(model_sys(model), &names, &count, &err), err);
	cr_assert_eq(count, 4);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_str_eq(names[i].name, order[i]);
	pt_host_list_free(model_sys(model), names);
	check_clean(model);
	model_free(model);
}

Test(host_details, a_host_without_functions_and_one_without_pci)
{
	struct model *model = model_new();
	struct pt_error err = PT_ERROR_INIT;
	struct pt_host_name *names = (void *)model;
	size_t count = 7;

	check_error(pt_host_list(model_sys(model), &names, &count, &err), -ENOENT, err,
		    "/sys/bus/pci");
	cr_assert_eq(count, 7);
	model_put_dir(model, "/sys/bus/pci/devices");
	check_ok(pt_host_list(model_sys(model), &names, &count, &err), err);
	cr_assert_eq(count, 0);
	cr_assert_null(names);
	pt_host_list_free(model_sys(model), names);
	check_clean(model);
	model_free(model);
}

Test(host_details, a_list_that_fails_leaves_nothing)
{
	for (unsigned n = 1; n <= 3; n++) {
		struct pt_error err = PT_ERROR_INIT;
		struct pt_host_name *names = NULL;
		size_t count = 0;
		struct host host;

		host_new(&host);
		model_fault(host.model)->countdown = n;
		model_fault(host.model)->error = -EIO;
		cr_assert_lt(pt_host_list(host.sys, &names, &count, &err), 0, "%u", n);
		cr_assert(strstr(err.message, "/sys/bus/pci"), "%s", err.message);
		cr_assert_null(names);
		host_done(&host);
	}
}

Test(host_details, what_sysfs_has_is_read)
{
	struct host host;

	host_new(&host);
	put(&host, "subsystem_vendor", "0x10de\n");
	put(&host, "subsystem_device", "0x1533\n");
	put(&host, "revision", "0xa1\n");
	put(&host, "modalias", "pci:v00001B36d00000010sv000010DEsd00001533bc01sc08i02\n");
	put(&host, "driver_override", "vfio-pci\n");
	put(&host, "numa_node", "1\n");
	put(&host, "class", "0x030000\n");
	put(&host, "boot_vga", "1\n");
	put(&host, "power/runtime_status", "suspended\n");
	put(&host, "power/control", "auto\n");
	put(&host, "current_link_speed", "2.5 GT/s PCIe\n");
	put(&host, "current_link_width", "4\n");
	put(&host, "max_link_speed", "16.0 GT/s PCIe\n");
	put(&host, "max_link_width", "16\n");
	put(&host, "sriov_totalvfs", "8\n");
	put(&host, "sriov_numvfs", "2\n");
	put(&host, "sriov_drivers_autoprobe", "0\n");
	put(&host, "resource2_resize", "0000000000000fc0\n");
	host_read(&host);
	cr_assert_eq(host.details.subsystem_vendor, 0x10de);
	cr_assert_eq(host.details.subsystem_device, 0x1533);
	cr_assert_eq(host.details.revision, 0xa1);
	cr_assert_str_eq(host.details.modalias,
			 "pci:v00001B36d00000010sv000010DEsd00001533bc01sc08i02");
	cr_assert_str_eq(host.details.driver_override, "vfio-pci");
	cr_assert_eq(host.details.resettable, 1);
	cr_assert_str_eq(host.details.resets, "flr bus");
	cr_assert_eq(host.details.numa_node, 1);
	cr_assert_eq(host.details.boot_vga, 1);
	cr_assert_eq(host.details.answers, 1);
	cr_assert_str_eq(host.details.power_state, "D0");
	cr_assert_str_eq(host.details.runtime_status, "suspended");
	cr_assert_str_eq(host.details.runtime_control, "auto");
	cr_assert_eq(host.details.link.speed, 2500);
	cr_assert_eq(host.details.link.width, 4);
	cr_assert_eq(host.details.link_max.speed, 16000);
	cr_assert_eq(host.details.link_max.width, 16);
	cr_assert_eq(host.details.vfs_max, 8);
	cr_assert_eq(host.details.vfs, 2);
	cr_assert_eq(host.details.vfs_autoprobe, 0);
	cr_assert_eq(host.details.bar_sizes[0], 0);
	cr_assert_eq(host.details.bar_sizes[2], 0xfc0);
	cr_assert_eq(host.details.iommu, PT_IOMMU_INTEL);
	cr_assert_str_eq(host.details.iommu_name, "dmar0");
	host_done(&host);
}

Test(host_details, what_is_not_there_or_makes_no_sense_is_unknown)
{
	static const char *const files[] = {"revision", "numa_node", "power_state",
					    "driver_override", "reset_method"};
	struct host host;

	host_new(&host);
	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path), FOLDER "/%s", files[i]);
		model_remove(host.model, path);
	}
	put(&host, "current_link_speed", "Unknown\n");
	put(&host, "max_link_speed", "2.5 GT/s PCIe\n");
	put(&host, "current_link_width", "0\n");
	put(&host, "max_link_width", "255\n");
	put(&host, "sriov_totalvfs", "8\n");
	put(&host, "sriov_numvfs", "many\n");
	put(&host, "class", "0x030000\n");
	put(&host, "boot_vga", "-7\n");
	host_read(&host);
	cr_assert_eq(host.details.resettable, 0, "a kernel that lists no method has none");
	cr_assert_str_eq(host.details.resets, "");
	cr_assert_eq(host.details.numa_node, PT_UNKNOWN);
	cr_assert_eq(host.details.boot_vga, PT_UNKNOWN);
	cr_assert_eq(host.details.vfs, PT_UNKNOWN);
	cr_assert_eq(host.details.vfs_autoprobe, PT_UNKNOWN);
	cr_assert_str_eq(host.details.power_state, "");
	cr_assert_str_eq(host.details.driver_override, "");
	cr_assert(host.details.link.speed == 0 && host.details.link.width == 0);
	cr_assert(host.details.link_max.speed == 2500 && host.details.link_max.width == 0);
	put(&host, "max_link_speed", "\n");
	host_read(&host);
	cr_assert_eq(host.details.link_max.speed, 0);
	put(&host, "reset", "");
	host_read(&host);
	cr_assert_eq(host.details.resettable, 1, "a kernel before 5.15 does not say how");
	host_done(&host);
}

/* Whichever call fails: no error, and nothing is left open. */
Test(host_details, nothing_of_it_is_an_error)
{
	struct pt_host_caps caps;
	struct host host;
	unsigned n = 0;

	host_new(&host);
	host_read(&host);
	do {
		*model_fault(host.model) = (struct model_fault){.countdown = ++n, .error = -EACCES};
		pt_host_details(host.sys, &host.device, &host.details);
		pt_host_caps(host.sys, &host.device, &caps);
		cr_assert_eq(model_leaks(host.model, (char[1024]){0}, 1024), 0);
	} while (model_fault(host.model)->fired);
	cr_assert_gt(n, 20);
	host_done(&host);
}

Test(host_details, a_dead_device_does_not_answer)
{
	struct pt_host_caps caps;
	struct host host;

	host_new(&host);
	model_kill(model_device(host.model, 0));
	host_read(&host);
	cr_assert_eq(host.details.answers, 0);
	pt_host_caps(host.sys, &host.device, &caps);
	cr_assert_eq(caps.count, 0);
	host_done(&host);
}

static enum pt_iommu_kind iommu_of(enum model_iommu iommu)
{
	struct model *model = model_new();
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct pt_host_details details;
	struct pt_host_device device;
	struct pt_error err = PT_ERROR_INIT;

	model_host(model)->iommu = iommu;
	model_add(model, &pci);
	check_ok(pt_host_read(model_sys(model), "0000:02:00.0", &device, &err), err);
	pt_host_details(model_sys(model), &device, &details);
	check_clean(model);
	model_free(model);
	return details.iommu;
}

Test(host_details, whose_iommu_it_is)
{
	const char *const viommu =
		"/sys/devices/pci0000:00/0000:00:04.0/virtio1/iommu/0000:00:04.0";
	struct host host;

	cr_assert_eq(iommu_of(MODEL_IOMMU_INTEL), PT_IOMMU_INTEL);
	cr_assert_eq(iommu_of(MODEL_IOMMU_AMD), PT_IOMMU_AMD);
	cr_assert_eq(iommu_of(MODEL_IOMMU_NONE), PT_IOMMU_NONE);
	host_new(&host);
	model_put_dir(host.model, viommu);
	model_put_link(host.model, FOLDER "/iommu", viommu);
	host_read(&host);
	cr_assert_eq(host.details.iommu, PT_IOMMU_VIRTIO);
	cr_assert_str_eq(host.details.iommu_name, "0000:00:04.0");
	/* An IOMMU that is a PCI function has a directory of this name. */
	model_remove(host.model, FOLDER "/iommu");
	model_put_dir(host.model, FOLDER "/iommu/ivhd0");
	host_read(&host);
	cr_assert_eq(host.details.iommu, PT_IOMMU_NONE);
	host_done(&host);
}

Test(host_details, virtual_functions_are_found)
{
	char name[PT_NAME_SIZE] = "untouched";
	struct host host;

	host_new(&host);
	host_read(&host);
	cr_assert_eq(pt_host_vf(host.sys, &host.device, 0, name), -ENOENT);
	cr_assert_str_eq(name, "untouched");
	model_put_link(host.model, FOLDER "/virtfn1", "../0000:02:10.2");
	cr_assert_eq(pt_host_vf(host.sys, &host.device, 1, name), 0);
	cr_assert_str_eq(name, "0000:02:10.2");
	host_done(&host);
}

Test(host_details, capabilities_are_those_of_config_space)
{
	struct pt_host_caps caps;
	struct host host;

	host_new(&host);
	host_read(&host);
	pt_host_caps(host.sys, &host.device, &caps);
	cr_assert_eq(caps.size, 4096);
	cr_assert_eq(caps.count, 4);
	cr_assert(caps.caps[0].id == 0x01 && caps.caps[0].offset == 0x60);
	cr_assert(caps.caps[3].id == 0x01 && caps.caps[3].offset == 0x100 && caps.caps[3].extended);
	cr_assert_eq(caps.msix_vectors, 65);
	cr_assert_eq(caps.msi_vectors, 0);
	cr_assert_eq(caps.flr, 1);
	/* What a user without privilege may read. */
	model_put_bytes(host.model, FOLDER "/config", (uint8_t[64]){0}, 64);
	pt_host_caps(host.sys, &host.device, &caps);
	cr_assert_eq(caps.size, 64);
	cr_assert_eq(caps.count, 0);
	host_done(&host);
}

Test(host_details, nodes_have_owners)
{
	struct pt_host_node node = {.path = "untouched"};
	struct host host;

	host_new(&host);
	host_read(&host);
	model_permit(host.model, "/dev/vfio/devices/vfio0",
		     &(struct pt_stat){.mode = 0660, .uid = 0, .gid = 77, .usable = 0});
	cr_assert_eq(pt_host_device_node(host.sys, &host.device, PT_BACKEND_CDEV, &node), 0);
	cr_assert_str_eq(node.path, "/dev/vfio/devices/vfio0");
	cr_assert(node.stat.mode == 0660 && node.stat.gid == 77 && !node.stat.usable);
	cr_assert_eq(pt_host_device_node(host.sys, &host.device, PT_BACKEND_GROUP, &node), 0);
	cr_assert_str_eq(node.path, "/dev/vfio/26");
	cr_assert(node.stat.usable);
	cr_assert_eq(pt_host_node(host.sys, "/dev/nothing", &node), -ENOENT);
	cr_assert_str_eq(node.path, "/dev/vfio/26");
	host.device.node[0] = '\0';
	host.device.group = -1;
	cr_assert_eq(pt_host_device_node(host.sys, &host.device, PT_BACKEND_CDEV, &node), -ENOENT);
	cr_assert_eq(pt_host_device_node(host.sys, &host.device, PT_BACKEND_GROUP, &node), -ENOENT);
	host_done(&host);
}
