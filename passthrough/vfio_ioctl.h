/* SPDX-License-Identifier: MIT */
/*
 * VFIO's device ioctls as functions, for a descriptor of either kind (cdev, or from a group). Each
 * returns 0 or the kernel's -errno unless said otherwise. Source: include/uapi/linux/vfio.h.
 */
#ifndef PASSTHROUGH_VFIO_IOCTL_H
#define PASSTHROUGH_VFIO_IOCTL_H

#include <passthrough/device.h>
#include <stdbool.h>

/* Undone by closing @fd. @ret_devid: the device's id within @iommufd. */
int vfio_bind_iommufd(const struct pt_sys *sys, int fd, int iommufd, const uint8_t *token,
		      uint32_t *ret_devid);

/* @pt_id: of an IOAS or HWPT. Inverse: vfio_detach(). */
int vfio_attach(const struct pt_sys *sys, int fd, uint32_t pt_id);
int vfio_detach(const struct pt_sys *sys, int fd);

/* Counts of regions and interrupt indices, and whether VFIO_DEVICE_RESET works. */
int vfio_device_info(const struct pt_sys *sys, int fd, unsigned *ret_regions, unsigned *ret_irqs,
		     bool *ret_reset);

/* @ret_offset: where the region is in @fd. */
int vfio_region_info(const struct pt_sys *sys, int fd, unsigned index, struct pt_region *ret_region,
		     uint64_t *ret_offset);

int vfio_irq_info(const struct pt_sys *sys, int fd, unsigned index, struct pt_irq *ret_irq);

/* Return: may be positive: so many vectors are all there are, and none was enabled. */
int vfio_irq_trigger(const struct pt_sys *sys, int fd, unsigned index, unsigned start,
		     unsigned count, const int *fds);
int vfio_irq_unmask_fd(const struct pt_sys *sys, int fd, unsigned index, int eventfd);
int vfio_irq_unmask(const struct pt_sys *sys, int fd, unsigned index);
int vfio_irq_disable(const struct pt_sys *sys, int fd, unsigned index);

int vfio_reset(const struct pt_sys *sys, int fd);

/* @uuid: 16 bytes. -ENOTTY: not a physical function of SR-IOV. */
int vfio_set_vf_token(const struct pt_sys *sys, int fd, const uint8_t *uuid);

#endif
