/* SPDX-License-Identifier: MIT */
/* What the kernel refuses is explained: each cause in words of its own, found by looking, with what to type. */
#include "host.h"

#include <linux/vfio.h>

#define BDF	"0000:02:00.0"
#define SIBLING "0000:02:00.1"
#define TOKEN	"2ab74924-c335-45f4-9b16-8569e5b08258"
#define OTHER	"11111111-2222-3333-4444-555555555555"

static void host_open_with(struct host *host, const struct pt_device_setup *setup)
{
	check_ok(pt_space_open(model_sys(host->model), NULL, &host->space, &host->err), host->err);
	check_ok(pt_device_open(host->space, "02:00.0", setup, &host->device, &host->err),
		 host->err);
}

static struct host host_open(void)
{
	struct model_pci pci = model_nvme(BDF, 26);
	struct host host = {.model = model_new()};

	host.hw = model_add(host.model, &pci);
	host_open_with(&host, NULL);
	return host;
}

/* The function as a virtual one of 0000:01:00.0, which is on @physfn_driver. */
static struct host host_vf(const char *physfn_driver, bool bind_token, const char *token)
{
	struct model_pci physfn = model_nvme("0000:01:00.0", 25), vf = model_nvme(BDF, 26);
	const struct pt_device_setup setup = {.vf_token = token};
	struct host host = {.model = model_new()};

	physfn.driver = physfn_driver;
	physfn.sriov = true;
	vf.physfn = physfn.bdf;
	model_host(host.model)->bind_token = bind_token;
	host.hw = model_add(host.model, &physfn);
	model_add(host.model, &vf);
	host_open_with(&host, &setup);
	return host;
}

static void says(const struct host *host, const char *part)
{
	cr_assert(strstr(host->err.message, part), "\"%s\" does not say \"%s\"", host->err.message,
		  part);
}

/* The node. */

Test(refusals, each_errno_of_the_node_has_its_own_remedy)
{
	static const struct {
		int error;
		const char *message;
		const char *remedy;
	} refused[] = {
		{-EACCES, "Permission denied", "chown $USER /dev/vfio/devices/vfio0"},
		{-EPERM, "not permitted", "cgroup"},
		{-ENOENT, "No such file", "container"},
		{-ENODEV, "being unbound", "vfio-pci"},
		{-ENXIO, "being unbound", "vfio-pci"},
		{-EMFILE, "Too many open files", "ulimit -n"},
	};
	struct host host = host_open();

	pt_device_close(host.device);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		model_refuse(host.model, "/dev/vfio/devices/vfio0", refused[i].error);
		check_error(pt_device_open(host.space, BDF, NULL, &host.device, &host.err),
			    refused[i].error, host.err, refused[i].message);
		says(&host, BDF);
		says(&host, "/dev/vfio/devices/vfio0");
		check_remedy(host.err, refused[i].remedy);
	}
	host.device = NULL;
	host_close(&host);
}

/* EPERM: three causes. */

Test(refusals, interrupts_that_are_not_remapped)
{
	struct host host = host_open();

	model_remapping(host.model, false);
	check_error(attach(&host), -EPERM, host.err, BDF);
	says(&host, "not isolated");
	says(&host, "/sys/kernel/irq");
	says(&host, "iommufd.allow_unsafe_interrupts");
	check_remedy(host.err, "echo Y > /sys/module/iommufd/parameters/allow_unsafe_interrupts");
	model_put_file(host.model, "/sys/module/iommufd/parameters/allow_unsafe_interrupts", "Y\n");
	check_ok(attach(&host), host.err);
	host_close(&host);
}

/* The parameter is set, so interrupts are not it, whatever the host's are like. */
Test(refusals, a_parameter_that_is_set_is_not_asked_for)
{
	struct host host = host_open();

	model_remapping(host.model, false);
	model_put_file(host.model, "/sys/module/iommufd/parameters/allow_unsafe_interrupts", "Y\n");
	host.hw->foreign_owner = true;
	check_error(attach(&host), -EPERM, host.err, "belongs to someone else");
	host_close(&host);
}

