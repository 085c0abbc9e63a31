/* SPDX-License-Identifier: MIT */
/* The group backend: opening, binding, and what stands in the way. */
#include "../../passthrough/internal.h"
#include "host.h"

#define BDF   "0000:02:00.0"
#define OTHER "0000:02:00.1"
#define TOKEN "2ab74924-c335-45f4-9b16-8569e5b08258"

static const struct pt_space_setup by_group = {.backend = PT_BACKEND_GROUP};

static struct model_device *add(struct host *host, const char *bdf, int group)
{
	struct model_pci pci = model_nvme(bdf, group);

	return model_add(host->model, &pci);
}

static struct host host_open(void)
{
	struct host host = {.model = model_new()};

	host.sys = model_sys(host.model);
	model_host(host.model)->no_cdev = true;
	host.hw = add(&host, BDF, 26);
	check_ok(pt_space_open(host.sys, &by_group, &host.space, &host.err), host.err);
	return host;
}

static int open_device(struct host *host, const char *name, struct pt_device **ret_device)
{
	return pt_device_open(host->space, name, NULL, ret_device, &host->err);
}

Test(group_open, in_order_and_back)
{
	struct host host = host_open();

	check_ok(open_device(&host, "02:00.0", &host.device), host.err);
	cr_assert_eq(pt_device_state(host.device), PT_DEVICE_OPENED);
	cr_assert_eq(pt_device_fd(host.device), -1, "it answers on none before it is bound");
	cr_assert_eq(pt_space_backend(host.space), PT_BACKEND_GROUP);
	check_ok(pt_device_bind(host.device, &host.err), host.err);
	cr_assert_geq(pt_device_fd(host.device), 0);
	check_ok(pt_device_attach(host.device, &host.err), host.err);
	cr_assert(host.hw->bound && host.hw->attached);
	cr_assert(model_ordered(host.model, 0, "GET_STATUS", "SET_CONTAINER"));
	cr_assert(model_ordered(host.model, 0, "SET_CONTAINER", "VFIO_SET_IOMMU"));
	cr_assert(model_ordered(host.model, 0, "VFIO_SET_IOMMU", "GET_DEVICE_FD"));
	cr_assert(model_ordered(host.model, 0, "GET_DEVICE_FD", "VFIO_DEVICE_GET_INFO"));
	pt_device_close(host.device);
	cr_assert_not(host.hw->bound);
	cr_assert_eq(model_calls(host.model, 0, "IOMMU_IOAS"), 0);
	host_done(&host);
}

Test(group_open, detach_gives_the_device_up_and_attach_works_again)
{
	struct host host = host_open();

	check_ok(open_device(&host, BDF, &host.device), host.err);
	for (unsigned i = 0; i < 3; i++) {
		check_ok(pt_device_attach(host.device, &host.err), host.err);
		cr_assert(host.hw->attached);
		pt_device_detach(host.device);
		cr_assert_not(host.hw->attached);
		cr_assert_eq(pt_device_state(host.device), PT_DEVICE_OPENED);
		cr_assert_eq(pt_device_fd(host.device), -1);
	}
	cr_assert_eq(model_calls(host.model, 0, "UNSET_CONTAINER"), 3);
	cr_assert_eq(model_calls(host.model, 0, "open /dev/vfio/26"), 1);
	pt_device_close(host.device);
	host_done(&host);
}

/* One node, one file_add, one container. */

struct told {
	unsigned adds;
	unsigned dels;
	int fd;
};

static int file_add(void *ctx, int fd, struct pt_error *err)
{
	struct told *told = ctx;

	(void)err;
	told->adds++;
	told->fd = fd;
	return 0;
}

static void file_del(void *ctx, int fd)
{
	struct told *told = ctx;

	cr_assert_eq(fd, told->fd);
	told->dels++;
}

