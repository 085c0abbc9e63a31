/* SPDX-License-Identifier: MIT */
/*
 * Devices without an IOMMU: each of the kernel's ways, only when asked for by name, and never as a bus master. That the
 * device's COMMAND never gets the bit is the model's to watch.
 */
#include "check.h"

#define BDF	  "0000:02:00.0"
#define PARAMETER "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"

static const struct pt_space_setup unsafe = {.unsafe_noiommu = 1};
static const struct pt_space_setup unsafe_group = {.unsafe_noiommu = 1,
						   .backend = PT_BACKEND_GROUP};

static struct model *host(enum pt_noiommu noiommu, const char *driver)
{
	struct model *model = model_new();
	struct model_pci pci = model_nvme(BDF, -1);

	pci.driver = driver;
	model_host(model)->iommu = MODEL_IOMMU_NONE;
	model_host(model)->noiommu = noiommu;
	model_put_file(model, PARAMETER, noiommu == PT_NOIOMMU_NONE ? "N\n" : "Y\n");
	model_add(model, &pci);
	return model;
}

static struct pt_host_device read_host(struct model *model)
{
	struct pt_error err = PT_ERROR_INIT;
	struct pt_host_device device;

	check_ok(pt_host_read(model_sys(model), BDF, &device, &err), err);
	return device;
}

static void done(struct model *model)
{
	check_clean(model);
	model_free(model);
}

Test(noiommu, the_kernels_way_is_told)
{
	static const struct {
		enum pt_noiommu made, told;
		const char *node;
	} ways[] = {
		{PT_NOIOMMU_IOMMUFD, PT_NOIOMMU_IOMMUFD, "noiommu-vfio0"},
		{PT_NOIOMMU_NEGATIVE, PT_NOIOMMU_IOMMUFD, "noiommu-vfio0"},
		{PT_NOIOMMU_GROUP, PT_NOIOMMU_GROUP, ""},
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct model *model = host(ways[i].made, "vfio-pci");
		struct pt_host_device device = read_host(model);

		cr_assert(device.noiommu);
		cr_assert_str_eq(device.node, ways[i].node);
		cr_assert_eq(pt_host_noiommu(model_sys(model), &device), ways[i].told);
		done(model);
	}
}

Test(noiommu, a_device_with_an_iommu_is_none)
{
	struct model *model = model_new();
	struct model_pci pci = model_nvme(BDF, 26);
	struct pt_error err = PT_ERROR_INIT;
	struct pt_host_device device;

	model_add(model, &pci);
	device = read_host(model);
	cr_assert_not(device.noiommu);
	cr_assert_eq(pt_host_noiommu(model_sys(model), &device), PT_NOIOMMU_NONE);
	check_error(pt_host_assignable(model_sys(model), &device, &unsafe, &err), -EINVAL, err,
		    "an IOMMU translates its DMA");
	check_remedy(err, "leave noiommu=unsafe out");
	done(model);
}

Test(noiommu, it_must_be_asked_for)
{
	struct model *model = host(PT_NOIOMMU_IOMMUFD, "vfio-pci");
	struct pt_host_device device = read_host(model);
	struct pt_error err = PT_ERROR_INIT;

	check_error(pt_host_assignable(model_sys(model), &device, NULL, &err), -ENODEV, err,
		    "no IOMMU translates its DMA");
	check_remedy(err, "noiommu=unsafe");
	check_ok(pt_host_assignable(model_sys(model), &device, &unsafe, &err), err);
	done(model);
}

Test(noiommu, the_parameter_comes_before_the_driver)
{
	struct model *model = host(PT_NOIOMMU_NONE, NULL);
	struct pt_host_device device = read_host(model);
	struct pt_error err = PT_ERROR_INIT;

	check_error(pt_host_assignable(model_sys(model), &device, &unsafe, &err), -ENODEV, err,
		    "vfio.enable_unsafe_noiommu_mode");
	check_remedy(err, "echo Y > " PARAMETER);
	check_remedy(err, "driver_override");
	model_put_file(model, PARAMETER, "Y\n");
	check_error(pt_host_assignable(model_sys(model), &device, &unsafe, &err), -ENODEV, err,
		    "is not bound to vfio-pci");
	cr_assert_null(strstr(err.remedy, PARAMETER), "%s", err.remedy);
	done(model);
}

Test(noiommu, a_kernel_with_groups_only)
{
	struct model *model = host(PT_NOIOMMU_GROUP, "vfio-pci");
	struct pt_host_device device = read_host(model);
	struct pt_error err = PT_ERROR_INIT;

	check_error(pt_host_assignable(model_sys(model), &device, &unsafe, &err), -ENOENT, err,
		    "/dev/vfio/noiommu-90");
	check_remedy(err, "backend=group");
	check_remedy(err, "7.3");
	cr_assert_eq(pt_host_backend(model_sys(model), &device), PT_BACKEND_GROUP);
	check_ok(pt_host_assignable(model_sys(model), &device, &unsafe_group, &err), err);
	done(model);
}

/* A function without an IOMMU, from the space to the guest. */
static void up(struct check *check, enum pt_noiommu noiommu)
{
	memset(check, 0, sizeof(*check));
	check->model = host(noiommu, "vfio-pci");
	check->sys = model_sys(check->model);
	check_ok(pt_space_open(check->sys, noiommu == PT_NOIOMMU_GROUP ? &unsafe_group : &unsafe,
			       &check->space, &check->err),
		 check->err);
	check_ok(pt_device_open(check->space, BDF, NULL, &check->device, &check->err), check->err);
	check_ok(pt_device_attach(check->device, &check->err), check->err);
}

