/* SPDX-License-Identifier: MIT */
/* What host_facts_look() says of devices, and how it chooses the way to have them. */
#include "check.h"

#include <linux/kvm.h>

#include "host/host_facts.h"

/* The modelled kernel, with a KVM that answers what is asked of it before a guest is made. */
static int with_kvm(void *ctx, int fd, unsigned long request, void *arg)
{
	struct model *model = ctx;
	struct kvm_cpuid2 *cpuid = arg;

	if (request == KVM_CHECK_EXTENSION)
		return 8;
	if (request != KVM_GET_SUPPORTED_CPUID)
		return model_sys(model)->ioctl(ctx, fd, request, arg);
	cpuid->nent = 1;
	cpuid->entries[0] = (struct kvm_cpuid_entry2){.function = 0x80000008, .eax = 0x3030};
	return 0;
}

static int facts_of(struct model *model, size_t count, const enum pt_backend_kind *backend,
		    struct host_facts *ret_facts, struct pt_error *err)
{
	static const struct device_request requests[] = {{.name = "02:00.0"}, {.name = "03:00.0"}};
	struct pt_sys sys = *model_sys(model);
	int ret;

	sys.ioctl = with_kvm;
	ret = host_facts_look(&sys, requests, count, backend, ret_facts, err);
	for (size_t i = 0; i < count && ret == 0; i++) {
		const struct device_facts *device = &ret_facts->devices[i];

		cr_assert_eq(device->unreadable.code, 0);
		if (!device->refused.code)
			continue;
		*err = device->refused;
		ret = err->code;
		host_facts_done(ret_facts);
		break;
	}
	return ret;
}

static void add(struct model *model, const char *bdf, int group, bool cdev)
{
	struct model_pci pci = model_nvme(bdf, group);

	model_host(model)->no_cdev = !cdev;
	model_add(model, &pci);
}

static enum pt_backend_kind chosen(bool first_has_cdev, bool second_has_cdev)
{
	struct model *model = model_new();
	struct pt_error err = PT_ERROR_INIT;
	struct host_facts facts;
	enum pt_backend_kind backend;

	add(model, "0000:02:00.0", 26, first_has_cdev);
	add(model, "0000:03:00.0", 27, second_has_cdev);
	check_ok(facts_of(model, 2, NULL, &facts, &err), err);
	backend = facts.backend;
	cr_assert_eq(facts.devices[1].reserved_count, 1);
	cr_assert_eq(facts.devices[1].iova_bits, 48);
	host_facts_done(&facts);
	check_clean(model);
	model_free(model);
	return backend;
}

Test(host_devices, all_devices_are_had_in_the_same_way)
{
	cr_assert_eq(chosen(true, true), PT_BACKEND_CDEV);
	cr_assert_eq(chosen(false, false), PT_BACKEND_GROUP);
	cr_assert_eq(chosen(true, false), PT_BACKEND_GROUP);
	cr_assert_eq(chosen(false, true), PT_BACKEND_GROUP);
}

Test(host_devices, the_choice_can_be_made)
{
	const enum pt_backend_kind group = PT_BACKEND_GROUP, cdev = PT_BACKEND_CDEV;
	struct model *model = model_new();
	struct pt_error err = PT_ERROR_INIT;
	struct host_facts facts;

	add(model, "0000:02:00.0", 26, true);
	check_ok(facts_of(model, 1, &group, &facts, &err), err);
	cr_assert_eq(facts.backend, PT_BACKEND_GROUP);
	host_facts_done(&facts);
	add(model, "0000:03:00.0", 27, false);
	check_error(facts_of(model, 2, &cdev, &facts, &err), -ENOENT, err, "0000:03:00.0");
	check_remedy(err, "backend: group");
	model_remove(model, "/dev/vfio/27");
	check_error(facts_of(model, 2, &group, &facts, &err), -ENOENT, err, "/dev/vfio/27");
	check_clean(model);
	model_free(model);
}
