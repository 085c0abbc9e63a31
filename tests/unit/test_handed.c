/* SPDX-License-Identifier: MIT */
/* Descriptors that were handed in: which of them are the guest's devices. */
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "config/passthrough_device.h"
#include "host/handed.h"

struct fixture {
	struct model *model;
	const struct pt_sys *sys;
	struct handed handed;
	struct vm_config config;
	struct device_request requests[VM_DEVICES_MAX];
	enum backend_choice backend;
	struct pt_error err;
};

/* Two NVMe disks: 0000:02:00.0 is vfio0 and in group 26, 0000:03:00.0 vfio1 and 27. */
static struct fixture start(void)
{
	struct model_pci first = model_nvme("0000:02:00.0", 26);
	struct model_pci second = model_nvme("0000:03:00.0", 27);
	struct fixture f = {.model = model_new()};

	f.sys = model_sys(f.model);
	model_add(f.model, &first);
	model_add(f.model, &second);
	vm_config_init(&f.config);
	return f;
}

static void hand_in(struct fixture *f, const char *node, const char *name)
{
	struct handed_fd *fd = &f->handed.fds[f->handed.count++];

	fd->fd = model_open(f->model, node);
	(void)snprintf(fd->name, sizeof(fd->name), "%s", name);
}

static void want(struct fixture *f, const char *option)
{
	check_ok(device_kind_option(&passthrough_kind, option, &f->config, &f->err), f->err);
}

static void want_iommufd(struct fixture *f, const char *text)
{
	f->config.iommufd = strdup(text);
}

static int find(struct fixture *f)
{
	f->err = (struct pt_error)PT_ERROR_INIT;
	return handed_devices(f->sys, &f->handed, &f->config, f->requests, &f->backend, &f->err);
}

static void finish(struct fixture *f)
{
	for (size_t i = 0; i < f->handed.count; i++)
		model_close(f->model, f->handed.fds[i].fd);
	check_clean(f->model);
	model_free(f->model);
	vm_config_done(&f->config);
}

Test(handed, a_device_by_the_name_of_its_descriptor)
{
	struct fixture f = start();

	hand_in(&f, "/dev/vfio/devices/vfio1", "disk");
	want(&f, "fd=disk,slot=4");
	check_ok(find(&f), f.err);
	cr_assert_str_eq(f.requests[0].name, "0000:03:00.0");
	cr_assert_eq(f.requests[0].fd, f.handed.fds[0].fd);
	cr_assert_eq(f.backend, BACKEND_CDEV);
	finish(&f);
}

Test(handed, a_device_by_the_number_of_its_descriptor)
{
	struct fixture f = start();
	char option[32];

	hand_in(&f, "/dev/vfio/devices/vfio0", "");
	(void)snprintf(option, sizeof(option), "fd=%d", f.handed.fds[0].fd);
	want(&f, option);
	check_ok(find(&f), f.err);
	cr_assert_str_eq(f.requests[0].name, "0000:02:00.0");
	finish(&f);
}

Test(handed, a_device_that_is_named_too_must_be_it)
{
	struct fixture f = start();

	hand_in(&f, "/dev/vfio/devices/vfio0", "disk");
	want(&f, "0000:02:00.0,fd=disk");
	check_ok(find(&f), f.err);
	want(&f, "0000:03:00.0,fd=disk");
	check_error(find(&f), -EINVAL, f.err, "is 0000:02:00.0, not 0000:03:00.0");
	check_remedy(f.err, "the node of 0000:03:00.0");
	finish(&f);
}

Test(handed, a_node_of_a_named_device_is_used_unasked)
{
	struct fixture f = start();

	hand_in(&f, "/dev/kvm", "something-else");
	hand_in(&f, "/dev/vfio/devices/vfio1", "");
	want(&f, "0000:02:00.0");
	want(&f, "0000:03:00.0");
	check_ok(find(&f), f.err);
	cr_assert_eq(f.requests[0].fd, 0);
	cr_assert_eq(f.requests[1].fd, f.handed.fds[1].fd);
	finish(&f);
}

Test(handed, a_node_for_the_other_backend_is_not_used_unasked)
{
	struct fixture f = start();

	hand_in(&f, "/dev/vfio/devices/vfio0", "");
	want(&f, "0000:02:00.0");
	f.config.backend = BACKEND_GROUP;
	check_ok(find(&f), f.err);
	cr_assert_eq(f.requests[0].fd, 0);
	cr_assert_eq(f.backend, BACKEND_GROUP);
	finish(&f);
}

Test(handed, a_group_needs_the_name_of_its_device)
{
	struct fixture f = start();

	hand_in(&f, "/dev/vfio/26", "group");
	want(&f, "0000:02:00.0,fd=group");
	check_ok(find(&f), f.err);
	cr_assert_eq(f.requests[0].fd, f.handed.fds[0].fd);
	cr_assert_eq(f.backend, BACKEND_GROUP);
	want(&f, "fd=group");
	check_error(find(&f), -EINVAL, f.err, "IOMMU group 26");
	check_remedy(f.err, "--device 0000:02:00.0,fd=");
	finish(&f);
}

Test(handed, a_group_is_nothing_for_cdevs)
{
	struct fixture f = start();

	hand_in(&f, "/dev/vfio/26", "group");
	f.config.backend = BACKEND_CDEV;
	want(&f, "0000:02:00.0,fd=group");
	check_error(find(&f), -EINVAL, f.err, "by groups");
	check_remedy(f.err, "--backend group");
	finish(&f);
}

