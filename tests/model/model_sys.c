/* SPDX-License-Identifier: MIT */
/* The table of operations. Each logs itself, may be made to fail, does its work and logs its result. */
#include "model_private.h"

#include <errno.h>
#include <linux/iommufd.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const char *fd_label(const struct model *model, int fd)
{
	const struct model_file *file = model_fd_file(model, fd);

	return file ? file->label : "?";
}

static int sys_open(void *ctx, const char *path, int flags)
{
	struct model *model = ctx;
	struct model_file *file = NULL;
	int ret = model_enter(model, "open %s", path);

	if (ret)
		return ret;
	ret = model_tree_open(model, path, flags, &file);
	if (ret == 0)
		ret = model_fd_new(model, file);
	model_log_result(model, ret);
	return ret;
}

static int sys_close(void *ctx, int fd)
{
	struct model *model = ctx;
	struct model_file *file = model_fd_file(model, fd);
	char text[MODEL_TEXT];

	snprintf(text, sizeof(text), "close %d %s", fd, fd_label(model, fd));
	model_log_add(model, text);
	if (!file) {
		model_violate(model, "closed descriptor %d, which is not open", fd);
		return -EBADF;
	}
	if (file->mappings > 0)
		model_violate(model, "closed %s %s with %u mappings of it left", file->ops->name,
			      file->label, file->mappings);
	model->fds[fd - MODEL_FIRST_FD] = NULL;
	model_file_put(file);
	return 0;
}

struct ioctl_name {
	unsigned long request;
	const char *name;
};

static const struct ioctl_name ioctl_names[] = {
	{IOMMU_DESTROY, "IOMMU_DESTROY"},
	{IOMMU_IOAS_ALLOC, "IOMMU_IOAS_ALLOC"},
	{IOMMU_IOAS_ALLOW_IOVAS, "IOMMU_IOAS_ALLOW_IOVAS"},
	{IOMMU_IOAS_IOVA_RANGES, "IOMMU_IOAS_IOVA_RANGES"},
	{IOMMU_IOAS_MAP, "IOMMU_IOAS_MAP"},
	{_IO(IOMMUFD_TYPE, 0x8f), "IOMMU_IOAS_MAP_FILE"},
	{IOMMU_IOAS_UNMAP, "IOMMU_IOAS_UNMAP"},
	{IOMMU_OPTION, "IOMMU_OPTION"},
	{IOMMU_GET_HW_INFO, "IOMMU_GET_HW_INFO"},
	{IOMMU_HWPT_ALLOC, "IOMMU_HWPT_ALLOC"},
	{IOMMU_HWPT_SET_DIRTY_TRACKING, "IOMMU_HWPT_SET_DIRTY_TRACKING"},
	{IOMMU_HWPT_GET_DIRTY_BITMAP, "IOMMU_HWPT_GET_DIRTY_BITMAP"},
	{VFIO_DEVICE_BIND_IOMMUFD, "VFIO_DEVICE_BIND_IOMMUFD"},
	{VFIO_DEVICE_ATTACH_IOMMUFD_PT, "VFIO_DEVICE_ATTACH_IOMMUFD_PT"},
	{VFIO_DEVICE_DETACH_IOMMUFD_PT, "VFIO_DEVICE_DETACH_IOMMUFD_PT"},
	{VFIO_DEVICE_GET_INFO, "VFIO_DEVICE_GET_INFO"},
	{VFIO_DEVICE_GET_REGION_INFO, "VFIO_DEVICE_GET_REGION_INFO"},
	{VFIO_DEVICE_GET_IRQ_INFO, "VFIO_DEVICE_GET_IRQ_INFO"},
	{VFIO_DEVICE_SET_IRQS, "VFIO_DEVICE_SET_IRQS"},
	{VFIO_DEVICE_RESET, "VFIO_DEVICE_RESET"},
	{VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, "VFIO_DEVICE_GET_PCI_HOT_RESET_INFO"},
	{VFIO_DEVICE_PCI_HOT_RESET, "VFIO_DEVICE_PCI_HOT_RESET"},
	{VFIO_DEVICE_FEATURE, "VFIO_DEVICE_FEATURE"},
	{KVM_GET_API_VERSION, "KVM_GET_API_VERSION"},
	{KVM_CREATE_VM, "KVM_CREATE_VM"},
	{KVM_CREATE_DEVICE, "KVM_CREATE_DEVICE"},
	{KVM_SET_DEVICE_ATTR, "KVM_SET_DEVICE_ATTR"},
	{KVM_HAS_DEVICE_ATTR, "KVM_HAS_DEVICE_ATTR"},
	{VFIO_GROUP_GET_STATUS, "VFIO_GROUP_GET_STATUS"},
	{VFIO_GROUP_SET_CONTAINER, "VFIO_GROUP_SET_CONTAINER"},
	{VFIO_GROUP_UNSET_CONTAINER, "VFIO_GROUP_UNSET_CONTAINER"},
	{VFIO_GROUP_GET_DEVICE_FD, "VFIO_GROUP_GET_DEVICE_FD"},
	{VFIO_GET_API_VERSION, "VFIO_GET_API_VERSION"},
	{VFIO_CHECK_EXTENSION, "VFIO_CHECK_EXTENSION"},
	{VFIO_SET_IOMMU, "VFIO_SET_IOMMU"},
	{0, NULL},
};

