/* SPDX-License-Identifier: MIT */
/* Opening a device: by every name, by a descriptor, and what stands in the way. */
#include "check.h"

struct host {
	struct model *model;
	const struct pt_sys *sys;
	struct pt_device *device;
	struct pt_error err;
};

static struct host host_with(const struct model_pci *pci)
{
	struct host host = {.model = model_new()};

	host.sys = model_sys(host.model);
	model_add(host.model, pci);
	return host;
}

static struct host host_with_nvme(void)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	return host_with(&pci);
}

static void host_done(struct host *host)
{
	check_clean(host->model);
	model_free(host->model);
}

Test(device_open, by_every_name)
{
	static const char *const names[] = {
		"0000:02:00.0",
		"02:00.0",
		"/sys/bus/pci/devices/0000:02:00.0",
		"/dev/vfio/devices/vfio0",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct host host = host_with_nvme();

		check_ok(pt_device_open(host.sys, names[i], &host.device, &host.err), host.err);
		cr_assert_str_eq(pt_device_bdf(host.device), "0000:02:00.0");
		cr_assert_eq(pt_device_state(host.device), PT_DEVICE_OPENED);
		cr_assert_geq(pt_device_kvm_fd(host.device), 0);
		pt_device_close(host.device);
		host_done(&host);
	}
	pt_device_close(NULL);
}

Test(device_open, nothing_but_the_node_is_held_open)
{
	struct host host = host_with_nvme();
	char text[512];

	check_ok(pt_device_open(host.sys, "02:00.0", &host.device, &host.err), host.err);
	/* The descriptor, its file, and the object. */
	cr_assert_eq(model_leaks(host.model, text, sizeof(text)), 3, "%s", text);
	pt_device_close(host.device);
	host_done(&host);
}

Test(device_open, a_function_that_is_not_there)
{
	struct host host = host_with_nvme();

	host.device = (void *)1;
	check_error(pt_device_open(host.sys, "0000:05:00.0", &host.device, &host.err), -ENODEV,
		    host.err, "0000:05:00.0");
	cr_assert_neq(host.err.remedy[0], '\0');
	cr_assert_eq(host.device, (void *)1, "written on success only");
	check_error(pt_device_open(host.sys, "eth0", &host.device, &host.err), -EINVAL, host.err,
		    "eth0");
	host_done(&host);
}

Test(device_open, preflight_comes_before_the_node)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct host host;

	pci.driver = "nvme";
	host = host_with(&pci);
	check_error(pt_device_open(host.sys, "02:00.0", &host.device, &host.err), -EBUSY, host.err,
		    "nvme");
	cr_assert_eq(model_calls(host.model, 0, "open /dev"), 0);
	host_done(&host);
}

Test(device_open, no_permission)
{
	struct host host = host_with_nvme();

	model_refuse(host.model, "/dev/vfio/devices/vfio0", -EACCES);
	check_error(pt_device_open(host.sys, "02:00.0", &host.device, &host.err), -EACCES, host.err,
		    "0000:02:00.0");
	cr_assert(strstr(host.err.message, "/dev/vfio/devices/vfio0"), "%s", host.err.message);
	check_remedy(host.err, "/dev/vfio/devices/vfio0");
	host_done(&host);
}

Test(device_open, its_driver_is_being_unbound)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct host host = {.model = model_new()};

	host.sys = model_sys(host.model);
	model_add(host.model, &pci)->unregistered = true;
	check_error(pt_device_open(host.sys, "02:00.0", &host.device, &host.err), -ENODEV, host.err,
		    "0000:02:00.0");
	host_done(&host);
}

/* udev lags behind: the node's name is the old device's, its number the new one's. */
Test(device_open, a_node_with_another_number_is_another_device)
{
	struct host host = host_with_nvme();
	struct model_pci other = model_nvme("0000:03:00.0", 27);

	model_add(host.model, &other);
	model_put_node(host.model, "/dev/vfio/devices/vfio0", 511, 1);
	check_error(pt_device_open(host.sys, "02:00.0", &host.device, &host.err), -EINVAL, host.err,
		    "0000:02:00.0");
	cr_assert(strstr(host.err.message, "vfio0"), "%s", host.err.message);
	host_done(&host);
}

