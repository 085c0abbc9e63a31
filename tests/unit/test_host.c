/* SPDX-License-Identifier: MIT */
/* What the host is found to be. */
#include "check.h"

Test(host, bdf_is_made_canonical)
{
	static const struct {
		const char *text, *bdf;
	} good[] = {
		{"0000:02:00.0", "0000:02:00.0"},   {"02:00.0", "0000:02:00.0"},
		{"02:1f.7", "0000:02:1f.7"},	    {"0001:FF:0A.3", "0001:ff:0a.3"},
		{"10000:e1:00.0", "10000:e1:00.0"},
	};
	char bdf[PT_NAME_SIZE];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		cr_assert_eq(pt_bdf_parse(good[i].text, bdf), 0, "%s", good[i].text);
		cr_assert_str_eq(bdf, good[i].bdf);
	}
}

Test(host, bdf_refuses_what_is_none_and_writes_nothing)
{
	static const char *const bad[] = {
		"",
		"nvme0",
		"02:00",
		"02:00.",
		":02:00.0",
		"02:20.0",
		"02:00.8",
		"100:00.0",
		"0000:02:00.0 ",
		" 02:00.0",
		"02:00.0/x",
		"-1:00.0",
		"0000::02:00.0",
		"+2:00.0",
		"0x02:00.0",
		"123456789abcdef:02:00.0",
		"0000:02:00:0",
		"02.00.0",
	};
	char bdf[PT_NAME_SIZE];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(bdf, "untouched");
		cr_assert_eq(pt_bdf_parse(bad[i], bdf), -EINVAL, "\"%s\" was taken as %s", bad[i],
			     bdf);
		cr_assert_str_eq(bdf, "untouched");
	}
}

Test(host, a_wide_domain_is_refused_or_kept_whole)
{
	static const char *const widest = "7fffffff:02:00.0";
	char bdf[PT_NAME_SIZE];

	if (pt_bdf_parse(widest, bdf) == 0)
		cr_assert_eq(strlen(bdf), strlen(widest), "cut to %s", bdf);
	cr_assert_eq(pt_bdf_parse("fffffff:02:00.0", bdf), 0);
	cr_assert_str_eq(bdf, "fffffff:02:00.0");
}

static struct model *host_with_nvme(void)
{
	struct model *model = model_new();
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	model_add(model, &pci);
	return model;
}

Test(host, every_name_of_a_function_resolves)
{
	static const char *const names[] = {
		"0000:02:00.0",
		"02:00.0",
		"/sys/bus/pci/devices/0000:02:00.0",
		"/sys/bus/pci/devices/0000:02:00.0/",
		"/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0",
		"/dev/vfio/devices/vfio0",
	};
	struct model *model = host_with_nvme();
	struct pt_error err = PT_ERROR_INIT;
	char bdf[PT_NAME_SIZE];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		check_ok(pt_host_resolve(model_sys(model), names[i], bdf, &err), err);
		cr_assert_str_eq(bdf, "0000:02:00.0", "%s is %s", names[i], bdf);
	}
	check_clean(model);
	model_free(model);
}

Test(host, what_does_not_resolve_is_named)
{
	static const struct {
		const char *name;
		int code;
	} bad[] = {
		{"0000:03:00.0", -ENODEV},
		{"nvme0n1", -EINVAL},
		{"", -EINVAL},
		{"/sys/bus/pci/devices/0000:03:00.0", -ENODEV},
		{"/sys/bus/pci/drivers/vfio-pci", -EINVAL},
		{"/dev/vfio/devices/vfio9", -ENODEV},
		{"/dev/iommu", -EINVAL},
	};
	struct model *model = host_with_nvme();
	char bdf[PT_NAME_SIZE] = "untouched";

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pt_error err = PT_ERROR_INIT;

		check_error(pt_host_resolve(model_sys(model), bad[i].name, bdf, &err), bad[i].code,
			    err, bad[i].name);
		cr_assert_str_eq(bdf, "untouched");
	}
	check_clean(model);
	model_free(model);
}

