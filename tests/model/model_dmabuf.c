/* SPDX-License-Identifier: MIT */
/*
 * A part of a BAR as a dma-buf (VFIO_DEVICE_FEATURE_DMA_BUF, Linux 6.19).
 *
 * It is revoked when its device stops decoding memory, and what is revoked is mapped nowhere from then on and cannot be
 * mapped again: what decodes again needs a new one. To have it mapped at that moment is a violation: the guest's other
 * devices would write into nothing, and nobody would know.
 */
#include "model_dmabuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCI_COMMAND	   0x04
#define PCI_COMMAND_MEMORY 0x02

struct dmabuf {
	struct model_file file;
	struct model_device *device;
	uint64_t size;
	bool revoked;
	unsigned maps;
};

struct get_dma_buf {
	uint32_t region_index;
	uint32_t open_flags;
	uint32_t flags;
	uint32_t nr_ranges;
	struct {
		uint64_t offset;
		uint64_t length;
	} ranges[1];
};

static struct dmabuf *to_dmabuf(struct model_file *file)
{
	return container_of(file, struct dmabuf, file);
}

static void dmabuf_release(struct model_file *file)
{
	free(to_dmabuf(file));
}

const struct model_file_ops model_dmabuf_ops = {
	.name = "dma-buf",
	.release = dmabuf_release,
};

int model_dmabuf_get(struct model_device *device, const void *data, size_t size)
{
	const struct get_dma_buf *cmd = data;
	const struct model_bar *bar;
	struct dmabuf *dmabuf;

	if (size < sizeof(*cmd) || cmd->flags || cmd->nr_ranges != 1)
		return -EINVAL;
	if (cmd->region_index >= PT_BARS || device->pci.bars[cmd->region_index].io)
		return -ENODEV;
	bar = &device->pci.bars[cmd->region_index];
	if (cmd->ranges[0].length == 0 || cmd->ranges[0].offset % MODEL_PAGE ||
	    cmd->ranges[0].length % MODEL_PAGE || cmd->ranges[0].offset > bar->size ||
	    cmd->ranges[0].length > bar->size - cmd->ranges[0].offset)
		return -EINVAL;
	dmabuf = model_xalloc(sizeof(*dmabuf));
	model_file_init(device->model, &dmabuf->file, &model_dmabuf_ops, device->pci.bdf);
	dmabuf->device = device;
	dmabuf->size = cmd->ranges[0].length;
	dmabuf->revoked = device->power_state != 0 ||
			  !(device->private->config[PCI_COMMAND] & PCI_COMMAND_MEMORY);
	return model_fd_new(device->model, &dmabuf->file);
}

int model_dmabuf_map(struct model_file *file, uint64_t start, uint64_t size)
{
	struct dmabuf *dmabuf = to_dmabuf(file);
	uint64_t end;

	if (__builtin_add_overflow(start, size, &end) || end > dmabuf->size)
		return -EINVAL;
	if (dmabuf->revoked)
		return -ENODEV;
	dmabuf->maps++;
	model_file_get(file);
	return 0;
}

void model_dmabuf_unmap(struct model_file *file)
{
	to_dmabuf(file)->maps--;
	model_file_put(file);
}

/* Whoever was not let to unmap it cannot be blamed for it. */
static bool excused(const struct model *model)
{
	return model->fault.fired && strstr(model->fault.where, "IOMMU_IOAS_UNMAP");
}

void model_dmabuf_revoke(struct model_device *device, const char *how)
{
	for (struct model_file *file = device->model->files; file; file = file->next) {
		struct dmabuf *dmabuf;

		if (file->ops != &model_dmabuf_ops || to_dmabuf(file)->device != device)
			continue;
		dmabuf = to_dmabuf(file);
		if (dmabuf->maps > 0 && !dmabuf->revoked && !excused(device->model))
			model_violate(device->model,
				      "%s: %s while other devices can reach its BARs",
				      device->pci.bdf, how);
		dmabuf->revoked = true;
	}
}
