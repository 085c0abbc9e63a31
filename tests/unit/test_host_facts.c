/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#include "host/host_facts.h"

/* As much of a kernel as the facts need when no device is named: three files, of which one answers ioctls. */
struct fake {
	const char *cpuinfo;
	const char *meminfo;
	int kvm_error; /* of opening it */
	int api_version;
	unsigned long lacks; /* a capability; ULONG_MAX for none */
	int cap_max_vcpus;
	int cap_nr_vcpus;
	int cap_max_vcpu_id;
	int cpuid_error;
	uint32_t cpuid_eax; /* of leaf 0x80000008; 0: there is no such leaf */
	int open_count;
	size_t position;
	const char *reading;
};

enum { FD_KVM = 100, FD_TEXT };

static int fake_open(void *ctx, const char *path, int flags)
{
	struct fake *fake = ctx;
	const char *text = NULL;

	(void)flags;
	if (strcmp(path, "/dev/kvm") == 0) {
		if (!fake->kvm_error)
			fake->open_count++;
		return fake->kvm_error ? fake->kvm_error : FD_KVM;
	}
	if (strcmp(path, "/proc/cpuinfo") == 0)
		text = fake->cpuinfo;
	else if (strcmp(path, "/proc/meminfo") == 0)
		text = fake->meminfo;
	if (!text)
		return -ENOENT;
	fake->reading = text;
	fake->position = 0;
	fake->open_count++;
	return FD_TEXT;
}

static int fake_close(void *ctx, int fd)
{
	(void)fd;
	((struct fake *)ctx)->open_count--;
	return 0;
}

/* Ten bytes at most, so that a caller who reads once is found out. */
static int64_t fake_read(void *ctx, int fd, void *buf, size_t size)
{
	struct fake *fake = ctx;
	size_t left = strlen(fake->reading) - fake->position;

	cr_assert_eq(fd, FD_TEXT);
	if (size > left)
		size = left;
	if (size > 10)
		size = 10;
	memcpy(buf, fake->reading + fake->position, size);
	fake->position += size;
	return (int64_t)size;
}

static int fake_cpuid(const struct fake *fake, struct kvm_cpuid2 *cpuid)
{
	cr_assert_gt(cpuid->nent, 2);
	if (fake->cpuid_error)
		return fake->cpuid_error;
	cpuid->nent = fake->cpuid_eax ? 2 : 1;
	cpuid->entries[0] =
		(struct kvm_cpuid_entry2){.function = 1, .eax = 0x123456, .ecx = 1u << 25};
	cpuid->entries[1] =
		(struct kvm_cpuid_entry2){.function = 0x80000008, .eax = fake->cpuid_eax};
	return 0;
}

static int fake_capability(const struct fake *fake, unsigned long capability)
{
	switch (capability) {
	case KVM_CAP_MAX_VCPUS:
		return fake->cap_max_vcpus;
	case KVM_CAP_MAX_VCPU_ID:
		return fake->cap_max_vcpu_id;
	case KVM_CAP_NR_VCPUS:
		return fake->cap_nr_vcpus;
	case KVM_CAP_TSC_DEADLINE_TIMER:
		return 0;
	default:
		return capability != fake->lacks;
	}
}

static int fake_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
	const struct fake *fake = ctx;

	cr_assert_eq(fd, FD_KVM);
	switch (request) {
	case KVM_GET_API_VERSION:
		return fake->api_version;
	case KVM_CHECK_EXTENSION:
		return fake_capability(fake, (unsigned long)(uintptr_t)arg);
	case KVM_GET_SUPPORTED_CPUID:
		return fake_cpuid(fake, arg);
	default:
		return -ENOTTY;
	}
}

static uint64_t fake_memlock(void *ctx)
{
	(void)ctx;
	return 8 << 20;
}

static void *fake_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return calloc(1, size);
}

static void fake_free(void *ctx, void *ptr)
{
	(void)ctx;
	free(ptr);
}

static struct fake good_host(void)
{
	return (struct fake){
		.cpuinfo = "flags\t\t: fpu svm_lock sse\n",
		.meminfo = "MemTotal:       16384 kB\nMemFree: 1 kB\nMemAvailable:    8192 kB\n",
		.api_version = 12,
		.lacks = ULONG_MAX,
		.cap_max_vcpus = 710,
		.cap_nr_vcpus = 8,
		.cap_max_vcpu_id = 2048,
		.cpuid_eax = 0x3030,
	};
}

static int read_facts(struct fake *fake, struct host_facts *facts, struct pt_error *err)
{
	const struct pt_sys sys = {
		.ctx = fake,
		.open = fake_open,
		.close = fake_close,
		.read = fake_read,
		.ioctl = fake_ioctl,
		.memlock = fake_memlock,
		.alloc = fake_alloc,
		.free = fake_free,
	};
	int ret;

	*err = (struct pt_error)PT_ERROR_INIT;
	*facts = (struct host_facts){.max_cpus = 77};
	ret = host_facts_look(&sys, NULL, 0, NULL, facts, err);
	cr_assert_eq(fake->open_count, 0, "a file was left open");
	cr_assert(ret == 0 || facts->max_cpus == 77, "written on failure");
	if (ret == 0 && facts->kvm_error.code) {
		cr_assert_eq(facts->max_cpus, 0);
		cr_assert_gt(facts->memory_total, 0, "what does not depend on it is there");
		*err = facts->kvm_error;
		ret = err->code;
	}
	return ret;
}

