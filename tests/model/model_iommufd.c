/* SPDX-License-Identifier: MIT */
/*
 * /dev/iommu: objects by number, from 1. An IOAS has areas (what is mapped) and the ranges that its user allows; an
 * HWPT belongs to an IOAS and is made by hand or by attaching devices; a device is one that is bound.
 *
 * An object with users cannot be destroyed. An IOAS is used by its HWPTs, an HWPT by the devices attached to it.
 */
#include "model_iommufd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct model_iommufd *to_iommufd(struct model_file *file)
{
	return container_of(file, struct model_iommufd, file);
}

struct model_object *model_object_new(struct model_iommufd *iommufd, enum model_object_kind kind)
{
	struct model_object *object = model_xalloc(sizeof(*object));

	object->kind = kind;
	object->id = ++iommufd->last_id;
	object->next = iommufd->objects;
	iommufd->objects = object;
	return object;
}

struct model_object *model_object_find(struct model_iommufd *iommufd, uint32_t id)
{
	struct model_object *object = iommufd->objects;

	while (object && object->id != id)
		object = object->next;
	return object;
}

void model_object_free(struct model_iommufd *iommufd, struct model_object *object)
{
	struct model_object **link = &iommufd->objects;

	while (*link != object)
		link = &(*link)->next;
	*link = object->next;
	model_ioas_clear(object);
	free(object->dirty);
	free(object);
}

/* Devices. */

static struct model_object *device_find(struct model_file *file, const struct model_device *device)
{
	struct model_object *object = to_iommufd(file)->objects;

	while (object && object->device != device)
		object = object->next;
	return object;
}

uint32_t model_iommufd_devid(struct model_file *file, const struct model_device *device)
{
	const struct model_object *object = device_find(file, device);

	return object ? object->id : 0;
}

int model_iommufd_bind(struct model_file *file, struct model_device *device, uint32_t *ret_id)
{
	struct model_object *object = model_object_new(to_iommufd(file), MODEL_OBJECT_DEVICE);

	object->device = device;
	*ret_id = object->id;
	return 0;
}

void model_iommufd_unbind(struct model_file *file, struct model_device *device)
{
	model_iommufd_detach(file, device);
	model_object_free(to_iommufd(file), device_find(file, device));
}

void model_iommufd_detach(struct model_file *file, struct model_device *device)
{
	model_hwpt_leave(to_iommufd(file), device_find(file, device));
}

int model_iommufd_attach(struct model_file *file, struct model_device *device, uint32_t *pt_id)
{
	return model_hwpt_attach(to_iommufd(file), device_find(file, device), pt_id);
}

static int ioas_alloc(struct model_iommufd *iommufd, struct iommu_ioas_alloc *cmd)
{
	if (cmd->flags)
		return -EOPNOTSUPP;
	cmd->out_ioas_id = model_object_new(iommufd, MODEL_OBJECT_IOAS)->id;
	return 0;
}

/* RLIMIT_MODE, which is settled before there is any object. */
static int option(struct model_iommufd *iommufd, struct iommu_option *cmd)
{
	if (cmd->__reserved || cmd->option_id != IOMMU_OPTION_RLIMIT_MODE || cmd->object_id)
		return -EOPNOTSUPP;
	if (cmd->op == IOMMU_OPTION_OP_GET) {
		cmd->val64 = iommufd->counts == MODEL_PIN_PROCESS;
		return 0;
	}
	if (cmd->op != IOMMU_OPTION_OP_SET)
		return -EOPNOTSUPP;
	if (iommufd->file.model->host.no_sys_resource)
		return -EPERM;
	if (iommufd->objects)
		return -EBUSY;
	if (cmd->val64 > 1)
		return -EINVAL;
	iommufd->counts = cmd->val64 ? MODEL_PIN_PROCESS : MODEL_PIN_USER;
	return 0;
}