Test(device_open, a_kernel_without_cdevs)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct host host = {.model = model_new()};

	host.sys = model_sys(host.model);
	model_host(host.model)->no_cdev = true;
	model_add(host.model, &pci);
	check_error(pt_device_open(host.sys, "02:00.0", &host.device, &host.err), -ENOENT, host.err,
		    "0000:02:00.0");
	check_remedy(host.err, "CONFIG_VFIO_DEVICE_CDEV");
	host_done(&host);
}

Test(device_open, a_descriptor_is_taken)
{
	struct host host = host_with_nvme();
	int fd = model_open(host.model, "/dev/vfio/devices/vfio0");

	check_ok(pt_device_open_fd(host.sys, fd, "0000:02:00.0", &host.device, &host.err),
		 host.err);
	cr_assert_str_eq(pt_device_bdf(host.device), "0000:02:00.0");
	cr_assert_eq(pt_device_kvm_fd(host.device), fd);
	pt_device_close(host.device);
	host_done(&host);
}

Test(device_open, a_descriptor_of_any_device)
{
	struct host host = host_with_nvme();
	int fd = model_open(host.model, "/dev/vfio/devices/vfio0");

	check_ok(pt_device_open_fd(host.sys, fd, NULL, &host.device, &host.err), host.err);
	cr_assert_str_eq(pt_device_bdf(host.device), "0000:02:00.0");
	pt_device_close(host.device);
	host_done(&host);
}

/* On failure it stays the caller's: model_close() of a closed one would be a violation. */
Test(device_open, a_descriptor_of_another_device)
{
	struct host host = host_with_nvme();
	int fd = model_open(host.model, "/dev/vfio/devices/vfio0");

	check_error(pt_device_open_fd(host.sys, fd, "0000:03:00.0", &host.device, &host.err),
		    -EINVAL, host.err, "0000:02:00.0");
	cr_assert(strstr(host.err.message, "0000:03:00.0"), "%s", host.err.message);
	model_close(host.model, fd);
	host_done(&host);
}

Test(device_open, a_descriptor_that_is_no_vfio_device)
{
	struct host host = host_with_nvme();
	int event = host.sys->eventfd(host.sys->ctx);
	int iommu = model_open(host.model, "/dev/iommu");

	check_error(pt_device_open_fd(host.sys, event, NULL, &host.device, &host.err), -ENOTTY,
		    host.err, "descriptor");
	check_error(pt_device_open_fd(host.sys, iommu, NULL, &host.device, &host.err), -ENOTTY,
		    host.err, "descriptor");
	check_error(pt_device_open_fd(host.sys, 9999, NULL, &host.device, &host.err), -EBADF,
		    host.err, "9999");
	model_close(host.model, event);
	model_close(host.model, iommu);
	host_done(&host);
}

Test(device_open, no_memory_for_the_object_leaves_a_descriptor_with_its_owner)
{
	struct host host = host_with_nvme();
	int fd = model_open(host.model, "/dev/vfio/devices/vfio0");
	unsigned calls;

	check_ok(pt_device_open_fd(host.sys, fd, NULL, &host.device, &host.err), host.err);
	pt_device_close(host.device);
	calls = model_fault(host.model)->calls;
	fd = model_open(host.model, "/dev/vfio/devices/vfio0");
	/* The allocation is its last call. */
	*model_fault(host.model) = (struct model_fault){.countdown = calls, .error = -ENOMEM};
	check_error(pt_device_open_fd(host.sys, fd, NULL, &host.device, &host.err), -ENOMEM,
		    host.err, "0000:02:00.0");
	model_close(host.model, fd);
	host_done(&host);
}