Test(group_open, functions_of_a_group_share_it)
{
	static const struct pt_kvm_ops ops = {.file_add = file_add, .file_del = file_del};
	struct told told = {0};
	const struct pt_space_setup setup = {
		.backend = PT_BACKEND_GROUP, .kvm = &ops, .kvm_ctx = &told};
	struct host host = host_open();
	struct model_device *second = add(&host, OTHER, 26);
	struct pt_device *other;

	pt_space_close(host.space);
	check_ok(pt_space_open(host.sys, &setup, &host.space, &host.err), host.err);
	check_ok(open_device(&host, BDF, &host.device), host.err);
	check_ok(open_device(&host, OTHER, &other), host.err);
	cr_assert_eq(told.adds, 1);
	check_ok(pt_device_attach(host.device, &host.err), host.err);
	check_ok(pt_device_attach(other, &host.err), host.err);
	cr_assert(second->bound);
	cr_assert_eq(model_calls(host.model, 0, "open /dev/vfio/26"), 1);
	cr_assert_eq(model_calls(host.model, 0, "SET_CONTAINER"), 1);
	cr_assert_eq(model_calls(host.model, 0, "VFIO_SET_IOMMU"), 1);
	pt_device_close(host.device);
	cr_assert_not(host.hw->bound);
	cr_assert(second->bound);
	cr_assert_eq(told.dels, 0, "the group is still in use");
	cr_assert_eq(model_calls(host.model, 0, "UNSET_CONTAINER"), 0);
	pt_device_close(other);
	cr_assert_eq(told.dels, 1);
	host_done(&host);
}

Test(group_open, groups_share_the_container)
{
	struct host host = host_open();
	struct pt_device *other;

	(void)add(&host, "0000:03:00.0", 27);
	check_ok(open_device(&host, BDF, &host.device), host.err);
	check_ok(open_device(&host, "0000:03:00.0", &other), host.err);
	check_ok(pt_device_attach(host.device, &host.err), host.err);
	check_ok(pt_device_attach(other, &host.err), host.err);
	cr_assert_eq(model_calls(host.model, 0, "SET_CONTAINER"), 2);
	cr_assert_eq(model_calls(host.model, 0, "VFIO_SET_IOMMU"), 1);
	pt_device_close(host.device);
	pt_device_close(other);
	host_done(&host);
}

Test(group_open, the_same_device_twice)
{
	struct host host = host_open();
	struct pt_device *other;

	check_ok(open_device(&host, BDF, &host.device), host.err);
	check_error(open_device(&host, BDF, &other), -EBUSY, host.err, BDF);
	pt_device_close(host.device);
	host_done(&host);
}

/* What stands in the way. */

Test(group_open, nodes_that_are_not_there)
{
	struct host host = host_open();

	model_remove(host.model, "/dev/vfio/26");
	check_error(open_device(&host, BDF, &host.device), -ENOENT, host.err, "/dev/vfio/26");
	check_remedy(host.err, "CONFIG_VFIO_GROUP");
	pt_space_close(host.space);
	model_remove(host.model, "/dev/vfio/vfio");
	check_error(pt_space_open(host.sys, &by_group, &host.space, &host.err), -ENOENT, host.err,
		    "/dev/vfio/vfio");
	check_remedy(host.err, "modprobe vfio_iommu_type1");
	host.space = NULL;
	host_done(&host);
}

Test(group_open, the_containers_driver_is_not_loaded)
{
	struct host host = host_open();

	pt_space_close(host.space);
	model_host(host.model)->no_type1 = true;
	check_error(pt_space_open(host.sys, &by_group, &host.space, &host.err), -ENODEV, host.err,
		    "/dev/vfio/vfio");
	check_remedy(host.err, "modprobe vfio_iommu_type1");
	host.space = NULL;
	host_done(&host);
}