Test(host, read_gives_what_sysfs_has)
{
	struct model *model = model_new();
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct model_pci sibling = model_nvme("0000:02:00.1", 26);
	struct model_pci bridge = model_nvme("0000:00:1c.0", 26);
	struct pt_host_device device;
	struct pt_error err = PT_ERROR_INIT;

	pci.bars[2] = (struct model_bar){.size = 0x100, .io = true};
	pci.bars[3] = (struct model_bar){.size = 0x10000000, .prefetchable = true};
	pci.bars[4] =
		(struct model_bar){.size = 1ull << 38, .is_64bit = true, .prefetchable = true};
	pci.rom_space = 0x40000;
	sibling.driver = NULL;
	model_config_init(&bridge, 0x8086, 0xa0b0, 0x060400);
	bridge.driver = "pcieport";
	model_add(model, &pci);
	model_add(model, &sibling);
	model_add(model, &bridge);
	check_ok(pt_host_read(model_sys(model), "0000:02:00.0", &device, &err), err);
	cr_assert_str_eq(device.name, "0000:02:00.0");
	cr_assert_str_eq(device.driver, "vfio-pci");
	cr_assert_str_eq(device.node, "vfio0");
	cr_assert_eq(device.group, 26);
	cr_assert_eq(device.vendor, 0x1b36);
	cr_assert_eq(device.device, 0x0010);
	cr_assert_eq(device.class_code, 0x010802);
	cr_assert_eq(device.irq_pin, 1);
	cr_assert(device.bars[0].size == 0x4000 && device.bars[0].is_64bit && !device.bars[0].io);
	cr_assert_eq(device.bars[1].size, 0);
	cr_assert(device.bars[2].size == 0x100 && device.bars[2].io);
	cr_assert(device.bars[3].size == 0x10000000 && device.bars[3].prefetchable &&
		  !device.bars[3].is_64bit);
	cr_assert(device.bars[4].size == 1ull << 38 && device.bars[4].is_64bit &&
		  device.bars[4].prefetchable);
	cr_assert_eq(device.rom_size, 0x40000);
	cr_assert_eq(device.sibling_count, 1, "bridges are left out");
	cr_assert_str_eq(device.siblings[0].name, "0000:02:00.1");
	cr_assert_str_eq(device.siblings[0].driver, "");
	cr_assert_not(device.siblings[0].blocks);
	check_clean(model);
	model_free(model);
}

Test(host, a_function_without_driver_group_or_pin_reads_too)
{
	struct model *model = model_new();
	struct model_pci pci = model_nvme("0000:00:05.0", -1);
	struct pt_host_device device;
	struct pt_error err = PT_ERROR_INIT;

	pci.driver = NULL;
	model_config_put(&pci, 0x3d, 1, 0);
	model_add(model, &pci);
	check_ok(pt_host_read(model_sys(model), "0000:00:05.0", &device, &err), err);
	cr_assert_str_eq(device.driver, "");
	cr_assert_str_eq(device.node, "");
	cr_assert_eq(device.group, -1);
	cr_assert_eq(device.irq_pin, 0);
	check_clean(model);
	model_free(model);
}

Test(host, read_says_which_file_is_not_as_documented)
{
	struct model *model = host_with_nvme();
	const struct pt_sys *sys = model_sys(model);
	const char *folder = "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0";
	struct pt_host_device device;
	struct pt_error err = PT_ERROR_INIT;
	char path[128];

	check_error(pt_host_read(sys, "0000:09:00.0", &device, &err), -ENODEV, err, "0000:09:00.0");
	snprintf(path, sizeof(path), "%s/resource", folder);
	model_put_file(model, path, "0x1 0x2\n");
	check_error(pt_host_read(sys, "0000:02:00.0", &device, &err), -EIO, err, "resource");
	snprintf(path, sizeof(path), "%s/class", folder);
	model_put_file(model, path, "what\n");
	check_error(pt_host_read(sys, "0000:02:00.0", &device, &err), -EIO, err, "class");
	check_clean(model);
	model_free(model);
}

Test(host, reserved_ranges_are_the_groups)
{
	struct model *model = model_new();
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct pt_host_device device;
	struct pt_iova_range ranges[4] = {{0, 0}};
	struct pt_error err = PT_ERROR_INIT;
	size_t count = 0;

	pci.reserved[0] = (struct pt_iova_range){0x7c000000, 0x7cffffff};
	pci.reserved_count = 1;
	model_add(model, &pci);
	check_ok(pt_host_read(model_sys(model), "0000:02:00.0", &device, &err), err);
	check_ok(pt_host_reserved(model_sys(model), &device, ranges, 4, &count, &err), err);
	cr_assert_eq(count, 2);
	cr_assert_eq(ranges[0].first, 0x7c000000);
	cr_assert_eq(ranges[0].last, 0x7cffffff);
	cr_assert_eq(ranges[1].first, 0xfee00000);
	cr_assert_eq(ranges[1].last, 0xfeefffff);
	ranges[1] = (struct pt_iova_range){1, 2};
	check_ok(pt_host_reserved(model_sys(model), &device, ranges, 1, &count, &err), err);
	cr_assert_eq(count, 2, "how many there are, whatever the room");
	cr_assert_eq(ranges[1].first, 1);
	device.group = -1;
	check_error(pt_host_reserved(model_sys(model), &device, ranges, 1, &count, &err), -ENOENT,
		    err, "0000:02:00.0");
	check_clean(model);
	model_free(model);
}

/* Documentation/ABI: the kernel does not hold such a range against a device that is assigned. */
Test(host, relaxable_ranges_do_not_count)
{
	struct model *model = host_with_nvme();
	struct pt_host_device device;
	struct pt_iova_range ranges[4];
	struct pt_error err = PT_ERROR_INIT;
	const char *path = "/sys/kernel/iommu_groups/26/reserved_regions";
	size_t count = 0;

	model_put_file(model, path,
		       "0x0000000000000000 0x0000000000ffffff direct-relaxable\n"
		       "0x00000000fee00000 0x00000000feefffff msi\n");
	check_ok(pt_host_read(model_sys(model), "0000:02:00.0", &device, &err), err);
	check_ok(pt_host_reserved(model_sys(model), &device, ranges, 4, &count, &err), err);
	cr_assert_eq(count, 1);
	cr_assert_eq(ranges[0].first, 0xfee00000);
	model_put_file(model, path, "0x10 nonsense\n");
	check_error(pt_host_reserved(model_sys(model), &device, ranges, 4, &count, &err), -EIO, err,
		    path);
	check_clean(model);
	model_free(model);
}

