/* SPDX-License-Identifier: MIT */
/* What the plan is told of devices: by sysfs, and by mediated devices themselves. */
#include "check.h"

#include <linux/kvm.h>

#include "host/host_facts.h"

#define MTTY "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"

static struct {
	struct pt_sys sys;
	int (*next)(void *ctx, int fd, unsigned long request, void *arg);
} seam;

/* The model's KVM knows of VFIO only. */
static int kvm_too(void *ctx, int fd, unsigned long request, void *arg)
{
	struct kvm_cpuid2 *cpuid = arg;

	switch (request) {
	case KVM_GET_API_VERSION:
		return 12;
	case KVM_CHECK_EXTENSION:
		return 8;
	case KVM_GET_SUPPORTED_CPUID:
		cpuid->nent = 1;
		cpuid->entries[0] =
			(struct kvm_cpuid_entry2){.function = 0x80000008, .eax = 0x3030};
		return 0;
	default:
		return seam.next(ctx, fd, request, arg);
	}
}

static int facts_of(struct model *model, const struct device_request *requests, size_t count,
		    struct host_facts *facts, struct pt_error *err)
{
	int ret;

	seam.sys = *model_sys(model);
	seam.next = seam.sys.ioctl;
	seam.sys.ioctl = kvm_too;
	ret = host_facts_look(&seam.sys, requests, count, NULL, facts, err);
	if (ret == 0 && facts->devices[0].refused.code) {
		*err = facts->devices[0].refused;
		ret = err->code;
		host_facts_done(facts);
	}
	return ret;
}

static void done(struct model *model, struct host_facts *facts)
{
	host_facts_done(facts);
	check_clean(model);
	model_free(model);
}

Test(device_facts, a_mediated_device_is_asked_and_given_back)
{
	const struct device_request requests[] = {{.name = MTTY}, {.name = "02:00.0"}};
	struct model_pci mtty = model_mtty(MTTY, 7), nvme = model_nvme("0000:02:00.0", 26);
	struct pt_error err = PT_ERROR_INIT;
	struct model *model = model_new();
	struct host_facts facts = {0};

	model_add(model, &mtty);
	model_add(model, &nvme);
	check_ok(facts_of(model, requests, 2, &facts, &err), err);
	cr_assert_eq(facts.devices[0].host.vendor, 0x4348);
	cr_assert_eq(facts.devices[0].host.bars[0].size, 8);
	cr_assert_eq(facts.devices[0].reserved_count, 0);
	cr_assert_eq(facts.devices[1].host.vendor, 0x1b36);
	cr_assert_eq(facts.devices[1].reserved_count, 1);
	cr_assert_eq(model_calls(model, 0, "BIND_IOMMUFD"), 1, "sysfs tells of a function");
	done(model, &facts);
}

Test(device_facts, a_mediated_device_that_is_in_use)
{
	const struct device_request request = {.name = MTTY};
	struct model_pci mtty = model_mtty(MTTY, 7);
	struct pt_error err = PT_ERROR_INIT;
	struct model *model = model_new();
	struct host_facts facts = {0};

	model_add(model, &mtty)->held = true;
	model_process(model, 4711, "tenon", "/dev/vfio/devices/vfio0");
	check_error(facts_of(model, &request, 1, &facts, &err), -EINVAL, err, "tenon (pid 4711)");
	done(model, &facts);
}

Test(device_facts, a_device_without_an_iommu)
{
	const struct device_request plain = {.name = "02:00.0"};
	const struct device_request unsafe = {.name = "02:00.0", .unsafe_noiommu = 1};
	struct model_pci nvme = model_nvme("0000:02:00.0", -1);
	struct pt_error err = PT_ERROR_INIT;
	struct model *model = model_new();
	struct host_facts facts = {0};

	model_host(model)->iommu = MODEL_IOMMU_NONE;
	model_host(model)->noiommu = PT_NOIOMMU_IOMMUFD;
	model_add(model, &nvme);
	check_error(facts_of(model, &plain, 1, &facts, &err), -ENODEV, err, "no IOMMU");
	check_ok(facts_of(model, &unsafe, 1, &facts, &err), err);
	cr_assert(facts.devices[0].host.noiommu);
	done(model, &facts);
}
