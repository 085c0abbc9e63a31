/* SPDX-License-Identifier: MIT */
/* Opening a device: by every name, by a descriptor, and what stands in the way. */
#include "host.h"

static struct host host_with(const struct model_pci *pci)
{
	struct host host = host_new(NULL);

	model_add(host.model, pci);
	return host;
}

static struct host host_with_nvme(void)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	return host_with(&pci);
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

		check_ok(pt_device_open(host.space, names[i], NULL, &host.device, &host.err),
			 host.err);
		cr_assert_str_eq(pt_device_name(host.device), "0000:02:00.0");
		cr_assert_eq(pt_device_state(host.device), PT_DEVICE_OPENED);
		cr_assert_geq(pt_device_fd(host.device), 0);
		pt_device_close(host.device);
		host_done(&host);
	}
	pt_device_close(NULL);
}

Test(device_open, nothing_but_the_node_is_held_open)
{
	struct host host = host_with_nvme();
	char text[512];
	unsigned before = model_leaks(host.model, text, sizeof(text));

	check_ok(pt_device_open(host.space, "02:00.0", NULL, &host.device, &host.err), host.err);
	/* The descriptor, its file, and the object. */
	cr_assert_eq(model_leaks(host.model, text, sizeof(text)), before + 3, "%s", text);
	pt_device_close(host.device);
	host_done(&host);
}

Test(device_open, a_function_that_is_not_there)
{
	struct host host = host_with_nvme();

	host.device = (void *)1;
	check_error(pt_device_open(host.space, "0000:05:00.0", NULL, &host.device, &host.err),
		    -ENODEV, host.err, "0000:05:00.0");
	cr_assert_neq(host.err.remedy[0], '\0');
	cr_assert_eq(host.device, (void *)1, "written on success only");
	check_error(pt_device_open(host.space, "eth0", NULL, &host.device, &host.err), -EINVAL,
		    host.err, "eth0");
	host_done(&host);
}

Test(device_open, preflight_comes_before_the_node)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct host host;

	pci.driver = "nvme";
	host = host_with(&pci);
	check_error(pt_device_open(host.space, "02:00.0", NULL, &host.device, &host.err), -EBUSY,
		    host.err, "nvme");
	cr_assert_eq(model_calls(host.model, 0, "open /dev/vfio"), 0);
	host_done(&host);
}

Test(device_open, no_permission)
{
	struct host host = host_with_nvme();

	model_refuse(host.model, "/dev/vfio/devices/vfio0", -EACCES);
	check_error(pt_device_open(host.space, "02:00.0", NULL, &host.device, &host.err), -EACCES,
		    host.err, "0000:02:00.0");
	cr_assert(strstr(host.err.message, "/dev/vfio/devices/vfio0"), "%s", host.err.message);
	check_remedy(host.err, "/dev/vfio/devices/vfio0");
	host_done(&host);
}

Test(device_open, its_driver_is_being_unbound)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct host host = host_new(NULL);

	model_add(host.model, &pci)->unregistered = true;
	check_error(pt_device_open(host.space, "02:00.0", NULL, &host.device, &host.err), -ENODEV,
		    host.err, "0000:02:00.0");
	host_done(&host);
}

/* udev lags behind: the node's name is the old device's, its number the new one's. */
Test(device_open, a_node_with_another_number_is_another_device)
{
	struct host host = host_with_nvme();
	struct model_pci other = model_nvme("0000:03:00.0", 27);

	model_add(host.model, &other);
	model_put_node(host.model, "/dev/vfio/devices/vfio0", 511, 1);
	check_error(pt_device_open(host.space, "02:00.0", NULL, &host.device, &host.err), -EINVAL,
		    host.err, "0000:02:00.0");
	cr_assert(strstr(host.err.message, "vfio0"), "%s", host.err.message);
	host_done(&host);
}

Test(device_open, a_kernel_without_cdevs)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct host host = host_new(NULL);

	model_host(host.model)->no_cdev = true;
	model_add(host.model, &pci);
	check_error(pt_device_open(host.space, "02:00.0", NULL, &host.device, &host.err), -ENOENT,
		    host.err, "0000:02:00.0");
	check_remedy(host.err, "CONFIG_VFIO_DEVICE_CDEV");
	host_done(&host);
}