Test(refusals, a_sibling_that_another_process_has)
{
	struct host host = host_open();
	struct model_pci sibling = model_nvme(SIBLING, 26);

	model_add(host.model, &sibling);
	host.hw->foreign_owner = true;
	model_process(host.model, 4711, "qemu-system-x86", "/dev/vfio/devices/vfio1");
	check_error(attach(&host), -EPERM, host.err, "qemu-system-x86 (pid 4711) has " SIBLING);
	says(&host, BDF);
	says(&host, "26");
	host_close(&host);
}

Test(refusals, a_group_that_nobody_visible_owns)
{
	struct host host = host_open();

	host.hw->foreign_owner = true;
	check_error(attach(&host), -EPERM, host.err, "26");
	cr_assert_null(strstr(host.err.message, "remaps none"), "%s", host.err.message);
	check_remedy(host.err, "fuser");
	host_close(&host);
}

/* EINVAL: power management in error, bound already, held, incoherent. */

Test(refusals, one_that_the_kernel_does_not_wake)
{
	static const char status[] =
		"/sys/devices/pci0000:00/0000:00:1c.0/" BDF "/power/runtime_status";
	struct host host = host_open();

	model_put_file(host.model, status, "error\n");
	*model_fault(host.model) = (struct model_fault){.countdown = 1, .error = -EINVAL};
	check_error(attach(&host), -EINVAL, host.err, "its power management is in error");
	check_remedy(host.err, "/remove; echo 1 > /sys/bus/pci/rescan");
	host_close(&host);
}

/* As an embedder does that hands in a descriptor that it has used before. */
Test(refusals, a_descriptor_that_is_bound_already)
{
	struct vfio_device_bind_iommufd bind = {.argsz = sizeof(bind)};
	struct host host = host_open();
	const struct pt_sys *sys = model_sys(host.model);
	int fd = model_open(host.model, "/dev/vfio/devices/vfio0");

	pt_device_close(host.device);
	bind.iommufd = pt_space_fd(host.space);
	cr_assert_eq(sys->ioctl(sys->ctx, fd, VFIO_DEVICE_BIND_IOMMUFD, &bind), 0);
	check_ok(pt_device_open_fd(host.space, fd, NULL, NULL, &host.device, &host.err), host.err);
	check_error(attach(&host), -EINVAL, host.err, "bound already");
	says(&host, BDF);
	host_close(&host);
}

Test(refusals, this_process_has_it_twice)
{
	struct host host = host_open();
	struct pt_device *second;
	char path[64];

	check_ok(pt_device_open(host.space, BDF, NULL, &second, &host.err), host.err);
	model_put_link(host.model, "/proc/self", "100");
	model_process(host.model, 100, "embedder", "/dev/vfio/devices/vfio0");
	snprintf(path, sizeof(path), "/proc/100/fd/%d", pt_device_fd(second));
	model_put_link(host.model, path, "/dev/vfio/devices/vfio0");
	check_ok(attach(&host), host.err);
	check_error(pt_device_attach(second, &host.err), -EINVAL, host.err,
		    "in use by this process, by another descriptor");
	pt_device_close(second);
	host_close(&host);
}

Test(refusals, an_incoherent_iommu)
{
	struct host host = host_open();

	model_host(host.model)->incoherent = true;
	model_put_link(host.model, "/sys/devices/pci0000:00/0000:00:1c.0/" BDF "/iommu",
		       "/sys/devices/virtual/iommu/smmu3.0x0000000009050000");
	check_error(attach(&host), -EINVAL, host.err, "its IOMMU does not keep caches coherent");
	check_remedy(host.err, "fuser -v /dev/vfio/devices/vfio0");
	host_close(&host);
}

