/* SPDX-License-Identifier: MIT */
/* KVM's refusals of VFIO: each says what it means. */
#include "check.h"
#include "fake_kvm.h"
#include "kvm/kvm.h"

static void refused(unsigned long request, int code, const char *part, const char *remedy)
{
	struct pt_error err = PT_ERROR_INIT;
	struct fake_kvm *fake = fake_kvm_new();

	fake->fail_request = request;
	fake->fail_code = code;
	check_error(kvm_vfio_add(&fake->kvm, 7, &err), code, err, part);
	check_remedy(err, remedy);
	free(fake);
}

Test(kvm_vfio, what_is_refused_is_explained)
{
	refused(KVM_CREATE_DEVICE, -ENODEV, "no VFIO device", "CONFIG_KVM_VFIO");
	refused(KVM_CREATE_DEVICE, -EBUSY, "already", "one for all devices");
	refused(KVM_CREATE_DEVICE, -ENOMEM, "no memory left for a VFIO device", "free memory");
	refused(KVM_CREATE_DEVICE, -EMFILE, "too many", "ulimit -n");
	refused(KVM_CREATE_DEVICE, -ENFILE, "too many for the host", "fs.file-max");
	refused(KVM_CREATE_DEVICE, -EIO, "being ended", "anew");
	refused(KVM_CREATE_DEVICE, -ETIMEDOUT, "timed out", "dmesg | grep -i kvm");
	refused(KVM_SET_DEVICE_ATTR, -EINVAL, "none of VFIO's", "6.6");
	refused(KVM_SET_DEVICE_ATTR, -EEXIST, "already", "once");
	refused(KVM_SET_DEVICE_ATTR, -ENXIO, "does not know", "6.6");
	refused(KVM_SET_DEVICE_ATTR, -EBADF, "is closed", "keep the descriptors open");
	refused(KVM_SET_DEVICE_ATTR, -ENOMEM, "no memory left to remember", "free memory");
	refused(KVM_SET_DEVICE_ATTR, -EFAULT, "could not read", "uname -r");
	refused(KVM_SET_DEVICE_ATTR, -EPERM, "another process", "uname -r");
}