static int destroy(struct model_iommufd *iommufd, struct iommu_destroy *cmd)
{
	struct model_object *object = model_object_find(iommufd, cmd->id);

	if (!object)
		return -ENOENT;
	if (object->users > 0 || object->kind == MODEL_OBJECT_DEVICE)
		return -EBUSY;
	if (object->kind == MODEL_OBJECT_HWPT)
		model_hwpt_destroy(iommufd, object);
	else
		model_object_free(iommufd, object);
	return 0;
}

/* Dispatch: a struct may be shorter than the kernel's down to a minimum, and longer if what is beyond is zero. */

union command {
	uint32_t size;
	struct iommu_destroy destroy;
	struct iommu_ioas_alloc alloc;
	struct iommu_ioas_iova_ranges ranges;
	struct iommu_ioas_allow_iovas allow;
	struct iommu_ioas_map map;
	struct model_map_file map_file;
	struct iommu_ioas_unmap unmap;
	struct iommu_option option;
	struct iommu_hwpt_alloc hwpt_alloc;
	struct iommu_hw_info hw_info;
	struct iommu_hwpt_set_dirty_tracking track_dirty;
	struct iommu_hwpt_get_dirty_bitmap read_dirty;
};

static const struct {
	unsigned long request;
	size_t size;
	size_t min;
} commands[] = {
	{IOMMU_DESTROY, sizeof(struct iommu_destroy), 8},
	{IOMMU_IOAS_ALLOC, sizeof(struct iommu_ioas_alloc), 12},
	{IOMMU_IOAS_IOVA_RANGES, sizeof(struct iommu_ioas_iova_ranges), 32},
	{IOMMU_IOAS_ALLOW_IOVAS, sizeof(struct iommu_ioas_allow_iovas), 24},
	{IOMMU_IOAS_MAP, sizeof(struct iommu_ioas_map), 40},
	{MODEL_MAP_FILE, sizeof(struct model_map_file), 40},
	{IOMMU_IOAS_UNMAP, sizeof(struct iommu_ioas_unmap), 24},
	{IOMMU_OPTION, sizeof(struct iommu_option), 24},
	{IOMMU_HWPT_ALLOC, sizeof(struct iommu_hwpt_alloc), 24},
	{IOMMU_GET_HW_INFO, sizeof(struct iommu_hw_info), 32},
	{IOMMU_HWPT_SET_DIRTY_TRACKING, sizeof(struct iommu_hwpt_set_dirty_tracking), 16},
	{IOMMU_HWPT_GET_DIRTY_BITMAP, sizeof(struct iommu_hwpt_get_dirty_bitmap), 48},
};

static int execute(struct model_iommufd *iommufd, unsigned long request, union command *cmd)
{
	switch (request) {
	case IOMMU_DESTROY:
		return destroy(iommufd, &cmd->destroy);
	case IOMMU_IOAS_ALLOC:
		return ioas_alloc(iommufd, &cmd->alloc);
	case IOMMU_IOAS_IOVA_RANGES:
		return model_ioas_ranges(iommufd, &cmd->ranges);
	case IOMMU_IOAS_ALLOW_IOVAS:
		return model_ioas_allow(iommufd, &cmd->allow);
	case IOMMU_IOAS_MAP:
		return model_ioas_map(iommufd, &cmd->map);
	case IOMMU_IOAS_UNMAP:
		return model_ioas_unmap(iommufd, &cmd->unmap);
	case IOMMU_OPTION:
		return option(iommufd, &cmd->option);
	case IOMMU_HWPT_ALLOC:
		return model_hwpt_alloc(iommufd, &cmd->hwpt_alloc);
	case IOMMU_GET_HW_INFO:
		return model_hw_info(iommufd, &cmd->hw_info);
	case IOMMU_HWPT_SET_DIRTY_TRACKING:
		return model_dirty_track(iommufd, &cmd->track_dirty);
	case IOMMU_HWPT_GET_DIRTY_BITMAP:
		return model_dirty_read(iommufd, &cmd->read_dirty);
	default:
		return model_ioas_map_file(iommufd, &cmd->map_file);
	}
}

