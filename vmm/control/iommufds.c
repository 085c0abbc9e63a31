/* SPDX-License-Identifier: MIT */
#include "control/iommufds.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int iommufds_add(struct iommufds *iommufds, const char *id, int fd, struct pt_error *err)
{
	struct iommufd *iommufd = &iommufds->list[iommufds->count];

	if (!*id || strlen(id) >= sizeof(iommufd->id))
		return pt_error_set(err, -EINVAL, "Parameter 'id' expects 1 to %zu characters",
				    sizeof(iommufd->id) - 1);
	for (unsigned i = 0; i < iommufds->count; i++) {
		if (strcmp(iommufds->list[i].id, id) == 0)
			return pt_error_set(err, -EEXIST, "There is an object '%s' already", id);
	}
	if (iommufds->count == IOMMUFDS_MAX)
		return pt_error_set(err, -E2BIG, "There are %d iommufd objects already",
				    IOMMUFDS_MAX);
	*iommufd = (struct iommufd){.fd = fd};
	memcpy(iommufd->id, id, strlen(id) + 1);
	iommufds->count++;
	return 0;
}

struct iommufd *iommufds_find(struct iommufds *iommufds, const char *id, struct pt_error *err)
{
	for (unsigned i = 0; i < iommufds->count; i++) {
		if (strcmp(iommufds->list[i].id, id) == 0 && !iommufds->list[i].leaving)
			return &iommufds->list[i];
	}
	(void)pt_error_set(err, -ENOENT, "object '%s' not found", id);
	return NULL;
}

void iommufds_remove(struct iommufds *iommufds, struct iommufd *iommufd)
{
	if (iommufd->fd > 0)
		(void)close(iommufd->fd);
	*iommufd = iommufds->list[--iommufds->count];
}

void iommufds_done(struct iommufds *iommufds)
{
	while (iommufds->count)
		iommufds_remove(iommufds, &iommufds->list[iommufds->count - 1]);
}
