/* SPDX-License-Identifier: MIT */
/*
 * The life of a guest with up to two devices on the modelled kernel, in steps, for sweeps that let a call of it fail.
 *
 * Each step is announced by its stage, so that it is known what was being done when the fault fired, and what must follow
 * from it. A way to have devices is a row of ways[].
 */
#ifndef SWEEP_LIFE_H
#define SWEEP_LIFE_H

#include "check.h"

#include <linux/kvm.h>

#define LIFE_MIB	    (1ull << 20)
#define LIFE_FIRST	    "0000:02:00.0"
#define LIFE_MSIX_CONTROL   (0x40 + 2)
#define LIFE_TABLE	    0x2000u
#define LIFE_POWER	    (0x60 + 4)
#define LIFE_DEVICE_CONTROL (0x80 + 8)

/**
 * struct way - a way to have devices from the kernel
 * @host: makes the host one that has it; before a function is added
 */
struct way {
	const char *name;
	struct pt_space_setup setup;
	void (*host)(struct model *model);
};

static inline void way_group(struct model *model)
{
	model_host(model)->no_cdev = true;
}

static inline void way_noiommu(struct model *model)
{
	model_host(model)->iommu = MODEL_IOMMU_NONE;
	model_host(model)->noiommu = PT_NOIOMMU_IOMMUFD;
}

static inline void way_noiommu_group(struct model *model)
{
	model_host(model)->iommu = MODEL_IOMMU_NONE;
	model_host(model)->noiommu = PT_NOIOMMU_GROUP;
}

static const struct way ways[] = {
	{"cdev", {.backend = PT_BACKEND_CDEV}, NULL},
	{"group", {.backend = PT_BACKEND_GROUP}, way_group},
	{"noiommu", {.unsafe_noiommu = 1}, way_noiommu},
	{"noiommu by group", {.backend = PT_BACKEND_GROUP, .unsafe_noiommu = 1}, way_noiommu_group},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/**
 * enum stage_kind - what must follow from a call that fails
 *
 * UP: the failure is returned, with the call's errno and a message that names the thing. USE: it is reported to the guest's
 * owner, since a guest's write returns nothing. DOWN: nothing stops; what is done afterwards may suffer.
 */
enum stage_kind { STAGE_UP, STAGE_USE, STAGE_DOWN };

/** struct plugged - a function in the guest */
struct plugged {
	const char *bdf;
	uint64_t bar_address;
	struct guest *guest;
	struct pt_device *device;
	struct pt_function *function;
};

struct stage {
	const char *name;
	enum stage_kind kind;
	const struct plugged *plugged;
};

/**
 * struct life - a guest's
 * @space_fd: of an iommufd or a container that is handed in, -1 for none; @device_fd: of the first device
 * @token: VF token of the first device, NULL for none
 * @no_kvm: an embedder without KVM
 * @late: what happens on the host between the first device's opening and its bind
 */
struct life {
	struct model *model;
	const struct pt_sys *sys;
	const struct way *way;
	int space_fd, device_fd;
	const char *token;
	bool no_kvm;
	void (*late)(struct life *life);
	struct pt_space *space;
	struct plugged first, second;
	int kvm, vm, kvm_vfio, memfd;
	struct stage now;
	struct stage fired; /* the stage in which the fault fired; without a name when it did not */
	struct pt_error err;
};

/* Whatever comes now belongs to this stage. */
static inline void life_stage(struct life *life, const char *name, enum stage_kind kind,
			      const struct plugged *plugged)
{
	if (model_fault(life->model)->fired && !life->fired.name)
		life->fired = life->now;
	life->now = (struct stage){name, kind, plugged};
}

/* The embedder's own part, which no fault is made in. */

static inline int life_kvm_file(const struct life *life, uint64_t what, int fd)
{
	struct kvm_device_attr attr = {
		.group = KVM_DEV_VFIO_FILE, .attr = what, .addr = (uintptr_t)&fd};

	return life->sys->ioctl(life->sys->ctx, life->kvm_vfio, KVM_SET_DEVICE_ATTR, &attr);
}

static inline int life_file_add(void *ctx, int fd, struct pt_error *err)
{
	int ret = life_kvm_file(ctx, KVM_DEV_VFIO_FILE_ADD, fd);

	return ret ? pt_error_set(err, ret, "KVM_DEV_VFIO_FILE_ADD") : 0;
}

static inline void life_file_del(void *ctx, int fd)
{
	(void)life_kvm_file(ctx, KVM_DEV_VFIO_FILE_DEL, fd);
}

static const struct pt_kvm_ops life_kvm_ops = {.file_add = life_file_add,
					       .file_del = life_file_del};

static inline struct life life_new(struct model *model, const struct way *way, const char *second)
{
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_VFIO};
	struct life life = {.model = model,
			    .sys = model_sys(model),
			    .way = way,
			    .space_fd = -1,
			    .device_fd = -1};

	life.first = (struct plugged){.bdf = LIFE_FIRST, .bar_address = 1ull << 40};
	life.second = (struct plugged){.bdf = second, .bar_address = 1ull << 41};
	life.first.guest = guest_new(model);
	life.second.guest = guest_new(model);
	life.kvm = model_open(model, "/dev/kvm");
	life.vm = life.sys->ioctl(life.sys->ctx, life.kvm, KVM_CREATE_VM, NULL);
	cr_assert_eq(life.sys->ioctl(life.sys->ctx, life.vm, KVM_CREATE_DEVICE, &device), 0);
	life.kvm_vfio = (int)device.fd;
	life.memfd = model_memfd(model, 4 * LIFE_MIB);
	return life;
}

