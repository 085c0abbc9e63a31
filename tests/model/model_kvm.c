/* SPDX-License-Identifier: MIT */
/* KVM, as far as it has to do with VFIO: /dev/kvm, a virtual machine, its kvm-vfio device. */
#include "model_private.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>

#define FILES 64

struct kvm {
	struct model_file file;
};

struct machine {
	struct model_file file;
	bool has_vfio;
};

struct kvm_vfio {
	struct model_file file;
	struct machine *machine;
	struct model_file *held[FILES];
};

static void kvm_vfio_release(struct model_file *file)
{
	struct kvm_vfio *vfio = container_of(file, struct kvm_vfio, file);

	for (unsigned i = 0; i < FILES; i++)
		model_file_put(vfio->held[i]);
	vfio->machine->has_vfio = false;
	model_file_put(&vfio->machine->file);
	free(vfio);
}

static bool is_bound(const struct model_file *file)
{
	if (file->ops == &model_group_ops)
		return model_group_serves(file);
	return container_of(file, const struct model_vfio_file, file)->granted;
}

static int file_add(struct kvm_vfio *vfio, int fd)
{
	struct model_file *file = model_fd_file(vfio->file.model, fd);
	int slot = -1;

	if (!file)
		return -EBADF;
	if (file->ops != &model_vfio_ops && file->ops != &model_group_ops)
		return -EINVAL;
	for (int i = FILES - 1; i >= 0; i--) {
		if (vfio->held[i] == file)
			return -EEXIST;
		if (!vfio->held[i])
			slot = i;
	}
	if (slot < 0)
		return -ENOMEM;
	if (is_bound(file))
		model_violate(file->model, "KVM is told of %s after it was bound", file->label);
	vfio->held[slot] = model_file_get(file);
	return 0;
}

static int file_del(struct kvm_vfio *vfio, int fd)
{
	struct model_file *file = model_fd_file(vfio->file.model, fd);

	if (!file)
		return -EBADF;
	for (unsigned i = 0; i < FILES; i++) {
		if (vfio->held[i] != file)
			continue;
		vfio->held[i] = NULL;
		model_file_put(file);
		return 0;
	}
	return -ENOENT;
}

static int kvm_vfio_ioctl(struct model_file *file, unsigned long request, void *arg)
{
	struct kvm_vfio *vfio = container_of(file, struct kvm_vfio, file);
	const struct kvm_device_attr *attr = arg;
	int fd;

	if (request != KVM_SET_DEVICE_ATTR && request != KVM_HAS_DEVICE_ATTR)
		return -ENOTTY;
	if (attr->flags)
		return -EINVAL;
	if (attr->group != KVM_DEV_VFIO_FILE ||
	    (attr->attr != KVM_DEV_VFIO_FILE_ADD && attr->attr != KVM_DEV_VFIO_FILE_DEL))
		return -ENXIO;
	if (request == KVM_HAS_DEVICE_ATTR)
		return 0;
	if (!attr->addr)
		return -EFAULT;
	fd = *(const int *)(uintptr_t)attr->addr;
	model_detail(file->model, "%s %d",
		     attr->attr == KVM_DEV_VFIO_FILE_ADD ? "FILE_ADD" : "FILE_DEL", fd);
	return attr->attr == KVM_DEV_VFIO_FILE_ADD ? file_add(vfio, fd) : file_del(vfio, fd);
}

static const struct model_file_ops kvm_vfio_ops = {
	.name = "kvm-vfio",
	.ioctl = kvm_vfio_ioctl,
	.release = kvm_vfio_release,
};

static int machine_ioctl(struct model_file *file, unsigned long request, void *arg)
{
	struct machine *machine = container_of(file, struct machine, file);
	struct kvm_create_device *create = arg;
	struct kvm_vfio *vfio;

	if (request != KVM_CREATE_DEVICE)
		return -ENOTTY;
	if (create->type != KVM_DEV_TYPE_VFIO)
		return -ENODEV;
	if (create->flags & ~(__u32)KVM_CREATE_DEVICE_TEST)
		return -EINVAL;
	if (create->flags & KVM_CREATE_DEVICE_TEST)
		return 0;
	if (machine->has_vfio)
		return -EBUSY;
	vfio = model_xalloc(sizeof(*vfio));
	model_file_init(file->model, &vfio->file, &kvm_vfio_ops, "");
	vfio->machine = machine;
	model_file_get(file);
	machine->has_vfio = true;
	create->fd = (__u32)model_fd_new(file->model, &vfio->file);
	return 0;
}

static void machine_release(struct model_file *file)
{
	free(container_of(file, struct machine, file));
}

static const struct model_file_ops machine_ops = {
	.name = "kvm-vm",
	.ioctl = machine_ioctl,
	.release = machine_release,
};

static int kvm_ioctl(struct model_file *file, unsigned long request, void *arg)
{
	struct machine *machine;

	(void)arg;
	if (request == KVM_GET_API_VERSION)
		return KVM_API_VERSION;
	if (request != KVM_CREATE_VM)
		return -ENOTTY;
	machine = model_xalloc(sizeof(*machine));
	model_file_init(file->model, &machine->file, &machine_ops, "");
	return model_fd_new(file->model, &machine->file);
}

static void kvm_release(struct model_file *file)
{
	free(container_of(file, struct kvm, file));
}

static const struct model_file_ops kvm_ops = {
	.name = "kvm",
	.ioctl = kvm_ioctl,
	.release = kvm_release,
};

struct model_file *model_kvm_new(struct model *model)
{
	struct kvm *kvm = model_xalloc(sizeof(*kvm));

	model_file_init(model, &kvm->file, &kvm_ops, "");
	return &kvm->file;
}
