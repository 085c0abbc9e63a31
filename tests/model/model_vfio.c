/* SPDX-License-Identifier: MIT */
/* A VFIO device, by its cdev or by its group: bind, attach, what it says of itself, mmap, close. Linux 6.12's order. */
#include "model_dmabuf.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PCI_COMMAND	   0x04
#define PCI_COMMAND_MASTER 0x0004
#define PCI_INTERRUPT_PIN  0x3d

static struct model_vfio_file *to_vfio(struct model_file *file)
{
	return container_of(file, struct model_vfio_file, file);
}

int model_vfio_open(struct model *model, unsigned minor, struct model_file **ret_file)
{
	struct model_device *device = NULL;
	struct model_vfio_file *vfio;

	for (unsigned i = 0; i < model->device_count; i++)
		if (model->devices[i]->private->index == minor)
			device = model->devices[i];
	if (!device || device->unregistered)
		return -ENODEV;
	/* vfio_device_fops_cdev_open(), Linux 7.3. */
	if (device->private->noiommu && model->host.no_rawio)
		return -EPERM;
	vfio = model_xalloc(sizeof(*vfio));
	model_file_init(model, &vfio->file, &model_vfio_ops, device->pci.bdf);
	vfio->device = device;
	*ret_file = &vfio->file;
	return 0;
}

/* iommufd_device_bind(): may this iommufd own the group's DMA? */
static int claim(const struct model_device *device, const struct model_file *iommufd)
{
	struct model *model = device->model;

	/* No IOMMU, no interrupts of the host's. */
	if (device->pci.mediated || device->private->noiommu)
		return 0;
	if (model->no_remapping &&
	    !model_tree_begins(model, "/sys/module/iommufd/parameters/allow_unsafe_interrupts",
			       'Y'))
		return -EPERM;
	if (device->unsafe_interrupts || device->foreign_owner)
		return -EPERM;
	for (unsigned i = 0; i < model->device_count; i++) {
		const struct model_device *other = model->devices[i];
		const char *driver = other->pci.driver;

		if (other == device || other->pci.group != device->pci.group)
			continue;
		if (driver && strcmp(driver, "vfio-pci") && strcmp(driver, "pcieport") &&
		    strcmp(driver, "pci-stub"))
			return -EPERM;
		for (const struct model_file *file = model->files; file; file = file->next)
			if (file->ops == &model_vfio_ops &&
			    container_of(file, const struct model_vfio_file, file)->device ==
				    other &&
			    container_of(file, const struct model_vfio_file, file)->iommufd &&
			    container_of(file, const struct model_vfio_file, file)->iommufd !=
				    iommufd)
				return -EPERM;
	}
	return 0;
}

/* vfio_pci_core_enable(): bus mastering off, memory decode on, a function reset. */
static int enable(struct model_device *device)
{
	uint8_t *config = device->private->config;

	if (device->dead || device->asleep)
		return -EIO;
	if (device->bind_eagain > 0) {
		device->bind_eagain--;
		return -EAGAIN;
	}
	if (device->pci.mediated)
		return 0;
	config[PCI_COMMAND] = (uint8_t)((config[PCI_COMMAND] & ~PCI_COMMAND_MASTER) | 0x03);
	device->power_state = 0;
	memset(device->private->bar_virtual, 0, sizeof(device->private->bar_virtual));
	model_region_reset(device);
	return 0;
}

/* As Linux 6.17 has it; the installed headers may be older. */
struct bind_command {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
	uint64_t token;
};
#define BIND_TOKEN 1u

static struct model_device *find(const struct model *model, const char *bdf)
{
	for (unsigned i = 0; bdf && i < model->device_count; i++)
		if (!strcmp(model->devices[i]->pci.bdf, bdf))
			return model->devices[i];
	return NULL;
}

/* vfio_pci_core_match_token_uuid(): a virtual function's token is that of its physical function's user. */
static int match_token(struct model_device *device, const void *token)
{
	struct model_device *physfn = find(device->model, device->pci.physfn);
	bool on_vfio = physfn && physfn->pci.driver && !strcmp(physfn->pci.driver, "vfio-pci");

	if (device->pci.physfn && on_vfio)
		return token && physfn->token_set && !memcmp(token, physfn->token, 16) ? 0
										       : -EACCES;
	if (device->pci.sriov && token) {
		memcpy(device->token, token, 16);
		device->token_set = true;
		return 0;
	}
	return token ? -EINVAL : 0;
}

