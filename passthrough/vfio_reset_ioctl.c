/* SPDX-License-Identifier: MIT */
#include "vfio_reset_ioctl.h"

#include <linux/vfio.h>

_Static_assert(VFIO_DEVID_NOT_OWNED == (uint32_t)VFIO_PCI_DEVID_NOT_OWNED,
	       "our name for a function that is not owned is the kernel's");

/* A bus has 256 functions at most. */
#define FUNCTIONS_MAX 256u

/* Functions may come and go between the call that counts them and the one that lists them. */
#define ATTEMPTS 4

static size_t info_size(unsigned count)
{
	return sizeof(struct vfio_pci_hot_reset_info) +
	       count * sizeof(struct vfio_pci_dependent_device);
}

static int list_functions(const struct pt_sys *sys, const struct vfio_pci_hot_reset_info *info,
			  struct pt_bus_function **ret_functions, unsigned *ret_count)
{
	struct pt_bus_function *functions = pt_alloc(sys, (info->count + 1) * sizeof(*functions));

	if (!functions)
		return -ENOMEM;
	for (unsigned i = 0; i < info->count; i++) {
		const struct vfio_pci_dependent_device *at = &info->devices[i];

		functions[i].id = at->devid;
		(void)snprintf(functions[i].name, sizeof(functions[i].name), "%04x:%02x:%02x.%x",
			       at->segment, at->bus, at->devfn >> 3, at->devfn & 7);
	}
	*ret_functions = functions;
	*ret_count = info->count;
	return 0;
}

/* Room for @count functions. -ENOSPC: there are more. */
static int ask(const struct pt_sys *sys, int fd, unsigned count,
	       struct pt_bus_function **ret_functions, unsigned *ret_count)
{
	struct vfio_pci_hot_reset_info *info = pt_alloc(sys, info_size(count));
	int r;

	if (!info)
		return -ENOMEM;
	info->argsz = (uint32_t)info_size(count);
	r = pt_ioctl(sys, fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info);
	if (r >= 0)
		r = info->count <= count ? list_functions(sys, info, ret_functions, ret_count)
					 : -EIO;
	pt_free(sys, info);
	return r;
}

int vfio_hot_reset_info(const struct pt_sys *sys, int fd, struct pt_bus_function **ret_functions,
			unsigned *ret_count)
{
	struct vfio_pci_hot_reset_info head;
	int r = -EAGAIN;

	for (unsigned i = 0; i < ATTEMPTS && (r == -EAGAIN || r == -ENOSPC); i++) {
		head = (struct vfio_pci_hot_reset_info){.argsz = sizeof(head)};
		r = pt_ioctl(sys, fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &head);
		if (r == -ENOSPC)
			r = head.count <= FUNCTIONS_MAX
				    ? ask(sys, fd, head.count, ret_functions, ret_count)
				    : -EIO;
		else if (r >= 0)
			r = -EIO; /* at least the device itself is on its bus */
	}
	return r;
}

int vfio_hot_reset(const struct pt_sys *sys, int fd, const int *group_fds, unsigned count)
{
	struct vfio_pci_hot_reset *reset;
	size_t size = sizeof(*reset) + count * sizeof(*group_fds);
	int r;

	reset = pt_alloc(sys, size);
	if (!reset)
		return -ENOMEM;
	reset->argsz = (uint32_t)size;
	reset->count = count;
	if (count > 0)
		memcpy(reset->group_fds, group_fds, count * sizeof(*group_fds));
	r = pt_ioctl(sys, fd, VFIO_DEVICE_PCI_HOT_RESET, reset);
	pt_free(sys, reset);
	return r;
}