static void map_detail(struct model *model, uint32_t flags, uint64_t iova, uint64_t length,
		       uint64_t start)
{
	const char *access = "read-write";

	if (!(flags & IOMMU_IOAS_MAP_WRITEABLE))
		access = "read-only";
	if (!(flags & IOMMU_IOAS_MAP_READABLE))
		access = "write-only";
	model_detail(model, "iova=0x%llx size=0x%llx start=0x%llx %s", (unsigned long long)iova,
		     (unsigned long long)length, (unsigned long long)start, access);
}

static int iommufd_ioctl(struct model_file *file, unsigned long request, void *arg)
{
	const unsigned char *bytes = arg;
	union command cmd;
	size_t known = 0, min = 0, size;
	uint32_t given;
	int ret;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].request != request)
			continue;
		known = commands[i].size;
		min = commands[i].min;
	}
	if (!known || (request == MODEL_MAP_FILE && !file->model->host.map_file))
		return -ENOTTY;
	memcpy(&given, arg, sizeof(given));
	if (given < min)
		return -EINVAL;
	for (size_t i = known; i < given; i++)
		if (bytes[i])
			return -E2BIG;
	size = given < known ? given : known;
	memset(&cmd, 0, sizeof(cmd));
	memcpy(&cmd, arg, size);
	ret = execute(to_iommufd(file), request, &cmd);
	if (ret == 0 || ret == -EMSGSIZE)
		memcpy(arg, &cmd, size);
	if (request == IOMMU_IOAS_MAP)
		map_detail(file->model, cmd.map.flags, cmd.map.iova, cmd.map.length,
			   cmd.map.user_va);
	if (request == MODEL_MAP_FILE)
		map_detail(file->model, cmd.map_file.flags, cmd.map_file.iova, cmd.map_file.length,
			   cmd.map_file.start);
	return ret;
}

/* Called when nobody has the file any more, so no device is bound either. */
static void iommufd_release(struct model_file *file)
{
	struct model_iommufd *iommufd = to_iommufd(file);

	while (iommufd->objects)
		model_object_free(iommufd, iommufd->objects);
	free(iommufd);
}

const struct model_file_ops model_iommufd_ops = {
	.name = "iommufd",
	.ioctl = iommufd_ioctl,
	.release = iommufd_release,
};

struct model_file *model_iommufd_new(struct model *model)
{
	struct model_iommufd *iommufd = model_xalloc(sizeof(*iommufd));

	model_file_init(model, &iommufd->file, &model_iommufd_ops, "");
	return &iommufd->file;
}

unsigned model_iommufd_ioas(const struct model_file *file)
{
	const struct model_iommufd *iommufd = container_of(file, const struct model_iommufd, file);
	unsigned count = 0;

	for (const struct model_object *object = iommufd->objects; object; object = object->next)
		count += object->kind == MODEL_OBJECT_IOAS;
	return count;
}

unsigned model_iommufd_hwpts(const struct model_file *file, bool by_hand)
{
	const struct model_iommufd *iommufd = container_of(file, const struct model_iommufd, file);
	unsigned count = 0;

	for (const struct model_object *object = iommufd->objects; object; object = object->next)
		count += object->kind == MODEL_OBJECT_HWPT && object->by_hand == by_hand;
	return count;
}

bool model_iommufd_write(struct model_file *file, const struct model_device *device, uint64_t iova)
{
	struct model_object *object = device_find(file, device);

	return object && model_dirty_write(object, iova);
}

bool model_iommufd_covers(const struct model_file *file, uint64_t iova, uint64_t size)
{
	const struct model_iommufd *iommufd = container_of(file, const struct model_iommufd, file);

	for (const struct model_object *object = iommufd->objects; object; object = object->next)
		for (unsigned i = 0; i < object->area_count; i++)
			if (object->areas[i].iova == iova && object->areas[i].size == size)
				return true;
	return false;
}