/* The patches that brought BIND, for a device without an IOMMU; no release has it. */
static bool takes_negative(const struct model_device *device)
{
	return device->private->noiommu && device->model->host.noiommu == PT_NOIOMMU_NEGATIVE;
}

static int bind_negative(struct model_vfio_file *vfio)
{
	int ret;

	if (vfio->device->model->host.no_rawio)
		return -EPERM;
	if (vfio->device->bound)
		return -EINVAL;
	ret = enable(vfio->device);
	if (ret)
		return ret;
	vfio->granted = true;
	vfio->device->bound = true;
	vfio->device->private->open_count++;
	return 0;
}

static int bind(struct model_vfio_file *vfio, struct bind_command *cmd)
{
	struct model_device *device = vfio->device;
	struct model *model = device->model;
	const void *token = NULL;
	struct model_file *iommufd;
	int ret;

	if (cmd->argsz < 16 || (cmd->iommufd < 0 && !takes_negative(device)) ||
	    cmd->flags & ~(model->host.bind_token ? BIND_TOKEN : 0))
		return -EINVAL;
	if (cmd->flags & BIND_TOKEN) {
		if (cmd->argsz < sizeof(*cmd))
			return -EINVAL;
		token = (const void *)(uintptr_t)cmd->token;
	}
	if (vfio->group)
		return -EINVAL;
	if (model_group_is_open(device))
		return -EBUSY;
	if (vfio->granted)
		return -EINVAL;
	ret = model->host.bind_token ? match_token(device, token) : 0;
	if (ret)
		return ret;
	if (cmd->iommufd < 0)
		return bind_negative(vfio);
	iommufd = model_fd_file(model, cmd->iommufd);
	if (!iommufd)
		return -EBADF;
	if (iommufd->ops != &model_iommufd_ops)
		return -EBADFD;
	if (takes_negative(device))
		return -ENODEV;
	if (device->bound || device->held || model->host.incoherent)
		return -EINVAL;
	ret = claim(device, iommufd);
	if (ret == 0)
		ret = enable(device);
	if (ret)
		return ret;
	ret = model_iommufd_bind(iommufd, device, &cmd->out_devid);
	vfio->iommufd = model_file_get(iommufd);
	vfio->granted = true;
	device->bound = true;
	device->private->open_count++;
	return ret;
}

/* A group's device can be open more than once; only the first time it is made ready. */
int model_vfio_open_by_group(struct model_device *device, struct model_file *group, unsigned *users,
			     struct model_file **ret_file)
{
	struct model_vfio_file *vfio;
	int ret = device->private->open_count == 0 ? enable(device) : 0;

	if (ret)
		return ret;
	vfio = model_xalloc(sizeof(*vfio));
	model_file_init(device->model, &vfio->file, &model_vfio_ops, device->pci.bdf);
	vfio->device = device;
	vfio->group = model_file_get(group);
	vfio->group_users = users;
	vfio->granted = true;
	++*users;
	device->private->open_count++;
	device->bound = true;
	device->attached = true;
	*ret_file = &vfio->file;
	return 0;
}

static int attach(struct model_vfio_file *vfio, struct vfio_device_attach_iommufd_pt *cmd)
{
	int ret;

	if (cmd->argsz < 12 || cmd->flags || !vfio->iommufd)
		return -EINVAL;
	if (vfio->device->attach_ebusy > 0) {
		vfio->device->attach_ebusy--;
		return -EBUSY;
	}
	ret = model_iommufd_attach(vfio->iommufd, vfio->device, &cmd->pt_id);
	if (ret == 0)
		vfio->device->attached = true;
	return ret;
}

static int detach(struct model_vfio_file *vfio, const struct vfio_device_detach_iommufd_pt *cmd)
{
	if (cmd->argsz < 8 || cmd->flags || !vfio->iommufd)
		return -EINVAL;
	if (model_guest_has(vfio->device->model, vfio->device))
		model_violate(vfio->device->model, "%s detached with BARs in the guest",
			      vfio->device->pci.bdf);
	model_iommufd_detach(vfio->iommufd, vfio->device);
	vfio->device->attached = false;
	return 0;
}

