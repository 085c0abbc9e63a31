/* SPDX-License-Identifier: MIT */
/* The objects of an iommufd, and what an IOAS can do; see model_iommufd.c. */
#ifndef MODEL_IOMMUFD_H
#define MODEL_IOMMUFD_H

#include "model_private.h"

#include <linux/iommufd.h>

enum model_object_kind { MODEL_OBJECT_IOAS, MODEL_OBJECT_HWPT, MODEL_OBJECT_DEVICE };

struct model_area {
	uint64_t iova;
	uint64_t size;
	uint64_t va;		   /* 0 for memory that a file gives */
	struct model_file *dmabuf; /* NULL for memory; a BAR is neither pinned nor counted */
};

struct model_object {
	enum model_object_kind kind;
	uint32_t id;
	unsigned users;
	struct model_object *next;

	struct model_area *areas; /* IOAS */
	unsigned area_count, area_max;
	struct pt_iova_range *allowed;
	unsigned allowed_count;

	struct model_object *ioas; /* HWPT */
	unsigned iommu;
	bool by_hand;	   /* by HWPT_ALLOC: lives until it is destroyed */
	bool tracks_dirty; /* it can */
	bool keeps_dirty;  /* it does */
	uint64_t *dirty;   /* addresses of pages, some twice */
	unsigned dirty_count, dirty_max;

	struct model_object *access; /* DEVICE that is mediated: its IOAS */
	struct model_device *device; /* DEVICE */
	struct model_object *hwpt;
};

struct model_iommufd {
	struct model_file file;
	uint32_t last_id;
	enum model_pin counts; /* RLIMIT_MODE */
	struct model_object *objects;
};

/* IOMMU_IOAS_MAP_FILE came with 6.13; the installed headers may be older. */
#define MODEL_MAP_FILE _IO(IOMMUFD_TYPE, 0x8f)
struct model_map_file {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	int32_t fd;
	uint64_t start;
	uint64_t length;
	uint64_t iova;
};

/* model_iommufd.c */
struct model_object *model_object_new(struct model_iommufd *iommufd, enum model_object_kind kind);
struct model_object *model_object_find(struct model_iommufd *iommufd, uint32_t id);
void model_object_free(struct model_iommufd *iommufd, struct model_object *object);

/* model_hwpt.c: page tables. */
int model_hwpt_alloc(struct model_iommufd *iommufd, struct iommu_hwpt_alloc *cmd);
int model_hw_info(struct model_iommufd *iommufd, struct iommu_hw_info *cmd);
/* The device moves to an HWPT, or to the one of an IOAS that fits. */
int model_hwpt_attach(struct model_iommufd *iommufd, struct model_object *device, uint32_t *pt_id);
/* It leaves its HWPT, which dies with its last device unless it was made by hand. */
void model_hwpt_leave(struct model_iommufd *iommufd, struct model_object *device);
void model_hwpt_destroy(struct model_iommufd *iommufd, struct model_object *hwpt);

/* model_dirty.c: what was written by way of a page table. */
int model_dirty_track(struct model_iommufd *iommufd, struct iommu_hwpt_set_dirty_tracking *cmd);
int model_dirty_read(struct model_iommufd *iommufd, struct iommu_hwpt_get_dirty_bitmap *cmd);
/* Dirty bits go with the entries of the page tables that they are in. */
void model_dirty_forget(struct model_iommufd *iommufd, const struct model_object *ioas,
			uint64_t iova, uint64_t size);
/* The device writes to a page: whether it could. */
bool model_dirty_write(struct model_object *device, uint64_t iova);

/* model_ioas.c */
/* What is mapped at an address, NULL for nothing. */
const struct model_area *model_ioas_at(const struct model_object *ioas, uint64_t iova);
struct model_object *model_ioas(struct model_iommufd *iommufd, uint32_t id);
/* Whether pages are pinned: whether it has an HWPT. */
bool model_ioas_pinned(const struct model_object *ioas);
int model_ioas_ranges(struct model_iommufd *iommufd, struct iommu_ioas_iova_ranges *cmd);
int model_ioas_allow(struct model_iommufd *iommufd, struct iommu_ioas_allow_iovas *cmd);
int model_ioas_map(struct model_iommufd *iommufd, struct iommu_ioas_map *cmd);
int model_ioas_map_file(struct model_iommufd *iommufd, struct model_map_file *cmd);
int model_ioas_unmap(struct model_iommufd *iommufd, struct iommu_ioas_unmap *cmd);
/* It goes, with whatever is still mapped. */
void model_ioas_clear(struct model_object *ioas);
/* Whether @device's reserved ranges leave alone what is mapped and allowed. */
int model_ioas_admits(const struct model_object *ioas, const struct model_device *device);
/* Pins all areas, or none. Inverse: model_ioas_unpin(). */
int model_ioas_pin(struct model_iommufd *iommufd, const struct model_object *ioas);
void model_ioas_unpin(struct model_iommufd *iommufd, const struct model_object *ioas);

#endif
