/* SPDX-License-Identifier: MIT */
/*
 * An HWPT: an IOAS as a page table of one kind of IOMMU.
 *
 * A device that is attached to an IOAS gets the one that its IOMMU can use, or a new one, which dies with its last
 * device. Those that are made by hand (HWPT_ALLOC) are attached to by their own id only, and live until they are
 * destroyed. The first of an IOAS pins its pages, the last lets go of them.
 */
#include "model_iommufd.h"

#include <errno.h>

static int make(struct model_iommufd *iommufd, struct model_object *ioas,
		const struct model_device *device, bool by_hand, struct model_object **ret_hwpt)
{
	struct model_object *hwpt;
	int ret = model_ioas_pinned(ioas) ? 0 : model_ioas_pin(iommufd, ioas);

	if (ret)
		return ret;
	hwpt = model_object_new(iommufd, MODEL_OBJECT_HWPT);
	hwpt->ioas = ioas;
	hwpt->iommu = device->iommu;
	hwpt->by_hand = by_hand;
	ioas->users++;
	*ret_hwpt = hwpt;
	return 0;
}

void model_hwpt_destroy(struct model_iommufd *iommufd, struct model_object *hwpt)
{
	if (--hwpt->ioas->users == 0)
		model_ioas_unpin(iommufd, hwpt->ioas);
	model_object_free(iommufd, hwpt);
}

int model_hwpt_alloc(struct model_iommufd *iommufd, struct iommu_hwpt_alloc *cmd)
{
	const struct model_object *device = model_object_find(iommufd, cmd->dev_id);
	struct model_object *ioas = model_ioas(iommufd, cmd->pt_id);
	struct model_object *hwpt;
	int ret;

	if ((cmd->flags & ~(uint32_t)IOMMU_HWPT_ALLOC_DIRTY_TRACKING) || cmd->__reserved ||
	    cmd->data_type || cmd->data_len)
		return -EOPNOTSUPP;
	if (!device || device->kind != MODEL_OBJECT_DEVICE || !ioas)
		return -ENOENT;
	if (cmd->flags && !device->device->tracks_dirty)
		return -EOPNOTSUPP;
	ret = model_ioas_admits(ioas, device->device);
	if (ret == 0)
		ret = make(iommufd, ioas, device->device, true, &hwpt);
	if (ret)
		return ret;
	hwpt->tracks_dirty = cmd->flags;
	cmd->out_hwpt_id = hwpt->id;
	return 0;
}

int model_hw_info(struct model_iommufd *iommufd, struct iommu_hw_info *cmd)
{
	const struct model_object *device = model_object_find(iommufd, cmd->dev_id);

	if (cmd->flags || cmd->__reserved[0] || cmd->__reserved[1] || cmd->__reserved[2])
		return -EOPNOTSUPP;
	if (!device || device->kind != MODEL_OBJECT_DEVICE || device->device->pci.mediated)
		return -ENOENT;
	cmd->data_len = 0;
	cmd->out_data_type = IOMMU_HW_INFO_TYPE_NONE;
	cmd->out_capabilities = device->device->tracks_dirty ? IOMMU_HW_CAP_DIRTY_TRACKING : 0;
	return 0;
}

void model_hwpt_leave(struct model_iommufd *iommufd, struct model_object *device)
{
	struct model_object *hwpt = device->hwpt;

	device->hwpt = NULL;
	if (device->access)
		device->access->users--;
	device->access = NULL;
	if (hwpt && --hwpt->users == 0 && !hwpt->by_hand)
		model_hwpt_destroy(iommufd, hwpt);
}

/* What devices that were attached to an IOAS share. */
static struct model_object *of_ioas(struct model_iommufd *iommufd, const struct model_object *ioas,
				    unsigned iommu)
{
	struct model_object *object = iommufd->objects;

	while (object && (object->kind != MODEL_OBJECT_HWPT || object->ioas != ioas ||
			  object->by_hand || object->iommu != iommu))
		object = object->next;
	return object;
}

int model_hwpt_attach(struct model_iommufd *iommufd, struct model_object *device, uint32_t *pt_id)
{
	struct model_object *target = model_object_find(iommufd, *pt_id);
	struct model_object *hwpt = target;
	int ret;

	if (!target)
		return -ENOENT;
	/* vfio_iommufd_emulated_attach_ioas(): no HWPT, and nothing is pinned before the driver asks for it. */
	if (device->device->pci.mediated) {
		if (target->kind != MODEL_OBJECT_IOAS)
			return -ENOENT;
		model_hwpt_leave(iommufd, device);
		device->access = target;
		target->users++;
		return 0;
	}
	if (target->kind == MODEL_OBJECT_DEVICE)
		return -EINVAL;
	if (target->kind == MODEL_OBJECT_HWPT &&
	    (target->iommu != device->device->iommu ||
	     (target->tracks_dirty && !device->device->tracks_dirty)))
		return -EINVAL;
	ret = model_ioas_admits(target->kind == MODEL_OBJECT_HWPT ? target->ioas : target,
				device->device);
	if (ret)
		return ret;
	if (target->kind == MODEL_OBJECT_IOAS) {
		hwpt = of_ioas(iommufd, target, device->device->iommu);
		ret = hwpt ? 0 : make(iommufd, target, device->device, false, &hwpt);
	}
	if (ret)
		return ret;
	hwpt->users++;
	model_hwpt_leave(iommufd, device);
	device->hwpt = hwpt;
	*pt_id = hwpt->id;
	return 0;
}
