/* SPDX-License-Identifier: MIT */
/*
 * struct iommufds: the iommufd objects of a guest, by the names that whoever controls it gave them.
 */
#ifndef TENON_CONTROL_IOMMUFDS_H
#define TENON_CONTROL_IOMMUFDS_H

#include <passthrough/error.h>
#include <stdbool.h>

#include "plan/plan.h"

#define IOMMUFDS_MAX 8

/** struct iommufd - @fd: of /dev/iommu; 0 where it is to be opened; @leaving: it is being deleted */
struct iommufd {
	char id[PLAN_ID_SIZE];
	int fd;
	bool leaving;
};

struct iommufds {
	struct iommufd list[IOMMUFDS_MAX];
	unsigned count;
};

/** iommufds_add() - takes @fd over on success. Errors: -EEXIST; -E2BIG; -EINVAL the id is too long. */
int iommufds_add(struct iommufds *iommufds, const char *id, int fd, struct pt_error *err);

/** iommufds_find() - NULL with an error (-ENOENT) when there is none, or it is being deleted */
struct iommufd *iommufds_find(struct iommufds *iommufds, const char *id, struct pt_error *err);

/** iommufds_remove() - close and forget it */
void iommufds_remove(struct iommufds *iommufds, struct iommufd *iommufd);

/** iommufds_done() - close all; nothing is attached to them any more */
void iommufds_done(struct iommufds *iommufds);

#endif