Test(handed, groups_and_cdevs_do_not_mix)
{
	struct fixture f = start();

	hand_in(&f, "/dev/vfio/26", "group");
	hand_in(&f, "/dev/vfio/devices/vfio1", "cdev");
	want(&f, "0000:02:00.0,fd=group");
	want(&f, "fd=cdev");
	check_error(find(&f), -EINVAL, f.err, "by cdevs");
	finish(&f);
}

Test(handed, a_descriptor_of_something_else)
{
	struct fixture f = start();

	hand_in(&f, "/dev/kvm", "kvm");
	hand_in(&f, "/dev/iommu", "iommu");
	want(&f, "fd=kvm");
	check_error(find(&f), -ENOTTY, f.err, "neither VFIO");
	vm_config_done(&f.config);
	vm_config_init(&f.config);
	want(&f, "fd=iommu");
	check_error(find(&f), -ENOTTY, f.err, "is /dev/iommu, not a device");
	check_remedy(f.err, "--iommufd fd=");
	finish(&f);
}

Test(handed, a_number_that_is_not_open)
{
	struct fixture f = start();

	want(&f, "fd=9999");
	check_error(find(&f), -EBADF, f.err, "descriptor 9999: it is not open");
	vm_config_done(&f.config);
	vm_config_init(&f.config);
	want(&f, "fd=1");
	check_error(find(&f), -EBADF, f.err, "standard input");
	finish(&f);
}

Test(handed, a_name_that_is_not_there)
{
	struct fixture f = start();

	want(&f, "fd=gpu");
	check_error(find(&f), -ENOENT, f.err, "\"gpu\" was handed in, nor any other");
	check_remedy(f.err, "OpenFile=");
	hand_in(&f, "/dev/vfio/devices/vfio0", "disk");
	hand_in(&f, "/dev/iommu", "iommu");
	check_error(find(&f), -ENOENT, f.err, "there are: disk, iommu");
	finish(&f);
}

Test(handed, what_the_devices_are_attached_to)
{
	struct fixture f = start();
	int fd = -1;

	hand_in(&f, "/dev/vfio/vfio", "container");
	hand_in(&f, "/dev/iommu", "iommu");
	check_ok(handed_space(f.sys, &f.handed, &f.config, PT_BACKEND_CDEV, &fd, &f.err), f.err);
	cr_assert_eq(fd, f.handed.fds[1].fd);
	check_ok(handed_space(f.sys, &f.handed, &f.config, PT_BACKEND_GROUP, &fd, &f.err), f.err);
	cr_assert_eq(fd, f.handed.fds[0].fd);
	want_iommufd(&f, "fd=container");
	check_ok(find(&f), f.err);
	cr_assert_eq(f.backend, BACKEND_GROUP);
	check_error(handed_space(f.sys, &f.handed, &f.config, PT_BACKEND_CDEV, &fd, &f.err),
		    -ENOTTY, f.err, "is not /dev/iommu");
	finish(&f);
}

Test(handed, nothing_handed_in)
{
	struct fixture f = start();
	int fd = -1;

	want(&f, "0000:02:00.0");
	check_ok(find(&f), f.err);
	cr_assert_eq(f.requests[0].fd, 0);
	cr_assert_str_eq(f.requests[0].name, "0000:02:00.0");
	cr_assert_eq(f.backend, BACKEND_AUTO);
	check_ok(handed_space(f.sys, &f.handed, &f.config, PT_BACKEND_CDEV, &fd, &f.err), f.err);
	cr_assert_eq(fd, 0);
	finish(&f);
}

static void set_environment(const char *count, const char *names, int ours)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)(ours ? getpid() : getppid()));
	(void)setenv("LISTEN_PID", pid, 1);
	(void)setenv("LISTEN_FDS", count, 1);
	(void)setenv("LISTEN_FDNAMES", names, 1);
}

Test(handed, from_the_service_manager)
{
	struct pt_error err = PT_ERROR_INIT;
	struct handed handed = {0};

	set_environment("3", "iommu::gpu", 1);
	check_ok(handed_take(&handed, &err), err);
	cr_assert_eq(handed.count, 3);
	cr_assert_eq(handed.fds[2].fd, 5);
	cr_assert_str_eq(handed.fds[0].name, "iommu");
	cr_assert_str_eq(handed.fds[1].name, "");
	cr_assert_str_eq(handed.fds[2].name, "gpu");
	cr_assert_null(getenv("LISTEN_FDS"));
}

Test(handed, meant_for_another_process)
{
	struct pt_error err = PT_ERROR_INIT;
	struct handed handed = {0};

	set_environment("3", "iommu::gpu", 0);
	check_ok(handed_take(&handed, &err), err);
	cr_assert_eq(handed.count, 0);
}

Test(handed, a_service_manager_that_makes_no_sense)
{
	struct pt_error err = PT_ERROR_INIT;
	struct handed handed = {0};

	set_environment("many", "", 1);
	check_error(handed_take(&handed, &err), -EINVAL, err, "\"many\"");
	set_environment("65", "", 1);
	err = (struct pt_error)PT_ERROR_INIT;
	check_error(handed_take(&handed, &err), -E2BIG, err, "more than 64");
	check_remedy(err, "/dev/iommu");
	set_environment("2", "only-one", 1);
	check_ok(handed_take(&handed, &err), err);
	cr_assert_eq(handed.count, 2);
	cr_assert_str_eq(handed.fds[1].name, "");
}
