/* SPDX-License-Identifier: MIT */
/* The limit of pinned memory: what counts, for whom, and what is said of it. */
#include "check.h"

#define MIB (1ull << 20)

struct host {
	struct model *model;
	struct pt_space *space;
	struct pt_error err;
};

static struct host host_open(bool privileged)
{
	struct host host = {.model = model_new()};

	model_host(host.model)->no_sys_resource = !privileged;
	check_ok(pt_space_open(model_sys(host.model), NULL, &host.space, &host.err), host.err);
	return host;
}

static void host_close(struct host *host)
{
	pt_space_close(host->space);
	check_clean(host->model);
	model_free(host->model);
}

static int check_limit(struct host *host, uint64_t bytes)
{
	return pt_space_check_limit(host->space, bytes, &host->err);
}

Test(memlock, who_may_has_pages_counted_for_the_process_as_the_very_first_thing)
{
	struct host host = host_open(true);

	cr_assert(model_ordered(host.model, 0, "IOMMU_OPTION", "IOMMU_IOAS_ALLOC"));
	cr_assert_eq(model_calls(host.model, 0, "IOMMU_OPTION"), 1);
	host_close(&host);
}

Test(memlock, a_descriptor_of_somebody_elses_is_left_as_it_is)
{
	struct model *model = model_new();
	struct pt_error err = PT_ERROR_INIT;
	int fd = model_open(model, "/dev/iommu");
	struct pt_space *space;

	check_ok(pt_space_open_fd(model_sys(model), NULL, fd, &space, &err), err);
	cr_assert_eq(model_calls(model, 0, "IOMMU_OPTION"), 0);
	pt_space_close(space);
	model_close(model, fd);
	check_clean(model);
	model_free(model);
}

Test(memlock, no_limit_is_not_looked_into)
{
	struct host host = host_open(false);
	unsigned mark = model_mark(host.model);

	check_ok(check_limit(&host, UINT64_MAX - 1), host.err);
	cr_assert_eq(model_mark(host.model), mark);
	host_close(&host);
}

Test(memlock, counted_for_the_process)
{
	struct host host = host_open(true);

	model_host(host.model)->memlock = 8 * MIB;
	model_process_memory(host.model, 77, "other", 1000, 0, 64 * MIB, false);
	check_ok(check_limit(&host, 8 * MIB), host.err);
	check_error(check_limit(&host, 8 * MIB + 4096), -ENOMEM, host.err, "8192 KiB");
	cr_assert(strstr(host.err.message, "this process"), "%s", host.err.message);
	check_remedy(host.err, "ulimit -l 8196 in");
	check_remedy(host.err, "LimitMEMLOCK=infinity");
	host_close(&host);
}

Test(memlock, counted_for_the_user_names_who_has_most)
{
	struct host host = host_open(false);

	model_host(host.model)->memlock = 16 * MIB;
	model_process_memory(host.model, 77, "first", 1000, 0, 2 * MIB, false);
	model_process_memory(host.model, 78, "second one", 1000, 0, 6 * MIB, false);
	check_ok(check_limit(&host, 8 * MIB), host.err);
	check_error(check_limit(&host, 9 * MIB), -ENOMEM, host.err,
		    "16384 KiB for all processes of user 1000");
	cr_assert(strstr(host.err.message, "8192 KiB are in use"), "%s", host.err.message);
	cr_assert(strstr(host.err.message, "6144 KiB of it by second one (pid 78)"), "%s",
		  host.err.message);
	check_remedy(host.err, "ulimit -l 17408 in");
	host_close(&host);
}

/* What is not in the kernel's sum must not be in ours. */
Test(memlock, who_is_not_counted_for_the_user)
{
	struct host host = host_open(false);

	model_host(host.model)->memlock = 16 * MIB;
	model_process_memory(host.model, 77, "root", 0, 0, 64 * MIB, true);
	model_process_memory(host.model, 78, "able", 1000, 0, 64 * MIB, true);
	model_process_memory(host.model, 79, "foreign", 1001, 0, 64 * MIB, false);
	model_process_memory(host.model, 80, "itself", 1000, 64 * MIB, 64 * MIB, false);
	model_put_dir(host.model, "/proc/81");
	check_ok(check_limit(&host, 16 * MIB), host.err);
	host_close(&host);
}