Test(group_open, no_permission)
{
	struct host host = host_open();

	model_refuse(host.model, "/dev/vfio/26", -EACCES);
	check_error(open_device(&host, BDF, &host.device), -EACCES, host.err, BDF);
	cr_assert(strstr(host.err.message, "/dev/vfio/26"), "%s", host.err.message);
	check_remedy(host.err, "chown $USER /dev/vfio/26");
	pt_space_close(host.space);
	model_refuse(host.model, "/dev/vfio/vfio", -EACCES);
	check_error(pt_space_open(host.sys, &by_group, &host.space, &host.err), -EACCES, host.err,
		    "/dev/vfio/vfio");
	check_remedy(host.err, "chmod 666 /dev/vfio/vfio");
	host.space = NULL;
	host_done(&host);
}

Test(group_open, who_has_the_group_is_named)
{
	struct host host = host_open();

	host.hw->group_open = true;
	check_error(open_device(&host, BDF, &host.device), -EBUSY, host.err, "26");
	cr_assert_neq(host.err.remedy[0], '\0', "unknown holder");
	model_process(host.model, 815, "crosvm", "/dev/vfio/26");
	check_error(open_device(&host, BDF, &host.device), -EBUSY, host.err, "crosvm (pid 815)");
	cr_assert(strstr(host.err.message, BDF), "%s", host.err.message);
	cr_assert(strstr(host.err.message, "/dev/vfio/26"), "%s", host.err.message);
	host_done(&host);
}

Test(group_open, another_space_of_this_process_has_the_group)
{
	struct host host = host_open();

	host.hw->group_open = true;
	model_put_link(host.model, "/proc/self", "42");
	model_process(host.model, 42, "tenon", "/dev/vfio/26");
	check_error(open_device(&host, BDF, &host.device), -EBUSY, host.err, "this process");
	host_done(&host);
}

/* A sibling is bound by its cdev, by somebody else or by this process: the kernel forbids to mix. */
Test(group_open, a_sibling_that_is_bound_by_its_cdev_is_named)
{
	struct host host = {.model = model_new()};

	host.sys = model_sys(host.model);
	(void)add(&host, BDF, 26);
	add(&host, OTHER, 26)->held = true;
	check_ok(pt_space_open(host.sys, &by_group, &host.space, &host.err), host.err);
	model_process(host.model, 4711, "qemu-system-x86", "/dev/vfio/devices/vfio1");
	check_error(open_device(&host, BDF, &host.device), -EBUSY, host.err,
		    "qemu-system-x86 (pid 4711)");
	cr_assert(strstr(host.err.message, OTHER), "%s", host.err.message);
	cr_assert(strstr(host.err.message, "both ways"), "%s", host.err.message);
	host_done(&host);
}

Test(group_open, a_cdev_of_this_process_and_the_reverse)
{
	struct host host = {.model = model_new()};
	struct pt_space *cdevs;
	struct pt_device *other;

	host.sys = model_sys(host.model);
	(void)add(&host, BDF, 26);
	(void)add(&host, OTHER, 26);
	model_put_link(host.model, "/proc/self", "42");
	check_ok(pt_space_open(host.sys, &by_group, &host.space, &host.err), host.err);
	check_ok(pt_space_open(host.sys, NULL, &cdevs, &host.err), host.err);
	check_ok(pt_device_open(cdevs, OTHER, NULL, &other, &host.err), host.err);
	check_ok(pt_device_bind(other, &host.err), host.err);
	model_process(host.model, 42, "tenon", "/dev/vfio/devices/vfio1");
	check_error(open_device(&host, BDF, &host.device), -EBUSY, host.err, "this process");
	cr_assert(strstr(host.err.message, OTHER), "%s", host.err.message);
	check_remedy(host.err, "in the same way");
	pt_device_close(other);
	check_ok(open_device(&host, BDF, &host.device), host.err);
	check_ok(pt_device_open(cdevs, OTHER, NULL, &other, &host.err), host.err);
	model_process(host.model, 42, "tenon", "/dev/vfio/26");
	check_error(pt_device_bind(other, &host.err), -EBUSY, host.err, "this process");
	cr_assert(strstr(host.err.message, "/dev/vfio/26"), "%s", host.err.message);
	check_remedy(host.err, "in the same way");
	pt_device_close(other);
	pt_device_close(host.device);
	pt_space_close(cdevs);
	host_done(&host);
}

