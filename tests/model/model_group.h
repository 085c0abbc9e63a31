/* SPDX-License-Identifier: MIT */
/* IOMMU groups and containers; see model_group.c and model_container.c. */
#ifndef MODEL_GROUP_H
#define MODEL_GROUP_H

#include "model_private.h"

struct model_container;

/**
 * struct model_group - an IOMMU group with a function on a VFIO driver
 * @opened: the one open file of its node
 * @container: that it is in; holds a reference to the container's file
 * @users: files of devices that were opened by it
 */
struct model_group {
	int number;
	unsigned minor;
	struct model_file *opened;
	struct model_container *container;
	unsigned users;
	struct model_group *next;
};

/* Whether a function of the group is one that @device is. */
static inline bool model_group_has(const struct model_group *group,
				   const struct model_device *device)
{
	return device->pci.group == group->number;
}

/* The group has no file to the world: what a test may leave behind is freed. */
void model_groups_done(struct model *model);

/* Whether a container can have the DMA of the group: no sibling's host driver, no other owner. */
bool model_group_claimable(const struct model *model, const struct model_group *group);
/* Whether VFIO made it up for a device without an IOMMU. */
bool model_group_is_noiommu(const struct model *model, const struct model_group *group);
bool model_group_isolated(const struct model *model, const struct model_group *group);

/* The container a file is of, NULL for another kind of file. */
struct model_container *model_container_of(struct model_file *file);
bool model_container_has_iommu(const struct model_container *container);
int model_container_attach(struct model_container *container, struct model_group *group);
void model_container_detach(struct model_container *container, struct model_group *group);
bool model_container_covers(const struct model_file *file, uint64_t iova, uint64_t size);

#endif