Test(memlock, what_is_pinned_already_counts)
{
	struct host host = host_open(false);
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	const struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};
	struct pt_device *device;

	model_host(host.model)->memlock = 16 * MIB;
	model_add(host.model, &pci);
	check_ok(pt_device_open(host.space, pci.bdf, NULL, &device, &host.err), host.err);
	check_ok(pt_device_attach(device, &host.err), host.err);
	check_ok(pt_space_map(host.space, 0, 12 * MIB, &memory, PT_MAP_READ, &host.err), host.err);
	check_error(check_limit(&host, 8 * MIB), -ENOMEM, host.err, "12288 KiB are in use");
	cr_assert(strstr(host.err.message, "test (pid 4242)"), "%s", host.err.message);
	check_error(pt_space_map(host.space, 1ull << 32, 8 * MIB, &memory, PT_MAP_READ, &host.err),
		    -ENOMEM, host.err, "IOVA 0x100000000-0x1007fffff");
	cr_assert(strstr(host.err.message, "12288 KiB are in use"), "%s", host.err.message);
	check_remedy(host.err, "ulimit -l 20480 in");
	pt_device_close(device);
	host_close(&host);
}

/* Buffers of io_uring, processes of other PID namespaces. */
Test(memlock, what_proc_does_not_show_is_left_to_the_kernel)
{
	struct host host = host_open(false);
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	const struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};
	struct pt_device *device;

	model_host(host.model)->memlock = 16 * MIB;
	model_process_memory(host.model, 77, "hidden", 1000, 0, 12 * MIB, false);
	model_remove(host.model, "/proc/77/status");
	model_add(host.model, &pci);
	check_ok(check_limit(&host, 8 * MIB), host.err);
	check_ok(pt_space_map(host.space, 0, 8 * MIB, &memory, PT_MAP_READ, &host.err), host.err);
	check_ok(pt_device_open(host.space, pci.bdf, NULL, &device, &host.err), host.err);
	check_error(pt_device_attach(device, &host.err), -ENOMEM, host.err,
		    "0000:02:00.0: cannot be attached");
	check_remedy(host.err, "RLIMIT_MEMLOCK, which is 16384 KiB for all processes of this user");
	pt_device_close(device);
	host_close(&host);
}

Test(memlock, a_sum_beyond_64_bits_is_too_much)
{
	struct host host = host_open(false);

	model_host(host.model)->memlock = 16 * MIB;
	model_process_memory(host.model, 77, "other", 1000, 0, MIB, false);
	check_error(check_limit(&host, UINT64_MAX), -ENOMEM, host.err, "RLIMIT_MEMLOCK");
	host_close(&host);
}

/* The same without a space: what one that is opened would say. */
static void same_without_space(bool privileged, uint64_t limit, uint64_t bytes)
{
	struct host host = host_open(privileged);
	struct pt_error before = PT_ERROR_INIT;
	int r;

	model_host(host.model)->memlock = limit;
	model_process_memory(host.model, 77, "other", 1000, 0, 6 * MIB, false);
	r = pt_host_check_limit(model_sys(host.model), PT_BACKEND_CDEV, bytes, &before);
	cr_assert_eq(check_limit(&host, bytes), r);
	cr_assert_str_eq(host.err.message, before.message);
	cr_assert_str_eq(host.err.remedy, before.remedy);
	host_close(&host);
}

Test(memlock, before_a_space_is_opened)
{
	same_without_space(true, 8 * MIB, 4 * MIB);
	same_without_space(true, 8 * MIB, 9 * MIB);
	same_without_space(false, 8 * MIB, 4 * MIB);
	same_without_space(false, UINT64_MAX, 4 * MIB);
}