static void create(struct check *check)
{
	struct model_pci pci = model_nvme(BDF, -1);
	struct pt_function_setup setup = check_setup(&pci);

	check->guest = guest_new(check->model);
	check_ok(pt_function_create(check->device, &setup, &guest_ops, check->guest,
				    &check->function, &check->err),
		 check->err);
	check_ok(pt_function_start(check->function, &check->err), check->err);
}

Test(noiommu, a_released_kernel_binds_to_the_iommufd)
{
	struct check check;

	up(&check, PT_NOIOMMU_IOMMUFD);
	cr_assert_eq(pt_device_noiommu(check.device), PT_NOIOMMU_IOMMUFD);
	cr_assert_eq(model_calls(check.model, 0, "BIND_IOMMUFD"), 1);
	check_down(&check);
}

Test(noiommu, the_patches_bind_to_a_negative_descriptor)
{
	struct check check;

	up(&check, PT_NOIOMMU_NEGATIVE);
	cr_assert_eq(pt_device_noiommu(check.device), PT_NOIOMMU_NEGATIVE);
	cr_assert_eq(model_calls(check.model, 0, "BIND_IOMMUFD"), 2);
	create(&check);
	check_down(&check);
}

Test(noiommu, a_group_has_a_container_that_does_nothing)
{
	struct check check;

	up(&check, PT_NOIOMMU_GROUP);
	cr_assert_eq(pt_device_noiommu(check.device), PT_NOIOMMU_GROUP);
	cr_assert_eq(model_calls(check.model, 0, "open /dev/vfio/noiommu-90"), 1);
	create(&check);
	cfg_write(&check, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
	cr_assert(pt_function_stats(check.function).intx);
	cr_assert_eq(model_calls(check.model, 0, "MAP_DMA"), 0);
	check_down(&check);
}

Test(noiommu, without_the_privilege)
{
	static const enum pt_noiommu ways[] = {PT_NOIOMMU_IOMMUFD, PT_NOIOMMU_NEGATIVE,
					       PT_NOIOMMU_GROUP};

	for (size_t i = 0; i < 3; i++) {
		struct model *model = host(ways[i], "vfio-pci");
		struct pt_error err = PT_ERROR_INIT;
		struct pt_device *device;
		struct pt_space *space;

		model_host(model)->no_rawio = true;
		check_ok(pt_space_open(model_sys(model),
				       ways[i] == PT_NOIOMMU_GROUP ? &unsafe_group : &unsafe,
				       &space, &err),
			 err);
		check_error(pt_device_open(space, BDF, NULL, &device, &err), -EPERM, err,
			    "CAP_SYS_RAWIO");
		cr_assert(strstr(err.message, BDF));
		pt_space_close(space);
		done(model);
	}
}

/* As a launcher with the privilege does that hands the descriptor to a process without it. */
Test(noiommu, the_privilege_is_asked_for_at_bind_too)
{
	struct model *model = host(PT_NOIOMMU_NEGATIVE, "vfio-pci");
	struct pt_error err = PT_ERROR_INIT;
	struct pt_device *device;
	struct pt_space *space;

	check_ok(pt_space_open(model_sys(model), &unsafe, &space, &err), err);
	check_ok(pt_device_open(space, BDF, NULL, &device, &err), err);
	model_host(model)->no_rawio = true;
	check_error(pt_device_attach(device, &err), -EPERM, err, "CAP_SYS_RAWIO");
	pt_device_close(device);
	pt_space_close(space);
	done(model);
}

Test(noiommu, nothing_is_mapped)
{
	struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};
	struct check check;

	up(&check, PT_NOIOMMU_IOMMUFD);
	check_error(pt_space_map(check.space, 0, 0x1000, &memory, PT_MAP_READ, &check.err),
		    -EOPNOTSUPP, check.err, "without an IOMMU");
	cr_assert_eq(model_calls(check.model, 0, "IOAS_MAP"), 0);
	cr_assert_eq(model_calls(check.model, 0, "ATTACH_IOMMUFD_PT"), 0);
	check_down(&check);
}

Test(noiommu, the_guest_has_registers_and_intx_and_no_messages)
{
	struct check check;
	uint32_t value = 0x12345678;

	up(&check, PT_NOIOMMU_IOMMUFD);
	create(&check);
	cr_assert_eq(cfg_find(&check, 0x05), 0, "MSI");
	cr_assert_eq(cfg_find(&check, 0x11), 0, "MSI-X");
	cr_assert_neq(cfg_find(&check, 0x10), 0, "PCI Express");
	cfg_write(&check, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_gt(check.guest->window_count, 0);
	memcpy(check.guest->windows[0].hva, &value, sizeof(value));
	cr_assert(pt_function_stats(check.function).intx);
	cr_assert_eq(check.guest->reports, 0);
	check_down(&check);
}

Test(noiommu, bus_mastering_reads_back_and_is_off)
{
	static const unsigned sizes[] = {1, 2, 4};
	struct check check;
	struct model_device *hw;

	up(&check, PT_NOIOMMU_IOMMUFD);
	create(&check);
	hw = model_device(check.model, 0);
	for (size_t i = 0; i < 3; i++) {
		cfg_write(&check, CFG_COMMAND, sizes[i], COMMAND_MEM | COMMAND_BM);
		cr_assert_eq(cfg_read(&check, CFG_COMMAND, 2) & 7, COMMAND_MEM | COMMAND_BM);
		cr_assert_eq(model_device_config(hw, CFG_COMMAND, 2) & 7, COMMAND_MEM);
	}
	cr_assert_eq(check.guest->reports, 1, "once");
	cr_assert_eq(check.guest->severity, PT_WARNING);
	cr_assert(strstr(check.guest->report.message, "no IOMMU"), "%s",
		  check.guest->report.message);
	cr_assert(strstr(check.guest->report.message, BDF));
	check_down(&check);
}