/* A container's ioctls have numbers that a device has others for. */
static const struct ioctl_name container_names[] = {
	{VFIO_IOMMU_GET_INFO, "VFIO_IOMMU_GET_INFO"},
	{VFIO_IOMMU_MAP_DMA, "VFIO_IOMMU_MAP_DMA"},
	{VFIO_IOMMU_UNMAP_DMA, "VFIO_IOMMU_UNMAP_DMA"},
	{0, NULL},
};

static const char *find_name(const struct ioctl_name *names, unsigned long request)
{
	while (names->name && names->request != request)
		names++;
	return names->name;
}

/* The calls that ask about one of several things say which: the index is the third word of both structs. */
static void name_ioctl(const struct model_file *file, unsigned long request, const void *arg,
		       char *text, size_t size)
{
	const char *name = NULL;
	uint32_t words[3];

	if (file && file->ops == &model_container_ops)
		name = find_name(container_names, request);
	if (!name)
		name = find_name(ioctl_names, request);
	if (!name) {
		snprintf(text, size, "0x%lx", request);
	} else if (request == VFIO_DEVICE_GET_REGION_INFO || request == VFIO_DEVICE_GET_IRQ_INFO) {
		memcpy(words, arg, sizeof(words));
		snprintf(text, size, "%s %u", name, words[2]);
	} else {
		snprintf(text, size, "%s", name);
	}
}

static int sys_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
	struct model *model = ctx;
	struct model_file *file = model_fd_file(model, fd);
	char name[64];
	int ret;

	name_ioctl(file, request, arg, name, sizeof(name));
	ret = model_enter(model, "ioctl %s %s", name, fd_label(model, fd));
	if (ret)
		return ret;
	if (!file)
		ret = -EBADF;
	else
		ret = file->ops->ioctl ? file->ops->ioctl(file, request, arg) : -ENOTTY;
	model_log_result(model, ret);
	return ret;
}

static int64_t sys_pread(void *ctx, int fd, void *buf, size_t size, uint64_t offset)
{
	struct model *model = ctx;
	struct model_file *file = model_fd_file(model, fd);
	int64_t ret = model_enter(model, "pread %s 0x%llx %zu", fd_label(model, fd),
				  (unsigned long long)offset, size);

	if (ret)
		return ret;
	if (!file)
		ret = -EBADF;
	else
		ret = file->ops->pread ? file->ops->pread(file, buf, size, offset) : -ESPIPE;
	model_log_result(model, ret);
	return ret;
}

static int64_t sys_pwrite(void *ctx, int fd, const void *buf, size_t size, uint64_t offset)
{
	struct model *model = ctx;
	struct model_file *file = model_fd_file(model, fd);
	int64_t ret = model_enter(model, "pwrite %s 0x%llx %zu", fd_label(model, fd),
				  (unsigned long long)offset, size);

	if (ret)
		return ret;
	if (!file)
		ret = -EBADF;
	else
		ret = file->ops->pwrite ? file->ops->pwrite(file, buf, size, offset) : -ESPIPE;
	model_log_result(model, ret);
	return ret;
}

static int64_t sys_read(void *ctx, int fd, void *buf, size_t size)
{
	struct model *model = ctx;
	struct model_file *file = model_fd_file(model, fd);
	int64_t ret = model_enter(model, "read %d %s", fd, fd_label(model, fd));

	if (ret)
		return ret;
	if (!file)
		ret = -EBADF;
	else
		ret = file->ops->read ? file->ops->read(file, buf, size) : -EINVAL;
	model_log_result(model, ret);
	return ret;
}

static int64_t sys_write(void *ctx, int fd, const void *buf, size_t size)
{
	struct model *model = ctx;
	struct model_file *file = model_fd_file(model, fd);
	int64_t ret = model_enter(model, "write %d %s", fd, fd_label(model, fd));

	if (ret)
		return ret;
	if (!file)
		ret = -EBADF;
	else
		ret = file->ops->write ? file->ops->write(file, buf, size) : -EINVAL;
	model_log_result(model, ret);
	return ret;
}

