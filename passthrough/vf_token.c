/* SPDX-License-Identifier: MIT */
/* VF tokens: what the user of a physical function and those of its virtual functions share. */
#include "refusal.h"
#include "uuid.h"
#include "vfio_ioctl.h"

int pt_vf_token_parse(const struct pt_device *device, const char *token, uint8_t *ret_uuid,
		      struct pt_error *err)
{
	if (pt_uuid_parse(token, ret_uuid) == 0)
		return 0;
	pt_error_set(err, -EINVAL, "%s: VF token \"%s\" is not a UUID", device->host.name, token);
	return pt_error_remedy(err, -EINVAL,
			       "give it as the physical function's user has set it, such as "
			       "2ab74924-c335-45f4-9b16-8569e5b08258");
}

PT_PUBLIC int pt_device_set_vf_token(struct pt_device *device, const char *token,
				     struct pt_error *err)
{
	uint8_t uuid[PT_UUID_BYTES];
	int r = pt_device_require(device, 1u << PT_DEVICE_ATTACHED | 1u << PT_DEVICE_RUNNING,
				  "set its VF token", err);

	if (r == 0)
		r = pt_vf_token_parse(device, token, uuid, err);
	if (r < 0)
		return r;
	r = vfio_set_vf_token(device->sys, device->fd, uuid);
	if (r == -ENOTTY) {
		pt_error_set(err, r, "%s: has no VF token: it is no physical function of SR-IOV",
			     device->host.name);
		return pt_error_remedy(
			err, r,
			"load vfio-pci with enable_sriov=1 before the function is bound to it");
	}
	if (r < 0) {
		(void)pt_refused_call(device, PT_CALL_FEATURE, r, err);
		return pt_error_prefix(err, pt_device_noted(device, r), "%s: setting its VF token",
				       device->host.name);
	}
	return 0;
}