Test(host_facts, a_good_host)
{
	struct fake fake = good_host();
	struct host_facts facts;
	struct pt_error err;

	cr_assert_eq(read_facts(&fake, &facts, &err), 0, "%s", err.message);
	cr_assert_eq(facts.guest_phys_bits, 48);
	cr_assert_eq(facts.max_cpus, 710);
	cr_assert_eq(facts.max_cpu_ids, 2048);
	cr_assert(facts.cpu_has[cpu_feature_find("hypervisor")]);
	cr_assert(facts.cpu_has[cpu_feature_find("aes")]);
	cr_assert_not(facts.cpu_has[cpu_feature_find("avx")]);
	cr_assert_not(facts.cpu_has[cpu_feature_find("tsc_deadline_timer")]);
	cr_assert_eq(facts.memory_total, 16 << 20);
	cr_assert_eq(facts.memory_available, 8 << 20);
	cr_assert_eq(facts.memlock, 8 << 20);
	cr_assert_eq(facts.device_count, 0);
	host_facts_done(&facts);
}

Test(host_facts, physical_widths)
{
	struct fake fake = good_host();
	struct host_facts facts;
	struct pt_error err;

	fake.cpuid_eax = 0x303934; /* 52 bits exist, 48 can be mapped */
	cr_assert_eq(read_facts(&fake, &facts, &err), 0);
	cr_assert_eq(facts.guest_phys_bits, 48);
	fake.cpuid_eax = 0x3027;
	cr_assert_eq(read_facts(&fake, &facts, &err), 0);
	cr_assert_eq(facts.guest_phys_bits, 39);
	fake.cpuid_eax = 0;
	cr_assert_eq(read_facts(&fake, &facts, &err), 0);
	cr_assert_eq(facts.guest_phys_bits, 36);
}

Test(host_facts, an_old_kvm_says_fewer_things)
{
	struct fake fake = good_host();
	struct host_facts facts;
	struct pt_error err;

	fake.cap_max_vcpus = 0;
	cr_assert_eq(read_facts(&fake, &facts, &err), 0);
	cr_assert_eq(facts.max_cpus, 8);
	fake.cap_nr_vcpus = 0;
	cr_assert_eq(read_facts(&fake, &facts, &err), 0);
	cr_assert_eq(facts.max_cpus, 4);
}

static void must_fail(struct fake *fake, int code, const char *message, const char *remedy)
{
	struct host_facts facts;
	struct pt_error err;
	int ret = read_facts(fake, &facts, &err);

	cr_assert_eq(ret, code, "%d", ret);
	cr_assert_str_eq(err.message, message, "%s", err.message);
	cr_assert_eq(strncmp(err.remedy, remedy, strlen(remedy)), 0, "%s", err.remedy);
	cr_assert_eq(*remedy == '\0', err.remedy[0] == '\0', "%s", err.remedy);
}

Test(host_facts, no_kvm)
{
	struct fake fake = good_host();

	fake.kvm_error = -ENOENT;
	must_fail(&fake, -ENOENT, "/dev/kvm: there is none; a guest needs it",
		  "turn on virtualization (VT-x or SVM) in the firmware's settings");
	fake.cpuinfo = "flags\t\t: fpu vmx sse\n";
	must_fail(&fake, -ENOENT, "/dev/kvm: there is none; a guest needs it",
		  "modprobe kvm_intel");
	fake.cpuinfo = "flags\t\t: fpu svm\n";
	must_fail(&fake, -ENOENT, "/dev/kvm: there is none; a guest needs it", "modprobe kvm_amd");
	fake.kvm_error = -ENODEV;
	must_fail(&fake, -ENODEV, "/dev/kvm: no driver answers; a guest needs it",
		  "modprobe kvm_amd");
	fake.cpuinfo = NULL;
	must_fail(&fake, -ENODEV, "/dev/kvm: no driver answers; a guest needs it",
		  "turn on virtualization");
}

Test(host_facts, no_permission)
{
	struct fake fake = good_host();

	fake.kvm_error = -EACCES;
	must_fail(&fake, -EACCES, "/dev/kvm: no permission", "run as root, or join its group");
}

Test(host_facts, not_the_kvm_we_know)
{
	struct fake fake = good_host();

	fake.api_version = 11;
	must_fail(&fake, -ENOTSUP, "/dev/kvm: interface version 11, not 12", "");
	fake.api_version = -ENOTTY;
	must_fail(&fake, -ENOTTY, "/dev/kvm: not KVM: Inappropriate ioctl for device", "");
	fake = good_host();
	fake.lacks = KVM_CAP_PIT2;
	must_fail(&fake, -EOPNOTSUPP, "/dev/kvm: the kernel's KVM lacks the interval timer",
		  "run a Linux kernel of 6.6 or later");
	fake = good_host();
	fake.cpuid_error = -E2BIG;
	must_fail(&fake, -E2BIG, "/dev/kvm: KVM_GET_SUPPORTED_CPUID: Argument list too long", "");
}

Test(host_facts, meminfo_that_is_none)
{
	struct fake fake = good_host();

	fake.meminfo = "Mem: a lot\n";
	must_fail(&fake, -EIO, "/proc/meminfo: it has no MemTotal", "");
	fake.meminfo = NULL;
	must_fail(&fake, -ENOENT, "/proc/meminfo: No such file or directory", "");
}
