/* SPDX-License-Identifier: MIT */
#include "host/kvm_facts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <string.h>

#include "host/read_text.h"
#include "kvm/cpuid.h"
#include "kvm/kvm.h"

#define KVM_PATH	"/dev/kvm"
#define CPUINFO_SIZE	8192
#define CPUID_ENTRIES	512
#define CPUID_ADDRESSES 0x80000008u
#define PHYS_BITS_PC	36u /* of a processor without that leaf */

/* The word may be the last of a line, as in /proc/cpuinfo's flags. */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
		if ((at == text || strchr(" \t\n", at[-1])) && strchr(" \n", at[len]))
			return true;
	}
	return false;
}

/* The processor tells what would bring /dev/kvm about. */
static int no_kvm(const struct pt_sys *sys, int code, struct pt_error *err)
{
	char cpuinfo[CPUINFO_SIZE];

	(void)pt_error_set(err, code, KVM_PATH ": %s; a guest needs it",
			   code == -ENOENT ? "there is none" : "no driver answers");
	if (read_text(sys, "/proc/cpuinfo", cpuinfo, sizeof(cpuinfo)) < 0)
		cpuinfo[0] = '\0';
	if (has_word(cpuinfo, "vmx"))
		return pt_error_remedy(err, code,
				       "modprobe kvm_intel, as root; if that fails, turn on "
				       "VT-x in the firmware's settings");
	if (has_word(cpuinfo, "svm"))
		return pt_error_remedy(err, code,
				       "modprobe kvm_amd, as root; if that fails, turn on SVM "
				       "in the firmware's settings");
	return pt_error_remedy(err, code,
			       "turn on virtualization (VT-x or SVM) in the firmware's settings; "
			       "if this machine is itself a guest, nested virtualization on "
			       "its host");
}

static int open_failed(const struct pt_sys *sys, int code, struct pt_error *err)
{
	switch (code) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return no_kvm(sys, code, err);
	case -EACCES:
	case -EPERM:
		(void)pt_error_set(err, code, KVM_PATH ": no permission");
		return pt_error_remedy(err, code,
				       "run as root, or join its group: sudo usermod -aG kvm "
				       "$USER, then log in again");
	default:
		return pt_error_set(err, code, KVM_PATH ": %s", strerror(-code));
	}
}

/* KVM_GET_SUPPORTED_CPUID's physical address width; the narrower one where it tells what can be mapped from what exists. */
static unsigned phys_bits(const struct kvm_cpuid2 *cpuid)
{
	for (unsigned i = 0; i < cpuid->nent; i++) {
		uint32_t eax = cpuid->entries[i].eax;
		unsigned bits = eax & 0xff;
		unsigned guest_bits = eax >> 16 & 0xff;

		if (cpuid->entries[i].function != CPUID_ADDRESSES)
			continue;
		return guest_bits && guest_bits < bits ? guest_bits : bits;
	}
	return PHYS_BITS_PC;
}

/* Two are said elsewhere or are not KVM's to say: the deadline timer is its local APIC's, and each guest has a hypervisor. */
static void read_features(const struct pt_sys *sys, int fd, const struct kvm_cpuid2 *cpuid,
			  struct host_facts *facts)
{
	for (unsigned i = 0; i < CPU_FEATURES; i++)
		facts->cpu_has[i] = cpuid_has(cpuid, &cpu_features[i]);
	facts->cpu_has[cpu_feature_find("hypervisor")] = true;
	if (sys->ioctl(sys->ctx, fd, KVM_CHECK_EXTENSION,
		       (void *)(uintptr_t)KVM_CAP_TSC_DEADLINE_TIMER) > 0)
		facts->cpu_has[cpu_feature_find("tsc_deadline_timer")] = true;
}

static int read_cpuid(const struct pt_sys *sys, int fd, struct host_facts *facts,
		      struct pt_error *err)
{
	struct kvm_cpuid2 *cpuid =
		sys->alloc(sys->ctx, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	int ret;

	if (!cpuid)
		return pt_error_set(err, -ENOMEM, "out of memory");
	cpuid->nent = CPUID_ENTRIES;
	ret = sys->ioctl(sys->ctx, fd, KVM_GET_SUPPORTED_CPUID, cpuid);
	if (ret < 0)
		(void)pt_error_set(err, ret, KVM_PATH ": KVM_GET_SUPPORTED_CPUID: %s",
				   strerror(-ret));
	if (ret >= 0) {
		facts->guest_phys_bits = phys_bits(cpuid);
		read_features(sys, fd, cpuid, facts);
	}
	sys->free(sys->ctx, cpuid);
	return ret < 0 ? ret : 0;
}

static int read_max_cpus(const struct pt_sys *sys, int fd, unsigned *ret_cpus, struct pt_error *err)
{
	static const uintptr_t caps[] = {KVM_CAP_MAX_VCPUS, KVM_CAP_NR_VCPUS};

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		int ret = sys->ioctl(sys->ctx, fd, KVM_CHECK_EXTENSION, (void *)caps[i]);

		if (ret < 0)
			return pt_error_set(err, ret, KVM_PATH ": KVM_CHECK_EXTENSION: %s",
					    strerror(-ret));
		if (ret > 0) {
			*ret_cpus = (unsigned)ret;
			return 0;
		}
	}
	*ret_cpus = 4; /* what the kernel documents for a KVM that says neither */
	return 0;
}

/* Where the kernel does not say, as many as there can be CPUs (api.rst 4.7). */
static unsigned read_max_ids(const struct pt_sys *sys, int fd, unsigned cpus)
{
	int ret = sys->ioctl(sys->ctx, fd, KVM_CHECK_EXTENSION,
			     (void *)(uintptr_t)KVM_CAP_MAX_VCPU_ID);

	return ret > 0 ? (unsigned)ret : cpus;
}

static int read_open(const struct pt_sys *sys, int fd, struct host_facts *facts,
		     struct pt_error *err)
{
	unsigned cpus = 0;
	int ret = kvm_check_requirements(sys, fd, err);

	if (ret < 0)
		return ret;
	ret = read_max_cpus(sys, fd, &cpus, err);
	if (ret < 0)
		return ret;
	ret = read_cpuid(sys, fd, facts, err);
	if (ret < 0)
		return ret;
	facts->max_cpus = cpus;
	facts->max_cpu_ids = read_max_ids(sys, fd, cpus);
	return 0;
}

int kvm_facts_read(const struct pt_sys *sys, struct host_facts *facts, struct pt_error *err)
{
	int fd = sys->open(sys->ctx, KVM_PATH, O_RDWR);
	int ret;

	if (fd < 0)
		return open_failed(sys, fd, err);
	ret = read_open(sys, fd, facts, err);
	(void)sys->close(sys->ctx, fd);
	return ret;
}