/* Intel's is never that. */
Test(refusals, somebody_invisible_has_it)
{
	struct host host = host_open();

	*model_fault(host.model) = (struct model_fault){
		.countdown = 1, .only = "VFIO_DEVICE_BIND_IOMMUFD", .error = -EINVAL};
	check_error(attach(&host), -EINVAL, host.err,
		    "another process has it, which this one cannot see");
	cr_assert_null(strstr(host.err.message, "coherent"), "%s", host.err.message);
	check_remedy(host.err, "fuser -v /dev/vfio/devices/vfio0");
	host_close(&host);
}

/* EBUSY */

Test(refusals, a_group_that_somebody_invisible_has_open)
{
	struct host host = host_open();

	host.hw->group_open = true;
	check_error(attach(&host), -EBUSY, host.err, "/dev/vfio/26");
	says(&host, BDF);
	check_remedy(host.err, "fuser -v /dev/vfio/26");
	host_close(&host);
}

/* EIO, ENODEV: the device itself. */

Test(refusals, a_device_that_fell_off_its_bus)
{
	struct host host = host_open();

	model_kill(host.hw);
	check_error(attach(&host), -EIO, host.err, "all ones");
	says(&host, BDF);
	check_remedy(host.err, "power");
	host_close(&host);
}

Test(refusals, a_device_that_does_not_wake)
{
	struct host host = host_open();

	model_stuck(host.hw);
	check_error(attach(&host), -EIO, host.err, "D3cold");
	check_remedy(host.err, "echo on > /sys/bus/pci/devices/" BDF "/power/control");
	host_close(&host);
}

/* What no table has: the kernel's word, and where to look further. */
Test(refusals, every_other_errno_names_the_device)
{
	static const struct {
		int error;
		const char *part;
	} others[] = {
		{-EIO, "could not turn it on: the device or its port"},
		{-ENOTTY, "does not know VFIO_DEVICE_BIND_IOMMUFD"},
		{-E2BIG, "BIND_IOMMUFD takes less"},
		{-EFAULT, "could not read or write what VFIO_DEVICE_BIND_IOMMUFD"},
		{-EBADF, "/dev/iommu, is closed"},
		{-EBADFD, "is open, and is no /dev/iommu"},
		{-ENOMEM, "no memory left"},
		{-ETIMEDOUT, "timed out"},
		{-EACCES, "token"},
	};
	struct host host = host_open();

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		*model_fault(host.model) =
			(struct model_fault){.countdown = 1, .error = others[i].error};
		check_error(attach(&host), others[i].error, host.err, others[i].part);
		says(&host, BDF);
		cr_assert_neq(host.err.remedy[0], '\0', "%s", host.err.message);
	}
	check_ok(attach(&host), host.err);
	host_close(&host);
}

/* Attach. */

Test(refusals, attach_waits_for_a_reset_to_pass)
{
	struct host host = host_open();

	host.hw->attach_ebusy = 3;
	check_ok(attach(&host), host.err);
	cr_assert_eq(model_calls(host.model, 0, "ATTACH_IOMMUFD_PT"), 4);
	host_close(&host);
}

Test(refusals, attach_does_not_wait_for_ever)
{
	struct host host = host_open();

	host.hw->attach_ebusy = 1000000;
	check_error(attach(&host), -EBUSY, host.err, "reset");
	says(&host, BDF);
	host.hw->attach_ebusy = 0;
	check_ok(attach(&host), host.err);
	host_close(&host);
}

Test(refusals, attach_names_the_range_and_the_mapping)
{
	struct model_pci pci = model_nvme(BDF, 26);
	struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};
	struct host host = {.model = model_new()};

	pci.reserved_count = 1;
	pci.reserved[0] = (struct pt_iova_range){0x7c000000, 0x7fffffff};
	model_add(host.model, &pci);
	host_open_with(&host, NULL);
	check_ok(pt_space_map(host.space, 0, 0x80000000, &memory, PT_MAP_READ, &host.err),
		 host.err);
	check_error(attach(&host), -EADDRINUSE, host.err, BDF);
	says(&host, "0x7c000000-0x7fffffff");
	says(&host, "0x0-0x7fffffff");
	check_remedy(host.err, "/sys/kernel/iommu_groups/26/reserved_regions");
	host_close(&host);
}

