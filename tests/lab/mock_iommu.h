/* SPDX-License-Identifier: MIT */
/*
 * Devices behind an IOMMU that keeps dirty bits, by the real iommufd: its mock devices (CONFIG_IOMMUFD_TEST).
 *
 * Neither emulated IOMMUs nor most real ones keep dirty bits; the mock does, in the kernel's own iommufd. It has no VFIO
 * devices, so VFIO is the modelled kernel's: the library opens, binds and reads what model_add() added, while /dev/iommu is
 * the machine's, and a bind or an attach there is that of a mock device.
 */
#ifndef MOCK_IOMMU_H
#define MOCK_IOMMU_H

#include "model.h"

#define MOCK_DEVICES 8
#define MOCK_FIRST   0x1000000ull /* addresses that the mock translates */
#define MOCK_LAST    0x7fffffffull

/**
 * struct mock_device - a function of the model's, and its mock
 * @no_dirty: its IOMMU keeps no dirty bits
 * @iommu: which kind of IOMMU it is behind. The kernel has one kind of mock; that a page table serves one kind only is said
 *	in its place.
 * @pt: the page table that it is attached to
 */
struct mock_device {
	bool no_dirty;
	unsigned iommu;

	uint32_t pt;
	uint32_t id; /* the mock's own; 0 while it is not bound */
	uint32_t devid;
	int fd;
};

/**
 * mock_new() - a host with @count functions, 0000:01:00.0, 0000:02:00.0 and so on, and /dev/iommu; one at a time
 * @ret_sys: what the library is given
 *
 * Return: the functions, @count of them; to be set up before they are opened. Inverse: mock_done().
 */
struct mock_device *mock_new(unsigned count, const struct pt_sys **ret_sys);

/* Asserts that nothing is left, in the model and in the iommufd. */
void mock_done(void);

/** mock_write() - the device writes to the page at @iova. Return: -EINVAL when its page table keeps no dirty bits. */
int mock_write(const struct mock_device *device, uint64_t iova);

/** mock_translates() - 0 when the page table has all of the range, and as the memory at @hva */
int mock_translates(uint32_t pt, uint64_t iova, uint64_t size, const void *hva);

/** mock_attach() - attach it to another page table, past the library. Return: -EINVAL when its IOMMU cannot use it. */
int mock_attach(struct mock_device *device, uint32_t pt);

/** mock_ioctl() - an ioctl of the real iommufd, past the library */
int mock_ioctl(unsigned long request, void *arg);

#endif