Test(group_open, a_sibling_on_a_host_driver)
{
	struct host host = host_open();
	struct model_pci sibling = model_nvme(OTHER, 26);

	check_ok(open_device(&host, BDF, &host.device), host.err);
	/* After the open, so only the container can see it. */
	sibling.driver = "e1000e";
	model_add(host.model, &sibling);
	check_error(pt_device_bind(host.device, &host.err), -EPERM, host.err, BDF);
	cr_assert(strstr(host.err.message, OTHER), "%s", host.err.message);
	cr_assert(strstr(host.err.message, "e1000e"), "%s", host.err.message);
	check_remedy(host.err, OTHER);
	pt_device_close(host.device);
	check_error(open_device(&host, BDF, &host.device), -EBUSY, host.err, OTHER);
	host_done(&host);
}

Test(group_open, a_group_that_is_not_viable)
{
	struct host host = host_open();

	host.hw->foreign_owner = true;
	check_error(open_device(&host, BDF, &host.device), -EBUSY, host.err, "another owner");
	check_remedy(host.err, "/sys/kernel/iommu_groups/26");
	host_done(&host);
}

Test(group_open, interrupts_that_are_not_isolated)
{
	struct host host = host_open();

	host.hw->unsafe_interrupts = true;
	check_ok(open_device(&host, BDF, &host.device), host.err);
	check_error(pt_device_attach(host.device, &host.err), -EPERM, host.err, "interrupts");
	check_remedy(host.err, "vfio_iommu_type1.allow_unsafe_interrupts");
	host.hw->unsafe_interrupts = false;
	check_ok(pt_device_attach(host.device, &host.err), host.err);
	pt_device_close(host.device);
	host_done(&host);
}

Test(group_open, so_are_those_of_a_second_group)
{
	struct host host = host_open();
	struct pt_device *other;

	add(&host, "0000:03:00.0", 27)->unsafe_interrupts = true;
	check_ok(open_device(&host, BDF, &host.device), host.err);
	check_ok(open_device(&host, "0000:03:00.0", &other), host.err);
	check_ok(pt_device_attach(host.device, &host.err), host.err);
	check_error(pt_device_attach(other, &host.err), -EPERM, host.err, "0000:03:00.0");
	cr_assert(strstr(host.err.message, "interrupts"), "%s", host.err.message);
	pt_device_close(other);
	pt_device_close(host.device);
	host_done(&host);
}

Test(group_open, eagain_is_retried_and_not_for_ever)
{
	struct host host = host_open();

	check_ok(open_device(&host, BDF, &host.device), host.err);
	host.hw->bind_eagain = 5;
	check_ok(pt_device_attach(host.device, &host.err), host.err);
	cr_assert_eq(model_calls(host.model, 0, "GET_DEVICE_FD"), 6);
	pt_device_detach(host.device);
	host.hw->bind_eagain = 1000000;
	check_error(pt_device_attach(host.device, &host.err), -EAGAIN, host.err, BDF);
	cr_assert_leq(model_slept(host.model), 400);
	cr_assert_eq(pt_device_state(host.device), PT_DEVICE_OPENED);
	pt_device_close(host.device);
	host_done(&host);
}

Test(group_open, a_device_that_left_the_group_is_lost)
{
	struct host host = host_open();

	(void)add(&host, OTHER, 26);
	check_ok(open_device(&host, BDF, &host.device), host.err);
	host.hw->unregistered = true;
	check_error(pt_device_attach(host.device, &host.err), -ENODEV, host.err, BDF);
	cr_assert_eq(pt_device_state(host.device), PT_DEVICE_LOST);
	pt_device_close(host.device);
	host_done(&host);
}