Test(refusals, attach_names_the_width_and_the_mapping)
{
	struct model_pci pci = model_nvme(BDF, 26);
	struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};
	struct host host = {.model = model_new()};

	model_host(host.model)->aperture_bits = 39;
	model_add(host.model, &pci);
	host_open_with(&host, NULL);
	check_ok(pt_space_map(host.space, 1ull << 40, 0x1000, &memory, PT_MAP_READ, &host.err),
		 host.err);
	check_error(attach(&host), -EADDRINUSE, host.err, "39 bits");
	says(&host, "0x10000000000-0x10000000fff");
	host_close(&host);
}

Test(refusals, other_errnos_of_attach)
{
	static const struct {
		int error;
		const char *part;
	} others[] = {
		{-EINVAL, "its IOMMU dmar0 cannot share an address space"},
		{-ENOENT, "is gone"},
		{-EADDRINUSE, "cannot translate all"},
		{-EOPNOTSUPP, "no page table of the kind"},
		{-EFAULT, "could not hold the pages"},
		{-EIO, "its IOMMU did not take it"},
		{-ENODEV, "no IOMMU any more"},
		{-EPERM, "belongs to somebody else"},
		{-EBADF, "its descriptor is closed"},
		{-ENOTTY, "does not know VFIO_DEVICE_ATTACH"},
		{-ENOMEM, "Cannot allocate memory"},
		{-ETIMEDOUT, "timed out"},
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct host host = host_open();

		*model_fault(host.model) = (struct model_fault){
			.countdown = 1, .only = "ATTACH_IOMMUFD_PT", .error = others[i].error};
		check_error(attach(&host), others[i].error, host.err, others[i].part);
		says(&host, BDF);
		cr_assert_neq(host.err.remedy[0], '\0', "%s", host.err.message);
		if (others[i].error != -ENODEV)
			check_ok(attach(&host), host.err);
		host_close(&host);
	}
}

/* Two spaces on one iommufd, as BIND would refuse it otherwise. */
Test(refusals, attach_names_the_sibling_that_is_elsewhere)
{
	struct model_pci sibling = model_nvme(SIBLING, 26);
	struct host host = host_open();

	model_add(host.model, &sibling);
	model_process(host.model, 4711, "qemu-system-x86", "/dev/vfio/devices/vfio1");
	*model_fault(host.model) =
		(struct model_fault){.countdown = 1, .only = "ATTACH_IOMMUFD_PT", .error = -EINVAL};
	check_error(attach(&host), -EINVAL, host.err,
		    SIBLING ", of the same IOMMU group (26), is in another address space");
	says(&host, "qemu-system-x86 (pid 4711) has it");
	check_remedy(host.err, "leave " BDF " out");
	host_close(&host);
}

/* The first attach holds all that is mapped: what cannot be held is looked for. */
Test(refusals, attach_names_the_memory_that_cannot_be_held)
{
	struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};
	struct host host = host_open();

	model_put_file(host.model, "/proc/self/maps",
		       "7f0000000000-7f0000100000 r--p 00000000 00:00 0\n");
	check_ok(pt_space_map(host.space, 0, 0x100000, &memory, PT_MAP_READ | PT_MAP_WRITE,
			      &host.err),
		 host.err);
	*model_fault(host.model) =
		(struct model_fault){.countdown = 1, .only = "ATTACH_IOMMUFD_PT", .error = -EFAULT};
	check_error(attach(&host), -EFAULT, host.err, BDF ": cannot be attached");
	says(&host, "0x7f0000000000-0x7f00000fffff");
	says(&host, "may not be written");
	check_remedy(host.err, "memfd_create");
	check_ok(attach(&host), host.err);
	host_close(&host);
}

