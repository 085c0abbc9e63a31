/* SPDX-License-Identifier: MIT */
/* The model as a whole: made, looked at, thrown away; its files and descriptors. */
#include "model_group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *model_xalloc(size_t size)
{
	void *ptr = calloc(1, size);

	if (!ptr)
		abort();
	return ptr;
}

void *model_grow(void *array, unsigned count, unsigned *max, size_t element)
{
	if (count < *max)
		return array;
	*max = *max ? *max * 2 : 16;
	array = realloc(array, *max * element);
	if (!array)
		abort();
	return array;
}

/* Files and descriptors. */

void model_file_init(struct model *model, struct model_file *file, const struct model_file_ops *ops,
		     const char *label)
{
	file->model = model;
	file->ops = ops;
	file->refs = 1;
	snprintf(file->label, sizeof(file->label), "%s", label);
	file->next = model->files;
	model->files = file;
}

struct model_file *model_file_get(struct model_file *file)
{
	file->refs++;
	return file;
}

void model_file_put(struct model_file *file)
{
	struct model_file **link;

	if (!file || --file->refs > 0)
		return;
	for (link = &file->model->files; *link != file; link = &(*link)->next)
		;
	*link = file->next;
	file->ops->release(file);
}

int model_fd_new(struct model *model, struct model_file *file)
{
	model->fds = model_grow(model->fds, model->fd_count, &model->fd_max, sizeof(*model->fds));
	model->fds[model->fd_count] = file;
	return MODEL_FIRST_FD + (int)model->fd_count++;
}

struct model_file *model_fd_file(const struct model *model, int fd)
{
	unsigned index = (unsigned)(fd - MODEL_FIRST_FD);

	return fd >= MODEL_FIRST_FD && index < model->fd_count ? model->fds[index] : NULL;
}

static struct model *models;

struct model *model_new(void)
{
	struct model *model = model_xalloc(sizeof(*model));

	model->next = models;
	models = model;
	model->sys = model_sys_table;
	model->sys.ctx = model;
	model->host.iommu = MODEL_IOMMU_INTEL;
	model->host.aperture_bits = 48;
	model->host.memlock = UINT64_MAX;
	model->host.dma_entries = 65535;
	model_tree_init(model);
	model_put_node(model, "/dev/iommu", MODEL_MAJOR_MISC, MODEL_MINOR_IOMMU);
	model_put_node(model, "/dev/kvm", MODEL_MAJOR_MISC, MODEL_MINOR_KVM);
	model_put_node(model, "/dev/vfio/vfio", MODEL_MAJOR_MISC, MODEL_MINOR_VFIO);
	model_put_link(model, "/sys/dev/char/10:196", "../../devices/virtual/misc/vfio");
	model_put_file(model, "/sys/devices/virtual/misc/vfio/dev", "10:196\n");
	model_put_file(model, "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit", "65535\n");
	model_put_link(model, "/sys/dev/char/10:124", "../../devices/virtual/misc/iommu");
	model_put_link(model, "/sys/dev/char/10:232", "../../devices/virtual/misc/kvm");
	model_put_file(model, "/sys/devices/virtual/misc/iommu/dev", "10:124\n");
	model_put_file(model, "/sys/devices/virtual/misc/kvm/dev", "10:232\n");
	model_put_dir(model, "/dev/vfio/devices");
	model_put_dir(model, "/sys/bus/pci/drivers/vfio-pci");
	model_put_file(model, "/proc/meminfo", "MemTotal: 1 kB\n");
	model_put_file(model, "/sys/module/iommufd/parameters/allow_unsafe_interrupts", "N\n");
	model_remapping(model, true);
	model_put_dir(model, "/proc/4242/fd");
	model_show_memory(model);
	return model;
}

void model_remapping(struct model *model, bool on)
{
	model->no_remapping = !on;
	model_put_file(model, "/sys/kernel/irq/8/chip_name", on ? "IR-IO-APIC\n" : "IO-APIC\n");
	model_put_file(model, "/sys/kernel/irq/24/chip_name",
		       on ? "IR-PCI-MSI-0000:00:1c.0\n" : "PCI-MSI-0000:00:1c.0\n");
	model_put_dir(model, "/sys/kernel/irq/25");
}

static void device_free(struct model_device *device)
{
	for (unsigned i = 0; i < PT_BARS; i++)
		if (device->private->bar_fd[i] >= 0)
			close(device->private->bar_fd[i]);
	free(device->private);
	free(device);
}

