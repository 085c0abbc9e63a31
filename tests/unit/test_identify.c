/* SPDX-License-Identifier: MIT */
/* What a descriptor stands for. */
#include "check.h"

static struct model *host_with(const char *node, int *ret_fd)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct model *model = model_new();

	model_add(model, &pci);
	*ret_fd = model_open(model, node);
	return model;
}

static void done(struct model *model, int fd)
{
	model_close(model, fd);
	check_clean(model);
	model_free(model);
}

Test(identify, every_kind_of_node)
{
	static const struct {
		const char *path;
		struct pt_node node;
	} nodes[] = {
		{"/dev/vfio/devices/vfio0", {PT_NODE_DEVICE, "0000:02:00.0", -1}},
		{"/dev/vfio/26", {PT_NODE_GROUP, "", 26}},
		{"/dev/iommu", {PT_NODE_IOMMUFD, "", -1}},
		{"/dev/vfio/vfio", {PT_NODE_CONTAINER, "", -1}},
	};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		struct pt_error err = PT_ERROR_INIT;
		struct pt_node node;
		int fd;
		struct model *model = host_with(nodes[i].path, &fd);

		check_ok(pt_host_identify(model_sys(model), fd, &node, &err), err);
		cr_assert_eq(node.kind, nodes[i].node.kind, "%s", nodes[i].path);
		cr_assert_str_eq(node.name, nodes[i].node.name);
		cr_assert_eq(node.group, nodes[i].node.group);
		done(model, fd);
	}
}

Test(identify, what_is_no_node_of_ours)
{
	struct pt_error err = PT_ERROR_INIT;
	struct pt_node node;
	int kvm;
	struct model *model = host_with("/dev/kvm", &kvm);
	const struct pt_sys *sys = model_sys(model);
	int event = sys->eventfd(sys->ctx);

	check_error(pt_host_identify(sys, kvm, &node, &err), -ENOTTY, err, "neither VFIO");
	check_remedy(err, "/dev/vfio/devices/vfioN");
	err = (struct pt_error)PT_ERROR_INIT;
	check_error(pt_host_identify(sys, event, &node, &err), -ENOTTY, err, "neither VFIO");
	err = (struct pt_error)PT_ERROR_INIT;
	check_error(pt_host_identify(sys, 9999, &node, &err), -EBADF, err, "descriptor 9999");
	model_close(model, event);
	done(model, kvm);
}