static int sys_mmap(void *ctx, void *hint, size_t size, int prot, int flags, int fd,
		    uint64_t offset, void **ret_addr)
{
	struct model *model = ctx;
	struct model_file *file = model_fd_file(model, fd);
	int ret = model_enter(model, "mmap %s 0x%llx 0x%zx%s",
			      fd < 0 ? "anonymous" : fd_label(model, fd),
			      (unsigned long long)offset, size, flags & MAP_FIXED ? " fixed" : "");

	if (ret)
		return ret;
	if (fd >= 0 && !file)
		ret = -EBADF;
	else
		ret = model_mem_map(model, file, hint, size, prot, flags, offset, ret_addr);
	model_log_result(model, ret);
	return ret;
}

static int sys_munmap(void *ctx, void *addr, size_t size)
{
	struct model *model = ctx;
	char text[MODEL_TEXT];

	snprintf(text, sizeof(text), "munmap 0x%zx", size);
	model_log_add(model, text);
	return model_mem_unmap(model, addr, size);
}

static int sys_eventfd(void *ctx)
{
	struct model *model = ctx;
	int ret = model_enter(model, "eventfd");

	if (ret)
		return ret;
	ret = model_fd_new(model, model_event_new(model));
	model_log_result(model, ret);
	return ret;
}

static int sys_rdev(void *ctx, int fd, unsigned *ret_major, unsigned *ret_minor)
{
	struct model *model = ctx;
	struct model_file *file = model_fd_file(model, fd);
	int ret = model_enter(model, "rdev %s", fd_label(model, fd));

	if (ret)
		return ret;
	if (!file)
		ret = -EBADF;
	else if (!file->character)
		ret = -ENOTTY;
	if (ret == 0) {
		*ret_major = file->major;
		*ret_minor = file->minor;
	}
	model_log_result(model, ret);
	return ret;
}

static int sys_readlink(void *ctx, const char *path, char *buf, size_t size)
{
	struct model *model = ctx;
	int ret = model_enter(model, "readlink %s", path);

	if (ret)
		return ret;
	ret = model_tree_readlink(model, path, buf, size);
	model_log_result(model, ret);
	return ret;
}

static int sys_realpath(void *ctx, const char *path, char *buf, size_t size)
{
	struct model *model = ctx;
	int ret = model_enter(model, "realpath %s", path);

	if (ret)
		return ret;
	ret = model_tree_realpath(model, path, buf, size);
	model_log_result(model, ret);
	return ret;
}

static int sys_list(void *ctx, const char *path, int (*each)(void *arg, const char *name),
		    void *arg)
{
	struct model *model = ctx;
	int ret = model_enter(model, "list %s", path);

	/* Not logged with its result: @each makes calls of its own, whose lines come after this one. */
	return ret ? ret : model_tree_list(model, path, each, arg);
}

static int sys_stat(void *ctx, const char *path, struct pt_stat *ret_stat)
{
	struct model *model = ctx;
	int ret = model_enter(model, "stat %s", path);

	if (ret)
		return ret;
	ret = model_tree_stat(model, path, ret_stat);
	model_log_result(model, ret);
	return ret;
}

static uint64_t sys_memlock(void *ctx)
{
	struct model *model = ctx;

	return model->host.memlock;
}

static void sys_sleep_ms(void *ctx, unsigned ms)
{
	struct model *model = ctx;

	model->slept_ms += ms;
}

static void *sys_alloc(void *ctx, size_t size)
{
	struct model *model = ctx;
	void *ptr;

	if (model_enter(model, "alloc %zu", size))
		return NULL;
	ptr = model_xalloc(size);
	model->blocks = model_grow(model->blocks, model->block_count, &model->block_max,
				   sizeof(*model->blocks));
	model->blocks[model->block_count++] = (struct model_block){ptr, size};
	return ptr;
}

static void sys_free(void *ctx, void *ptr)
{
	struct model *model = ctx;

	if (!ptr)
		return;
	for (unsigned i = 0; i < model->block_count; i++) {
		if (model->blocks[i].ptr != ptr)
			continue;
		model->blocks[i] = model->blocks[--model->block_count];
		free(ptr);
		return;
	}
	model_violate(model, "freed what was not allocated, or freed it twice");
}

const struct pt_sys model_sys_table = {
	.open = sys_open,
	.close = sys_close,
	.ioctl = sys_ioctl,
	.pread = sys_pread,
	.pwrite = sys_pwrite,
	.read = sys_read,
	.write = sys_write,
	.mmap = sys_mmap,
	.munmap = sys_munmap,
	.eventfd = sys_eventfd,
	.rdev = sys_rdev,
	.readlink = sys_readlink,
	.realpath = sys_realpath,
	.list = sys_list,
	.stat = sys_stat,
	.memlock = sys_memlock,
	.sleep_ms = sys_sleep_ms,
	.alloc = sys_alloc,
	.free = sys_free,
};