static inline void life_clear_away(struct life *life)
{
	model_close(life->model, life->memfd);
	model_close(life->model, life->kvm_vfio);
	model_close(life->model, life->vm);
	model_close(life->model, life->kvm);
}

/* The way up. */

static inline int life_open_space(struct life *life)
{
	struct pt_space_setup setup = life->way->setup;

	setup.kvm = life->no_kvm ? NULL : &life_kvm_ops;
	setup.kvm_ctx = life;
	life_stage(life, "open the space", STAGE_UP, NULL);
	if (life->space_fd >= 0)
		return pt_space_open_fd(life->sys, &setup, life->space_fd, &life->space,
					&life->err);
	return pt_space_open(life->sys, &setup, &life->space, &life->err);
}

/* A descriptor that is handed in is the library's once the device is open. */
static inline int life_open(struct life *life, struct plugged *plugged)
{
	bool first = plugged == &life->first;
	const struct pt_device_setup setup = {.vf_token = first ? life->token : NULL};
	int ret;

	life_stage(life, "open a device", STAGE_UP, plugged);
	if (!first || life->device_fd < 0)
		return pt_device_open(life->space, plugged->bdf, &setup, &plugged->device,
				      &life->err);
	ret = pt_device_open_fd(life->space, life->device_fd, plugged->bdf, &setup,
				&plugged->device, &life->err);
	if (ret == 0)
		life->device_fd = -1;
	return ret;
}

static inline int life_attach(struct life *life, struct plugged *plugged)
{
	int ret = life_open(life, plugged);

	if (ret)
		return ret;
	if (life->late && plugged == &life->first)
		life->late(life);
	life_stage(life, "bind a device", STAGE_UP, plugged);
	ret = pt_device_bind(plugged->device, &life->err);
	if (ret)
		return ret;
	life_stage(life, "attach a device", STAGE_UP, plugged);
	return pt_device_attach(plugged->device, &life->err);
}

static inline int life_map(struct life *life, uint64_t iova, uint64_t offset)
{
	const struct pt_memory memory = {
		.hva = (char *)0x7f0000000000 + offset, .fd = life->memfd, .offset = offset};

	/* Nothing is mapped for devices without an IOMMU. */
	if (life->way->setup.unsafe_noiommu)
		return 0;
	life_stage(life, "map memory", STAGE_UP, NULL);
	return pt_space_map(life->space, iova, 2 * LIFE_MIB, &memory, PT_MAP_READ | PT_MAP_WRITE,
			    &life->err);
}

static inline int life_create(struct life *life, struct plugged *plugged)
{
	const struct pt_function_setup setup = {
		.root_bus = 1, .low_power = 1, .bar_address = {plugged->bar_address}};
	int ret;

	life_stage(life, "check a BAR", STAGE_UP, plugged);
	ret = pt_space_check(life->space, plugged->bar_address, 0x4000, &life->err);
	if (ret)
		return ret;
	life_stage(life, "create a function", STAGE_UP, plugged);
	return pt_function_create(plugged->device, &setup, &guest_ops, plugged->guest,
				  &plugged->function, &life->err);
}