Test(device_open, a_descriptor_is_taken)
{
	struct host host = host_with_nvme();
	int fd = model_open(host.model, "/dev/vfio/devices/vfio0");

	check_ok(pt_device_open_fd(host.space, fd, "0000:02:00.0", NULL, &host.device, &host.err),
		 host.err);
	cr_assert_str_eq(pt_device_name(host.device), "0000:02:00.0");
	cr_assert_eq(pt_device_fd(host.device), fd);
	pt_device_close(host.device);
	host_done(&host);
}

Test(device_open, a_descriptor_of_any_device)
{
	struct host host = host_with_nvme();
	int fd = model_open(host.model, "/dev/vfio/devices/vfio0");

	check_ok(pt_device_open_fd(host.space, fd, NULL, NULL, &host.device, &host.err), host.err);
	cr_assert_str_eq(pt_device_name(host.device), "0000:02:00.0");
	pt_device_close(host.device);
	host_done(&host);
}

/* On failure it stays the caller's: model_close() of a closed one would be a violation. */
Test(device_open, a_descriptor_of_another_device)
{
	struct model_pci other = model_nvme("0000:03:00.0", 27);
	struct host host = host_with_nvme();
	int fd = model_open(host.model, "/dev/vfio/devices/vfio0");

	model_add(host.model, &other);
	check_error(pt_device_open_fd(host.space, fd, "03:00.0", NULL, &host.device, &host.err),
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

	check_error(pt_device_open_fd(host.space, event, NULL, NULL, &host.device, &host.err),
		    -ENOTTY, host.err, "descriptor");
	check_error(pt_device_open_fd(host.space, iommu, NULL, NULL, &host.device, &host.err),
		    -ENOTTY, host.err, "descriptor");
	check_error(pt_device_open_fd(host.space, 9999, NULL, NULL, &host.device, &host.err),
		    -EBADF, host.err, "9999");
	model_close(host.model, event);
	model_close(host.model, iommu);
	host_done(&host);
}

Test(device_open, whatever_fails_leaves_a_descriptor_with_its_owner)
{
	struct host host = host_with_nvme();
	struct model_fault *fault = model_fault(host.model);
	int fd = model_open(host.model, "/dev/vfio/devices/vfio0");
	unsigned n = 0;

	do {
		*fault = (struct model_fault){.countdown = ++n, .error = -ENOMEM};
		if (pt_device_open_fd(host.space, fd, NULL, NULL, &host.device, &host.err) == 0)
			break;
		cr_assert(fault->fired);
		cr_assert_eq(host.err.code, -ENOMEM, "call %u: %s", n, host.err.message);
	} while (fault->fired);
	cr_assert_gt(n, 5);
	pt_device_close(host.device);
	host_done(&host);
}

Test(device_open, a_token_that_is_no_uuid)
{
	static const char *const tokens[] = {
		"",
		"2ab74924-c335-45f4-9b16-8569e5b0825",
		"2ab74924-c335-45f4-9b16-8569e5b082588",
		"2ab74924c335-45f4-9b16-8569e5b08258-",
		"2ab74924-c335-45f4-9b16-8569e5b0825g",
	};

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		const struct pt_device_setup setup = {.vf_token = tokens[i]};
		struct host host = host_with_nvme();

		check_error(pt_device_open(host.space, "02:00.0", &setup, &host.device, &host.err),
			    -EINVAL, host.err, "not a UUID");
		host_done(&host);
	}
}

/* What KVM refuses is the open's failure, and the node is closed again. */

static int refuse_file(void *ctx, int fd, struct pt_error *err)
{
	(void)ctx;
	(void)fd;
	return pt_error_set(err, -ENXIO, "KVM knows no VFIO");
}

static void forget_file(void *ctx, int fd)
{
	(void)fd;
	*(bool *)ctx = true;
}

Test(device_open, kvm_does_not_take_it)
{
	static const struct pt_kvm_ops refusing = {.file_add = refuse_file,
						   .file_del = forget_file};
	bool forgotten = false;
	const struct pt_space_setup setup = {.kvm = &refusing, .kvm_ctx = &forgotten};
	struct host host = host_with_nvme();

	pt_space_close(host.space);
	check_ok(pt_space_open(host.sys, &setup, &host.space, &host.err), host.err);
	check_error(pt_device_open(host.space, "02:00.0", NULL, &host.device, &host.err), -ENXIO,
		    host.err, "0000:02:00.0: KVM knows no VFIO");
	cr_assert_not(forgotten, "what was never added is not taken out");
	host_done(&host);
}
