/* SPDX-License-Identifier: MIT */
/* What is not mapped or unmapped: each errno has a cause of its own, found in what this process has there. */
#include "host.h"

#define HVA 0x7f0000000000ull

static struct host host_open(void)
{
	struct host host = host_new(NULL);
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	host.hw = model_add(host.model, &pci);
	check_ok(pt_device_open(host.space, "02:00.0", NULL, &host.device, &host.err), host.err);
	check_ok(attach(&host), host.err);
	return host;
}

static int map_at(struct host *host, uint64_t hva, unsigned access)
{
	const struct pt_memory memory = {.hva = (void *)(uintptr_t)hva, .fd = -1};

	return pt_space_map(host->space, 0x100000, 0x10000, &memory, access, &host->err);
}

static int map(struct host *host)
{
	return map_at(host, HVA, PT_MAP_READ | PT_MAP_WRITE);
}

static void fail(struct host *host, const char *call, int code)
{
	*model_fault(host->model) =
		(struct model_fault){.countdown = 1, .only = call, .error = code};
}

Test(maps_refused, each_errno_has_its_own_cause)
{
	static const struct {
		int code;
		const char *cause, *remedy;
	} rows[] = {
		{-EINVAL, "not whole pages of the IOMMU", "memfd_create"},
		{-EFAULT, "could not hold the pages", "memfd_create"},
		{-EPERM, "may not be written", "seals"},
		{-ENOMEM, "Cannot allocate memory", "free memory"},
		{-EEXIST, "somebody else has mapped", "fuser -v /dev/iommu"},
		{-ENOSPC, "no room", "larger pieces"},
		{-EOVERFLOW, "beyond", "lower"},
		{-ENODEV, "does not decode", "dmesg"},
		{-EIO, "the IOMMU did not take it", "dmesg | grep -i -e iommu"},
		{-EBUSY, "being unmapped", "try again"},
		{-ENOENT, "the address space is gone", "fuser -v /dev/iommu"},
		{-EBADF, "its descriptor is closed", "keep the descriptor open"},
		{-ENOTTY, "does not know the call", "6.6"},
		{-E2BIG, "knows only part", "uname -r"},
		{-EOPNOTSUPP, "no such thing", "uname -r"},
		{-ETIMEDOUT, "timed out", "dmesg"},
	};
	char messages[sizeof(rows) / sizeof(rows[0])][512];
	struct host host = host_open();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fail(&host, "IOMMU_IOAS_MAP", rows[i].code);
		check_error(map(&host), rows[i].code, host.err, rows[i].cause);
		cr_assert(strstr(host.err.message, "IOVA 0x100000-0x10ffff"), "%s",
			  host.err.message);
		check_remedy(host.err, rows[i].remedy);
		memcpy(messages[i], host.err.message, sizeof(messages[i]));
		for (size_t j = 0; j < i; j++)
			cr_assert_str_neq(messages[i], messages[j]);
	}
	check_ok(map(&host), host.err);
	host_close(&host);
}

Test(maps_refused, what_is_there_is_looked_at)
{
	static const struct {
		const char *maps, *range, *cause;
	} cases[] = {
		{"7f0000000000-7f0000004000 rw-s 00000000 00:01 7 /memfd:ram (deleted)\n"
		 "7f0000008000-7f0000020000 rw-s 00000000 00:01 7 /memfd:ram (deleted)\n",
		 "0x7f0000004000-0x7f0000007fff", "nothing is mapped there"},
		{"7f0000000000-7f0000004000 rw-s 00000000 00:01 7 /memfd:ram (deleted)\n",
		 "0x7f0000004000-0x7f000000ffff", "nothing is mapped there"},
		{"7f0000000000-7f0000008000 rw-p 00000000 00:00 0 \n"
		 "7f0000008000-7f0000020000 r--p 00000000 00:00 0 \n",
		 "0x7f0000008000-0x7f000000ffff", "may not be written"},
		{"7f0000000000-7f0000020000 ---p 00000000 00:00 0 \n", "0x7f0000000000",
		 "may not be read"},
		{"7f0000000000-7f0000020000 rw-s 00000000 00:05 7 /dev/vfio/devices/vfio0\n",
		 "/dev/vfio/devices/vfio0", "a device's BAR"},
		{"7f0000000000-7f0000020000 rw-s 00000000 08:01 7 /var/lib/guest.ram\n",
		 "/var/lib/guest.ram", "a file on a disk"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct host host = host_open();

		model_put_file(host.model, "/proc/self/maps", cases[i].maps);
		fail(&host, "IOMMU_IOAS_MAP", -EFAULT);
		check_error(map(&host), -EFAULT, host.err, cases[i].cause);
		cr_assert(strstr(host.err.message, cases[i].range), "%s", host.err.message);
		check_remedy(host.err, "memfd_create()");
		host_close(&host);
	}
}

/* Nothing is supposed where nothing is wrong, or nothing can be read. */
Test(maps_refused, what_looks_well_is_not_blamed)
{
	static const char *const maps[] = {
		"7f0000000000-7f0000020000 rw-s 00000000 00:01 7 /memfd:ram (deleted)\n",
		"7f0000000000-7f0000020000 rw-s 00000000 00:01 7 /dev/shm/a b\n",
		"7f0000000000-7f0000020000 rw-p 00000000 00:00 0\n",
		"nonsense\n",
		"no end",
		""};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		struct host host = host_open();

		model_put_file(host.model, "/proc/self/maps", maps[i]);
		fail(&host, "IOMMU_IOAS_MAP", -EFAULT);
		check_error(map(&host), -EFAULT, host.err, "could not hold the pages");
		host_close(&host);
	}
}

/* Devices are only to read it: then it may be read-only. */
Test(maps_refused, a_rom_may_be_read_only)
{
	struct host host = host_open();

	model_put_file(host.model, "/proc/self/maps",
		       "7f0000000000-7f0000020000 r--p 00000000 00:00 0\n");
	fail(&host, "IOMMU_IOAS_MAP", -EFAULT);
	check_error(map_at(&host, HVA, PT_MAP_READ), -EFAULT, host.err, "could not hold the pages");
	host_close(&host);
}

Test(maps_refused, an_address_that_begins_at_no_page)
{
	struct host host = host_open();

	check_error(map_at(&host, HVA + 0x200, PT_MAP_READ), -EINVAL, host.err,
		    "does not begin at a page");
	host_close(&host);
}

Test(maps_refused, unmapping)
{
	static const struct {
		int code;
		const char *cause, *remedy;
	} rows[] = {
		{-ENOENT, "changed what is mapped", "fuser -v /dev/iommu"},
		{-EINVAL, "across its end", "fuser -v /dev/iommu"},
		{-EBUSY, "queue in hardware", "try again"},
		{-EDEADLK, "mediated device", "mdev"},
		{-EBADF, "its descriptor is closed", "keep the descriptor open"},
		{-EIO, "the IOMMU did not do it", "dmesg"},
	};
	struct host host = host_open();

	check_ok(map(&host), host.err);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fail(&host, "IOMMU_IOAS_UNMAP", rows[i].code);
		check_error(pt_space_unmap(host.space, 0x100000, 0x10000, &host.err), rows[i].code,
			    host.err, rows[i].cause);
		check_remedy(host.err, rows[i].remedy);
	}
	check_ok(pt_space_unmap(host.space, 0x100000, 0x10000, &host.err), host.err);
	host_close(&host);
}