/* VF tokens. */

static void set_token(struct host *host, const char *token)
{
	struct pt_space *space;
	struct pt_device *physfn;

	check_ok(pt_space_open(model_sys(host->model), NULL, &space, &host->err), host->err);
	check_ok(pt_device_open(space, "01:00.0", NULL, &physfn, &host->err), host->err);
	check_ok(pt_device_attach(physfn, &host->err), host->err);
	check_ok(pt_device_set_vf_token(physfn, token, &host->err), host->err);
	pt_device_close(physfn);
	pt_space_close(space);
}

Test(refusals, the_right_token)
{
	struct host host = host_vf("vfio-pci", true, TOKEN);

	set_token(&host, TOKEN);
	check_ok(attach(&host), host.err);
	host_close(&host);
}

Test(refusals, no_token_where_one_is_asked_for)
{
	struct host host = host_vf("vfio-pci", true, NULL);

	set_token(&host, TOKEN);
	check_error(attach(&host), -EACCES, host.err, "has to be given the VF token");
	says(&host, BDF);
	says(&host, "0000:01:00.0");
	check_remedy(host.err, "vf-token=UUID");
	host_close(&host);
}

Test(refusals, a_wrong_token)
{
	struct host host = host_vf("vfio-pci", true, OTHER);

	set_token(&host, TOKEN);
	check_error(attach(&host), -EACCES, host.err, "is not the one");
	says(&host, "0000:01:00.0");
	host_close(&host);
}

Test(refusals, a_token_for_a_kernel_without)
{
	struct host host = host_vf("vfio-pci", false, TOKEN);

	check_error(attach(&host), -EINVAL, host.err, "this kernel takes no VF token");
	check_remedy(host.err, "0000:01:00.0");
	check_remedy(host.err, "backend=group");
	check_remedy(host.err, "6.17");
	host_close(&host);
}

Test(refusals, a_token_where_the_physical_function_is_the_hosts)
{
	struct host host = host_vf("igb", true, TOKEN);

	check_error(attach(&host), -EINVAL, host.err, "bound to igb");
	check_remedy(host.err, "leave vf-token out");
	host_close(&host);
}

Test(refusals, a_token_for_what_is_no_virtual_function)
{
	const struct pt_device_setup setup = {.vf_token = TOKEN};
	struct model_pci pci = model_nvme(BDF, 26);
	struct host host = {.model = model_new()};

	model_host(host.model)->bind_token = true;
	model_add(host.model, &pci);
	host_open_with(&host, &setup);
	check_error(attach(&host), -EINVAL, host.err, "takes no VF token");
	check_remedy(host.err, "leave vf-token out");
	host_close(&host);
}

/* The token is right, and something else is wrong: that is what is said. */
Test(refusals, a_token_does_not_hide_another_cause)
{
	struct host host = host_vf("vfio-pci", true, TOKEN);

	set_token(&host, TOKEN);
	*model_fault(host.model) = (struct model_fault){
		.countdown = 1, .only = "VFIO_DEVICE_BIND_IOMMUFD", .error = -EINVAL};
	check_error(attach(&host), -EINVAL, host.err, "another process has it");
	host_close(&host);
}

Test(refusals, a_token_is_set_on_physical_functions_only)
{
	struct host host = host_open();

	check_error(pt_device_set_vf_token(host.device, TOKEN, &host.err), -EBADFD, host.err, BDF);
	check_ok(attach(&host), host.err);
	check_error(pt_device_set_vf_token(host.device, "x", &host.err), -EINVAL, host.err, "UUID");
	check_error(pt_device_set_vf_token(host.device, TOKEN, &host.err), -ENOTTY, host.err, BDF);
	host_close(&host);
}