/* VF tokens are part of the name. */

static int with_token(struct host *host, const char *token)
{
	const struct pt_device_setup setup = {.vf_token = token};
	int ret;

	check_ok(pt_device_open(host->space, BDF, &setup, &host->device, &host->err), host->err);
	ret = pt_device_attach(host->device, &host->err);
	pt_device_close(host->device);
	return ret;
}

Test(group_open, vf_tokens)
{
	struct model_pci physfn = model_nvme("0000:01:00.0", 25), vf = model_nvme(BDF, 26);
	struct host host = host_new(&by_group);

	vf.physfn = physfn.bdf;
	(void)model_add(host.model, &physfn);
	host.hw = model_add(host.model, &vf);
	host.hw->vf_token = TOKEN;
	check_ok(with_token(&host, "2AB74924-C335-45F4-9B16-8569E5B08258"), host.err);
	cr_assert_eq(model_calls(host.model, 0, "\"" BDF " vf_token=" TOKEN "\""), 1);
	check_error(with_token(&host, NULL), -EACCES, host.err,
		    BDF
		    ": its physical function 0000:01:00.0 is bound to vfio-pci, and it has to be "
		    "given the VF token");
	check_error(with_token(&host, "00000000-0000-0000-0000-000000000000"), -EACCES, host.err,
		    "not the one");
	check_remedy(host.err, "vf-token=UUID");
	check_remedy(host.err, "bind 0000:01:00.0 to its host driver");
	host.hw->vf_token = NULL;
	check_error(with_token(&host, TOKEN), -EINVAL, host.err, "takes no VF token");
	host_done(&host);
}

Test(group_open, the_device_itself_is_looked_at)
{
	struct host host = host_open();

	check_ok(open_device(&host, BDF, &host.device), host.err);
	model_stuck(host.hw);
	check_error(attach(&host), -EIO, host.err, "in power state D3cold");
	check_remedy(host.err, "power/control");
	host_close(&host);
	host = host_open();
	check_ok(open_device(&host, BDF, &host.device), host.err);
	model_kill(host.hw);
	check_error(attach(&host), -EIO, host.err, "does not answer");
	check_remedy(host.err, "pci/rescan");
	host_close(&host);
}

/* Descriptors that somebody else opened. */

Test(group_open, a_containers_descriptor_stays_its_owners)
{
	struct host host = host_open();
	int fd = model_open(host.model, "/dev/vfio/vfio"), other = host.sys->eventfd(host.sys->ctx);
	int cdev_space = model_open(host.model, "/dev/kvm");

	pt_space_close(host.space);
	check_error(pt_space_open_fd(host.sys, &by_group, other, &host.space, &host.err), -ENOTTY,
		    host.err, "/dev/vfio/vfio");
	check_error(pt_space_open_fd(host.sys, &by_group, cdev_space, &host.space, &host.err),
		    -ENOTTY, host.err, "descriptor");
	check_error(pt_space_open_fd(host.sys, &by_group, 9999, &host.space, &host.err), -EBADF,
		    host.err, "9999");
	check_ok(pt_space_open_fd(host.sys, &by_group, fd, &host.space, &host.err), host.err);
	cr_assert_eq(pt_space_fd(host.space), fd);
	check_ok(open_device(&host, BDF, &host.device), host.err);
	check_ok(pt_device_attach(host.device, &host.err), host.err);
	pt_device_close(host.device);
	pt_space_close(host.space);
	host.space = NULL;
	model_close(host.model, fd);
	model_close(host.model, other);
	model_close(host.model, cdev_space);
	host_done(&host);
}

static int take(struct host *host, int fd, const char *name, struct pt_device **ret_device)
{
	return pt_device_open_fd(host->space, fd, name, NULL, ret_device, &host->err);
}