/* What was leaked is freed too: model_leaks() is where leaks are counted. */
void model_free(struct model *model)
{
	struct model **link = &models;

	if (!model)
		return;
	while (*link != model)
		link = &(*link)->next;
	*link = model->next;
	while (model->mapping_count > 0)
		model_mem_unmap(model, (void *)model->mappings[0].start, model->mappings[0].size);
	for (unsigned i = 0; i < model->fd_count; i++)
		model_file_put(model->fds[i]);
	for (unsigned i = 0; i < model->device_count; i++)
		device_free(model->devices[i]);
	model_tree_done(model);
	model_groups_done(model);
	for (unsigned i = 0; i < model->block_count; i++)
		free(model->blocks[i].ptr);
	for (unsigned i = 0; i < model->owned_count; i++)
		free(model->owned[i]);
	free(model->blocks);
	free(model->owned);
	free(model->devices);
	free(model->mappings);
	free(model->seen);
	free(model->fds);
	free(model->log);
	free(model);
}

const struct pt_sys *model_sys(struct model *model)
{
	return &model->sys;
}

struct model_host *model_host(struct model *model)
{
	return &model->host;
}

struct model_fault *model_fault(struct model *model)
{
	return &model->fault;
}

const char *model_violation(const struct model *model)
{
	return model->violation[0] ? model->violation : NULL;
}

unsigned model_slept(const struct model *model)
{
	return model->slept_ms;
}

struct leaks {
	char *text;
	size_t size;
	unsigned count;
};

static void leak(struct leaks *leaks, const char *fmt, ...) PT_PRINTF(2, 3);

static void leak(struct leaks *leaks, const char *fmt, ...)
{
	size_t used = strlen(leaks->text);
	va_list args;

	if (leaks->count++ > 0 && used < leaks->size)
		used += (size_t)snprintf(leaks->text + used, leaks->size - used, ", ");
	va_start(args, fmt);
	if (used < leaks->size)
		vsnprintf(leaks->text + used, leaks->size - used, fmt, args);
	va_end(args);
}

unsigned model_leaks(const struct model *model, char *text, size_t size)
{
	struct leaks leaks = {text, size, 0};

	text[0] = '\0';
	for (unsigned i = 0; i < model->fd_count; i++)
		if (model->fds[i])
			leak(&leaks, "descriptor %u %s %s", MODEL_FIRST_FD + i,
			     model->fds[i]->ops->name, model->fds[i]->label);
	for (const struct model_file *file = model->files; file; file = file->next)
		leak(&leaks, "%s %s with %u references", file->ops->name, file->label, file->refs);
	for (unsigned i = 0; i < model->mapping_count; i++)
		leak(&leaks, "mapping of %zu bytes", model->mappings[i].size);
	for (unsigned i = 0; i < model->seen_count; i++)
		leak(&leaks, "%zu bytes of memory in the guest", model->seen[i].size);
	for (unsigned i = 0; i < model->device_count; i++)
		if (model->devices[i]->bound)
			leak(&leaks, "%s bound", model->devices[i]->pci.bdf);
	for (unsigned i = 0; i < model->block_count; i++)
		leak(&leaks, "allocation of %zu bytes", model->blocks[i].size);
	if (model->pinned > 0)
		leak(&leaks, "%llu bytes pinned", (unsigned long long)model->pinned);
	if (model->mm_pinned > 0)
		leak(&leaks, "%llu bytes pinned by a container",
		     (unsigned long long)model->mm_pinned);
	return leaks.count;
}

void *model_own(struct model *model, void *ptr)
{
	model->owned = model_grow(model->owned, model->owned_count, &model->owned_max,
				  sizeof(*model->owned));
	model->owned[model->owned_count++] = ptr;
	return ptr;
}

int model_open(struct model *model, const char *path)
{
	struct model_file *file;
	int ret = model_tree_open(model, path, 2 /* O_RDWR */, &file);

	return ret ? ret : model_fd_new(model, file);
}

void model_close(struct model *model, int fd)
{
	(void)model->sys.close(model, fd);
}

unsigned model_ioas_count(const struct model *model)
{
	unsigned count = 0;

	for (const struct model_file *file = model->files; file; file = file->next)
		if (file->ops == &model_iommufd_ops)
			count += model_iommufd_ioas(file);
	return count;
}

unsigned model_hwpt_count(const struct model *model, bool by_hand)
{
	unsigned count = 0;

	for (const struct model_file *file = model->files; file; file = file->next)
		if (file->ops == &model_iommufd_ops)
			count += model_iommufd_hwpts(file, by_hand);
	return count;
}

bool model_ioas_find(const struct model *model, uint64_t iova, uint64_t size)
{
	for (const struct model_file *file = model->files; file; file = file->next)
		if ((file->ops == &model_iommufd_ops && model_iommufd_covers(file, iova, size)) ||
		    (file->ops == &model_container_ops && model_container_covers(file, iova, size)))
			return true;
	return false;
}