static int get_info(const struct model_device *device, struct vfio_device_info *info)
{
	if (info->argsz < 16)
		return -EINVAL;
	info->flags = VFIO_DEVICE_FLAGS_PCI |
		      (device->no_reset || device->pci.mediated ? 0 : VFIO_DEVICE_FLAGS_RESET);
	info->num_regions = PT_REGION_COUNT;
	info->num_irqs = PT_IRQ_COUNT;
	return 0;
}

static void bar_info(const struct model_device *device, struct vfio_region_info *info)
{
	const struct model_bar *bar = &device->pci.bars[info->index];

	info->size = bar->size;
	info->flags = 0;
	if (bar->size == 0)
		return;
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (!bar->io && !bar->no_mmap && bar->size >= MODEL_PAGE)
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
}

/* A capability goes behind the struct if the caller made room for it, else argsz says how much room it takes. */
static void put_cap(struct vfio_region_info *info, const void *cap, size_t size)
{
	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	info->cap_offset = 0;
	if (info->argsz < sizeof(*info) + size) {
		info->argsz = (uint32_t)(sizeof(*info) + size);
		return;
	}
	memcpy(info + 1, cap, size);
	info->cap_offset = sizeof(*info);
}

static void region_caps(const struct model_device *device, struct vfio_region_info *info)
{
	const struct model_pci *pci = &device->pci;
	unsigned msix = device->private->msix;
	union {
		struct vfio_region_info_cap_sparse_mmap cap;
		char room[sizeof(struct vfio_region_info_cap_sparse_mmap) +
			  4 * sizeof(struct vfio_region_sparse_mmap_area)];
	} sparse = {.cap = {.header = {VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1, 0},
			    .nr_areas = pci->sparse_count}};
	struct vfio_info_cap_header mappable = {VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, 1, 0};

	if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return;
	if (pci->sparse_count > 0 && pci->sparse_region == info->index) {
		for (unsigned i = 0; i < pci->sparse_count; i++)
			sparse.cap.areas[i] = (struct vfio_region_sparse_mmap_area){
				pci->sparse[i].offset, pci->sparse[i].size};
		put_cap(info, &sparse,
			sizeof(sparse.cap) + pci->sparse_count * sizeof(sparse.cap.areas[0]));
	} else if (pci->msix_mappable && msix && (pci->config[msix + 4] & 7) == info->index) {
		put_cap(info, &mappable, sizeof(mappable));
	}
}

static int get_region_info(const struct model_device *device, struct vfio_region_info *info)
{
	if (info->argsz < sizeof(*info))
		return -EINVAL;
	if (info->index >= PT_REGION_COUNT || info->index == PT_REGION_VGA)
		return -EINVAL;
	info->offset = model_region_offset(device, info->index);
	if (info->index < PT_BARS) {
		bar_info(device, info);
		region_caps(device, info);
	} else if (info->index == PT_REGION_CONFIG) {
		info->size = device->pci.config_size;
		info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	} else {
		info->size = device->pci.rom_space;
		info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ : 0;
	}
	return 0;
}

unsigned model_irq_count(const struct model_device *device, unsigned index)
{
	const struct model_device_private *private = device->private;
	unsigned control;

	switch (index) {
	case PT_IRQ_INTX:
		return private->config[PCI_INTERRUPT_PIN] ? 1 : 0;
	case PT_IRQ_MSI:
		return private->msi ? 1u << ((private->config[private->msi + 2] & 0x0e) >> 1) : 0;
	case PT_IRQ_MSIX:
		if (!private->msix)
			return 0;
		control = private->config[private->msix + 2] |
			  (unsigned)private->config[private->msix + 3] << 8;
		return (control & 0x7ff) + 1;
	case PT_IRQ_ERR:
		return private->express ? 1 : 0;
	default:
		return index == PT_IRQ_REQ ? 1 : 0;
	}
}

static int get_irq_info(const struct model_device *device, struct vfio_irq_info *info)
{
	if (info->argsz < sizeof(*info) || info->index >= PT_IRQ_COUNT)
		return -EINVAL;
	if (device->pci.mediated && info->index > PT_IRQ_MSI)
		return -EINVAL;
	if (info->index == PT_IRQ_ERR && !device->private->express)
		return -EINVAL;
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	info->count = model_irq_count(device, info->index);
	if (info->index == PT_IRQ_INTX)
		info->flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	else if (info->index != PT_IRQ_MSIX || device->pci.noresize)
		info->flags |= VFIO_IRQ_INFO_NORESIZE;
	return 0;
}