Test(group_open, a_groups_descriptor_is_taken_for_all_its_functions)
{
	struct host host = host_open();
	struct pt_device *other;
	int fd;

	(void)add(&host, OTHER, 26);
	(void)add(&host, "0000:03:00.0", 27);
	fd = model_open(host.model, "/dev/vfio/26");
	check_error(take(&host, fd, NULL, &host.device), -EINVAL, host.err, "must be said");
	check_error(take(&host, fd, "03:00.0", &host.device), -EINVAL, host.err, "27");
	check_ok(take(&host, fd, BDF, &host.device), host.err);
	check_ok(take(&host, fd, OTHER, &other), host.err);
	check_ok(pt_device_attach(host.device, &host.err), host.err);
	check_ok(pt_device_attach(other, &host.err), host.err);
	pt_device_close(host.device);
	pt_device_close(other);
	host_done(&host);
}

Test(group_open, a_descriptor_that_is_no_group)
{
	struct host host = {.model = model_new()};
	int event, cdev, container;

	host.sys = model_sys(host.model);
	(void)add(&host, BDF, 26);
	check_ok(pt_space_open(host.sys, &by_group, &host.space, &host.err), host.err);
	event = host.sys->eventfd(host.sys->ctx);
	cdev = model_open(host.model, "/dev/vfio/devices/vfio0");
	container = model_open(host.model, "/dev/vfio/vfio");
	check_error(take(&host, event, BDF, &host.device), -ENOTTY, host.err, "group");
	check_error(take(&host, cdev, BDF, &host.device), -ENOTTY, host.err, "group");
	check_error(take(&host, container, BDF, &host.device), -ENOTTY, host.err, "group");
	check_error(take(&host, 9999, BDF, &host.device), -EBADF, host.err, "9999");
	model_close(host.model, event);
	model_close(host.model, cdev);
	model_close(host.model, container);
	host_done(&host);
}

Test(group_open, a_groups_descriptor_is_no_cdev)
{
	struct host host = host_open();
	int fd = model_open(host.model, "/dev/vfio/26");

	pt_space_close(host.space);
	check_ok(pt_space_open(host.sys, NULL, &host.space, &host.err), host.err);
	check_error(take(&host, fd, BDF, &host.device), -ENOTTY, host.err, "descriptor");
	model_close(host.model, fd);
	host_done(&host);
}

Test(group_open, whatever_fails_leaves_a_descriptor_with_its_owner)
{
	struct host host = host_open();
	struct model_fault *fault = model_fault(host.model);
	int fd = model_open(host.model, "/dev/vfio/26");
	unsigned n = 0;

	do {
		*fault = (struct model_fault){.countdown = ++n, .error = -ENOMEM};
		if (take(&host, fd, BDF, &host.device) == 0)
			break;
		cr_assert(fault->fired);
		cr_assert_eq(host.err.code, -ENOMEM, "call %u: %s", n, host.err.message);
	} while (fault->fired);
	cr_assert_gt(n, 5);
	pt_device_close(host.device);
	host_done(&host);
}

/* udev lags behind: the node's name is the old group's, its number the new one's. */
Test(group_open, a_node_with_another_number_is_another_group)
{
	struct host host = host_open();

	(void)add(&host, "0000:03:00.0", 27);
	model_put_node(host.model, "/dev/vfio/26", 242, 1);
	check_error(open_device(&host, BDF, &host.device), -EINVAL, host.err, "/dev/vfio/26");
	cr_assert(strstr(host.err.message, "another"), "%s", host.err.message);
	host_done(&host);
}

Test(group_open, the_groups_descriptors_can_be_had)
{
	struct host host = host_open();

	cr_assert_eq(pt_group_fd(host.space, 26), -1);
	check_ok(open_device(&host, BDF, &host.device), host.err);
	cr_assert_geq(pt_group_fd(host.space, 26), 0);
	cr_assert_eq(pt_group_fd(host.space, 27), -1);
	pt_device_close(host.device);
	cr_assert_eq(pt_group_fd(host.space, 26), -1);
	host_done(&host);
}