static inline int life_start(struct life *life, struct plugged *plugged)
{
	life_stage(life, "start a function", STAGE_UP, plugged);
	return pt_function_start(plugged->function, &life->err);
}

/* Into a guest that runs. */
static inline int life_plug(struct life *life, struct plugged *plugged)
{
	int ret = life_attach(life, plugged);

	if (ret == 0)
		ret = life_create(life, plugged);
	return ret ? ret : life_start(life, plugged);
}

/* A guest from nothing, with one device or two. */
static inline int life_boot(struct life *life, bool two)
{
	int ret = life_open_space(life);

	if (ret == 0)
		ret = life_attach(life, &life->first);
	if (ret == 0 && two)
		ret = life_attach(life, &life->second);
	if (ret == 0)
		ret = life_map(life, 0, 0);
	if (ret == 0)
		ret = life_map(life, 1ull << 32, 2 * LIFE_MIB);
	if (ret == 0)
		ret = life_create(life, &life->first);
	if (ret == 0 && two)
		ret = life_create(life, &life->second);
	if (ret == 0)
		ret = life_start(life, &life->first);
	return ret || !two ? ret : life_start(life, &life->second);
}

/* What a driver does: decode and bus mastering, MSI-X with two vectors, a mask and an unmask. */
static inline void life_use(struct life *life, struct plugged *plugged)
{
	struct pt_function *function = plugged->function;

	life_stage(life, "use a function", STAGE_USE, plugged);
	/* Without an IOMMU there are no messages, and bus mastering would be reported. */
	if (life->way->setup.unsafe_noiommu) {
		pt_function_config_write(function, CFG_COMMAND, 2, COMMAND_MEM);
		return;
	}
	pt_function_config_write(function, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
	pt_function_config_write(function, LIFE_MSIX_CONTROL, 2, 0x8000);
	for (uint64_t i = 0; i < 2; i++) {
		const uint64_t address = 0xfee00000, data = 0x40 + i;

		pt_function_bar_write(function, 0, LIFE_TABLE + 16 * i, &address, 8);
		pt_function_bar_write(function, 0, LIFE_TABLE + 16 * i + 8, &data, 8);
	}
	for (uint32_t i = 0; i < 2; i++) {
		const uint32_t masked = i == 0;

		pt_function_bar_write(function, 0, LIFE_TABLE + 12, &masked, 4);
	}
}

/* The way down: what device.h says, whatever there is. */

static inline void life_unplug(struct life *life, struct plugged *plugged)
{
	life_stage(life, "unplug a function", STAGE_DOWN, plugged);
	if (plugged->function)
		pt_function_stop(plugged->function);
	pt_function_destroy(plugged->function);
	pt_device_close(plugged->device);
	plugged->function = NULL;
	plugged->device = NULL;
}

static inline void life_end(struct life *life)
{
	life_unplug(life, &life->second);
	life_unplug(life, &life->first);
	life_stage(life, "close the space", STAGE_DOWN, NULL);
	pt_space_close(life->space);
	life->space = NULL;
	life_stage(life, "end", STAGE_DOWN, NULL);
}

/* Nothing may be left, whatever failed. @what: what did, for the message. */
static inline void life_check_left(struct life *life, const char *what)
{
	char text[1024];
	unsigned left = guest_left(life->first.guest) + guest_left(life->second.guest);

	life_clear_away(life);
	cr_assert_eq(left, 0, "%s: %u things left in the guest", what, left);
	cr_assert_eq(model_leaks(life->model, text, sizeof(text)), 0, "%s, left: %s", what, text);
	cr_assert_null(model_violation(life->model), "%s: %s", what, model_violation(life->model));
}

static inline bool life_names_the_thing(const struct life *life, const char *message)
{
	return strstr(message, life->first.bdf) || strstr(message, life->second.bdf) ||
	       strstr(message, "/dev/iommu") || strstr(message, "/dev/vfio/vfio") ||
	       strstr(message, "IOVA 0x") ||
	       (life->first.device == NULL && strstr(message, "descriptor "));
}

/* The fault's errno as the code under test sees it. */
static inline int life_fault_code(const struct life *life)
{
	const struct model_fault *fault = model_fault(life->model);

	return !strncmp(fault->where, "alloc", 5) ? -ENOMEM : fault->error;
}

#endif