static int vfio_ioctl(struct model_file *file, unsigned long request, void *arg)
{
	struct model_vfio_file *vfio = to_vfio(file);
	struct model_device *device = vfio->device;

	if (device->gone)
		return -ENODEV;
	if (request == VFIO_DEVICE_BIND_IOMMUFD)
		return bind(vfio, arg);
	if (!vfio->granted)
		return -EINVAL;
	switch (request) {
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		return vfio->group ? -ENOTTY : attach(vfio, arg);
	case VFIO_DEVICE_DETACH_IOMMUFD_PT:
		return vfio->group ? -ENOTTY : detach(vfio, arg);
	case VFIO_DEVICE_GET_INFO:
		return get_info(device, arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info(device, arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info(device, arg);
	case VFIO_DEVICE_SET_IRQS:
		return model_irq_ioctl(device, arg);
	case VFIO_DEVICE_RESET:
		return model_reset_function(device);
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
		return device->pci.mediated ? -ENOTTY : model_hot_reset_info(vfio, arg);
	case VFIO_DEVICE_PCI_HOT_RESET:
		return model_hot_reset(vfio, arg);
	case VFIO_DEVICE_FEATURE:
		return model_feature(device, arg);
	default:
		return -ENOTTY;
	}
}

static int64_t vfio_pread(struct model_file *file, void *buf, size_t size, uint64_t offset)
{
	struct model_vfio_file *vfio = to_vfio(file);

	if (vfio->device->gone)
		return -ENODEV;
	return vfio->granted ? model_region_read(vfio->device, buf, size, offset) : -EINVAL;
}

static int64_t vfio_pwrite(struct model_file *file, const void *buf, size_t size, uint64_t offset)
{
	struct model_vfio_file *vfio = to_vfio(file);

	if (vfio->device->gone)
		return -ENODEV;
	return vfio->granted ? model_region_write(vfio->device, buf, size, offset) : -EINVAL;
}

static int vfio_mmap(struct model_file *file, uint64_t offset, size_t size, int flags,
		     int *ret_real_fd, uint64_t *ret_real_offset)
{
	struct model_vfio_file *vfio = to_vfio(file);
	struct model_device *device = vfio->device;
	uint64_t start;
	unsigned index = model_region_at(device, offset, &start);
	struct vfio_region_info info = {.argsz = sizeof(info), .index = index};
	bool listed = device->pci.sparse_count == 0 || device->pci.sparse_region != index;

	if (device->gone)
		return -ENODEV;
	if (!vfio->granted || index >= PT_BARS || !(flags & MAP_SHARED))
		return -EINVAL;
	bar_info(device, &info);
	if (!(info.flags & VFIO_REGION_INFO_FLAG_MMAP) || start + size > info.size)
		return -EINVAL;
	for (unsigned i = 0; !listed && i < device->pci.sparse_count; i++)
		listed = start >= device->pci.sparse[i].offset &&
			 start + size <= device->pci.sparse[i].offset + device->pci.sparse[i].size;
	if (!listed)
		return -EINVAL;
	*ret_real_fd = device->private->bar_fd[index];
	*ret_real_offset = start;
	return 0;
}

/* The last reference is gone: this is the unbind. */
static void vfio_release(struct model_file *file)
{
	struct model_vfio_file *vfio = to_vfio(file);
	struct model_device *device = vfio->device;

	if (vfio->granted && --device->private->open_count == 0) {
		model_dmabuf_revoke(device, "closed");
		model_irq_close(device);
		device->low_power = false;
		device->bound = false;
		device->attached = false;
	}
	if (vfio->iommufd) {
		model_iommufd_unbind(vfio->iommufd, device);
		model_file_put(vfio->iommufd);
	}
	if (vfio->group) {
		--*vfio->group_users;
		model_file_put(vfio->group);
	}
	free(vfio);
}

const struct model_file_ops model_vfio_ops = {
	.name = "vfio",
	.ioctl = vfio_ioctl,
	.pread = vfio_pread,
	.pwrite = vfio_pwrite,
	.mmap = vfio_mmap,
	.release = vfio_release,
};
