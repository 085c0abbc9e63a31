/* SPDX-License-Identifier: MIT */
/* Nodes of /dev, and who may open them. */
#include "group.h"

PT_PUBLIC int pt_host_node(const struct pt_sys *sys, const char *path,
			   struct pt_host_node *ret_node)
{
	struct pt_host_node node = {.stat = {0}};
	int r;

	if ((size_t)snprintf(node.path, sizeof(node.path), "%s", path) >= sizeof(node.path))
		return -ENAMETOOLONG;
	r = sys->stat(sys->ctx, path, &node.stat);
	if (r == 0 || r == -EACCES)
		*ret_node = node;
	return r;
}

PT_PUBLIC int pt_host_device_node(const struct pt_sys *sys, const struct pt_host_device *device,
				  enum pt_backend_kind backend, struct pt_host_node *ret_node)
{
	char path[PT_PATH_SIZE];

	if (backend == PT_BACKEND_GROUP ? device->group < 0 : device->node[0] == '\0')
		return -ENOENT;
	if (backend == PT_BACKEND_GROUP)
		pt_group_node(device, path, sizeof(path));
	else
		(void)snprintf(path, sizeof(path), PT_VFIO_NODES "%s", device->node);
	return pt_host_node(sys, path, ret_node);
}