static unsigned bits_of(enum model_iommu iommu, unsigned aperture)
{
	struct model *model = model_new();
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct pt_host_device device;
	struct pt_error err = PT_ERROR_INIT;
	unsigned bits;

	model_host(model)->iommu = iommu;
	model_host(model)->aperture_bits = aperture;
	model_add(model, &pci);
	check_ok(pt_host_read(model_sys(model), "0000:02:00.0", &device, &err), err);
	bits = pt_host_iova_bits(model_sys(model), &device);
	check_clean(model);
	model_free(model);
	return bits;
}

Test(host, iova_bits_are_the_iommus)
{
	cr_assert_eq(bits_of(MODEL_IOMMU_INTEL, 39), 39);
	cr_assert_eq(bits_of(MODEL_IOMMU_INTEL, 48), 48);
	cr_assert_eq(bits_of(MODEL_IOMMU_INTEL, 57), 57);
	cr_assert_eq(bits_of(MODEL_IOMMU_AMD, 48), 48);
	cr_assert_eq(bits_of(MODEL_IOMMU_NONE, 48), 0, "the kernel does not say");
}

/* The width that the unit decodes may be more than its widest table translates. */
Test(host, iova_bits_are_limited_by_the_tables)
{
	struct model *model = host_with_nvme();
	struct pt_host_device device;
	struct pt_error err = PT_ERROR_INIT;

	model_put_file(model, "/sys/devices/virtual/iommu/dmar0/intel-iommu/cap",
		       "d2008c40380660\n"); /* MGAW 57, SAGAW 39 and 48 */
	check_ok(pt_host_read(model_sys(model), "0000:02:00.0", &device, &err), err);
	cr_assert_eq(pt_host_iova_bits(model_sys(model), &device), 48);
	check_clean(model);
	model_free(model);
}

Test(host, the_holder_of_a_node_is_found)
{
	struct model *model = host_with_nvme();
	const struct pt_sys *sys = model_sys(model);
	char text[64] = "x";

	model_process(model, 12, "cat", "/dev/null");
	cr_assert_eq(pt_host_holder(sys, "/dev/vfio/devices/vfio0", text, sizeof(text)), 0);
	cr_assert_str_eq(text, "");
	model_process(model, 345, "qemu-system-x86", "/dev/vfio/devices/vfio0");
	model_process(model, 4000, "other", "/dev/vfio/devices/vfio1");
	cr_assert_eq(pt_host_holder(sys, "/dev/vfio/devices/vfio0", text, sizeof(text)), 345);
	cr_assert_str_eq(text, "qemu-system-x86 (pid 345)");
	model_refuse(model, "/proc/345/fd", -EACCES);
	cr_assert_eq(pt_host_holder(sys, "/dev/vfio/devices/vfio0", text, sizeof(text)), 0,
		     "another user's process is not seen");
	cr_assert_str_eq(text, "");
	check_clean(model);
	model_free(model);
}

Test(host, the_process_itself_is_no_holder)
{
	struct model *model = host_with_nvme();
	char text[64];

	model_process(model, 345, "tenon", "/dev/vfio/devices/vfio0");
	model_put_link(model, "/proc/self", "345");
	cr_assert_eq(
		pt_host_holder(model_sys(model), "/dev/vfio/devices/vfio0", text, sizeof(text)), 0);
	check_clean(model);
	model_free(model);
}

struct holders {
	unsigned count;
	struct pt_holder first;
};

static int count_holder(void *arg, const struct pt_holder *holder)
{
	struct holders *holders = arg;

	if (holders->count++ == 0)
		holders->first = *holder;
	return 0;
}

Test(host, who_has_files_below_a_directory_open)
{
	struct model *model = model_new();
	struct holders holders = {0};

	model_process(model, 77, "qemu", "/dev/vfio/devices/vfio3");
	model_process(model, 78, "sh", "/dev/vfiox");
	model_process(model, MODEL_PID, "test", "/dev/vfio/5");
	model_put_link(model, "/proc/self", "4242");
	cr_assert_eq(pt_host_holders(model_sys(model), "/dev/vfio/", count_holder, &holders), 0);
	cr_assert_eq(holders.count, 1, "neither this process, nor what only looks like it");
	cr_assert_eq(holders.first.pid, 77);
	cr_assert_str_eq(holders.first.comm, "qemu");
	cr_assert_str_eq(holders.first.path, "/dev/vfio/devices/vfio3");
	cr_assert_str_eq(holders.first.link, "/proc/77/fd/7");
	check_clean(model);
	model_free(model);
}
