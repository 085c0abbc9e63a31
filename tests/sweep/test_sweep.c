/* SPDX-License-Identifier: MIT */
/*
 * The failure sweep: a guest's whole life on the modelled kernel, once for every call that can fail, with that call
 * failing. For each run:
 *
 *   - a failure on the way up is returned, with the errno of the call that failed and a message that names the thing;
 *   - a failure while the guest uses the device is reported, since a guest's write returns nothing;
 *   - a failure on the way down stops nothing: those calls cannot fail;
 *   - nothing is left open, mapped, pinned, allocated, bound or in the guest;
 *   - the same thing done again at once, without a fault, works.
 *
 * The sweep of a case ends with the run in which the fault did not fire any more.
 */
#include "check.h"

#include <fcntl.h>
#include <linux/kvm.h>

#define MIB	     (1ull << 20)
#define BDF	     "0000:02:00.0"
#define MSIX_CONTROL (0x40 + 2)
#define TABLE	     0x2000u

struct life {
	struct model *model;
	const struct pt_sys *sys;
	struct guest *guest;
	struct pt_space *space;
	struct pt_device *device;
	struct pt_function *function;
	int kvm, vm, kvm_vfio, memfd;
	struct pt_error err;
};

static struct pt_memory at(const struct life *life, uint64_t offset)
{
	return (struct pt_memory){
		.hva = (char *)0x7f0000000000 + offset, .fd = life->memfd, .offset = offset};
}

/* The way up. */

static int kvm_file(const struct life *life, uint64_t what, int fd)
{
	struct kvm_device_attr attr = {
		.group = KVM_DEV_VFIO_FILE, .attr = what, .addr = (uintptr_t)&fd};

	return life->sys->ioctl(life->sys->ctx, life->kvm_vfio, KVM_SET_DEVICE_ATTR, &attr);
}

static int file_add(void *ctx, int fd, struct pt_error *err)
{
	int ret = kvm_file(ctx, KVM_DEV_VFIO_FILE_ADD, fd);

	return ret ? pt_error_set(err, ret, "KVM_DEV_VFIO_FILE_ADD") : 0;
}

static void file_del(void *ctx, int fd)
{
	(void)kvm_file(ctx, KVM_DEV_VFIO_FILE_DEL, fd);
}

static const struct pt_kvm_ops kvm_ops = {.file_add = file_add, .file_del = file_del};

static int open_space(struct life *life)
{
	const struct pt_space_setup setup = {.kvm = &kvm_ops, .kvm_ctx = life};

	return pt_space_open(life->sys, &setup, &life->space, &life->err);
}

static int open_device(struct life *life)
{
	return pt_device_open(life->space, BDF, NULL, &life->device, &life->err);
}

static int attach(struct life *life)
{
	return pt_device_attach(life->device, &life->err);
}

static int map_low(struct life *life)
{
	struct pt_memory memory = at(life, 0);

	return pt_space_map(life->space, 0, 2 * MIB, &memory, PT_MAP_READ | PT_MAP_WRITE,
			    &life->err);
}

static int map_high(struct life *life)
{
	struct pt_memory memory = at(life, 2 * MIB);

	return pt_space_map(life->space, 1ull << 32, 2 * MIB, &memory, PT_MAP_READ | PT_MAP_WRITE,
			    &life->err);
}

static int create(struct life *life)
{
	struct pt_function_setup setup = {.root_bus = 1, .bar_address = {1ull << 40}};

	return pt_function_create(life->device, &setup, &guest_ops, life->guest, &life->function,
				  &life->err);
}

static int start(struct life *life)
{
	return pt_function_start(life->function, &life->err);
}

static const struct {
	const char *name;
	int (*step)(struct life *life);
} ups[] = {
	{"open the space", open_space},
	{"open the device", open_device},
	{"attach", attach},
	{"map low memory", map_low},
	{"map high memory", map_high},
	{"create", create},
	{"start", start},
};

#define UPS (sizeof(ups) / sizeof(ups[0]))

/* What a driver does: decode and bus mastering, MSI-X with two vectors, a mask and an unmask. */
static void use(struct life *life)
{
	pt_function_config_write(life->function, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
	pt_function_config_write(life->function, MSIX_CONTROL, 2, 0x8000);
	for (uint64_t i = 0; i < 2; i++) {
		const uint64_t address = 0xfee00000, data = 0x40 + i;

		pt_function_bar_write(life->function, 0, TABLE + 16 * i, &address, 8);
		pt_function_bar_write(life->function, 0, TABLE + 16 * i + 8, &data, 8);
	}
	for (uint32_t i = 0; i < 2; i++) {
		const uint32_t masked = i == 0;

		pt_function_bar_write(life->function, 0, TABLE + 12, &masked, 4);
	}
}

/* The way down: what device.h says, whatever there is. */
static void down(struct life *life)
{
	if (life->function)
		pt_function_stop(life->function);
	pt_function_destroy(life->function);
	pt_device_close(life->device);
	pt_space_close(life->space);
	life->function = NULL;
	life->device = NULL;
	life->space = NULL;
}

/* The embedder's own part, which no fault is made in. */
static void prepare(struct life *life)
{
	struct kvm_create_device device = {.type = KVM_DEV_TYPE_VFIO};

	life->sys = model_sys(life->model);
	life->guest = guest_new(life->model);
	life->kvm = model_open(life->model, "/dev/kvm");
	life->vm = life->sys->ioctl(life->sys->ctx, life->kvm, KVM_CREATE_VM, NULL);
	cr_assert_eq(life->sys->ioctl(life->sys->ctx, life->vm, KVM_CREATE_DEVICE, &device), 0);
	life->kvm_vfio = (int)device.fd;
	life->memfd = model_memfd(life->model, 4 * MIB);
}

static void clear_away(struct life *life)
{
	model_close(life->model, life->memfd);
	model_close(life->model, life->kvm_vfio);
	model_close(life->model, life->vm);
	model_close(life->model, life->kvm);
}

/* One life. Return: the result of the step that failed, or 0; @ret_stage what was being done when the fault fired. */
static int live(struct life *life, const char **ret_stage)
{
	const struct model_fault *fault = model_fault(life->model);
	int ret = 0;

	*ret_stage = NULL;
	for (unsigned i = 0; i < UPS && ret == 0; i++) {
		ret = ups[i].step(life);
		if (fault->fired && !*ret_stage)
			*ret_stage = ups[i].name;
	}
	if (ret == 0)
		use(life);
	if (fault->fired && !*ret_stage)
		*ret_stage = "use";
	down(life);
	if (fault->fired && !*ret_stage)
		*ret_stage = "down";
	return ret;
}

/* A failure that is documented not to be one. */
static bool tolerated(const struct model_fault *fault)
{
	/* MAP takes what MAP_FILE does not. */
	if (strstr(fault->where, "IOMMU_IOAS_MAP_FILE"))
		return fault->error == -EINVAL;
	/* Drivers say EINVAL to what they do not have: the VGA region, an interrupt index. */
	if (strstr(fault->where, "GET_REGION_INFO 8") || strstr(fault->where, "GET_IRQ_INFO"))
		return fault->error == -EINVAL;
	/* A vector that is armed anew is signalled once; an eventfd whose write fails is signalled already. */
	return !strncmp(fault->where, "write ", 6);
}

static bool names_the_thing(const char *message)
{
	return strstr(message, BDF) || strstr(message, "/dev/iommu") || strstr(message, "IOVA 0x");
}

static void judge(struct life *life, unsigned n, int ret, const char *stage)
{
	const struct model_fault *fault = model_fault(life->model);
	int code = !strncmp(fault->where, "alloc", 5) ? -ENOMEM : fault->error;
	char text[1024];

	if (!strcmp(stage, "use")) {
		cr_assert(life->guest->reports > 0 || tolerated(fault),
			  "call %u, %s, fails with %d: not reported", n, fault->where,
			  fault->error);
		cr_assert(life->guest->reports == 0 || names_the_thing(life->guest->report.message),
			  "call %u, %s: \"%s\"", n, fault->where, life->guest->report.message);
	} else if (strcmp(stage, "down") && !(ret == 0 && tolerated(fault))) {
		cr_assert_eq(ret, code, "call %u, %s (to %s), fails with %d: got %d (%s)", n,
			     fault->where, stage, fault->error, ret, life->err.message);
		cr_assert_eq(life->err.code, ret);
		cr_assert(names_the_thing(life->err.message), "call %u, %s: \"%s\"", n,
			  fault->where, life->err.message);
	} else {
		cr_assert_eq(ret, 0, "call %u, %s (%s): got %d (%s)", n, fault->where, stage, ret,
			     life->err.message);
	}
	clear_away(life);
	cr_assert_eq(guest_left(life->guest), 0, "call %u, %s (%s): %u things left in the guest", n,
		     fault->where, stage, guest_left(life->guest));
	cr_assert_eq(model_leaks(life->model, text, sizeof(text)), 0, "call %u, %s (%s), left: %s",
		     n, fault->where, stage, text);
	cr_assert_null(model_violation(life->model), "call %u, %s (%s): %s", n, fault->where, stage,
		       model_violation(life->model));
}

/* Again at once, on the same host, without a fault. */
static void again(struct model *model, unsigned n)
{
	struct life life = {.model = model};
	const char *stage;
	char where[MODEL_TEXT];
	int ret;

	memcpy(where, model_fault(model)->where, sizeof(where));
	memset(model_fault(model), 0, sizeof(*model_fault(model)));
	prepare(&life);
	ret = live(&life, &stage);
	cr_assert_eq(ret, 0, "after call %u, %s, had failed: %s", n, where, life.err.message);
	cr_assert_eq(life.guest->reports, 0, "after call %u, %s, had failed: %s", n, where,
		     life.guest->report.message);
	clear_away(&life);
	check_clean(model);
}

struct kind {
	const char *name;
	bool map_file;
	bool noresize;
	bool conventional;
};

static struct model *host_of(const struct kind *kind)
{
	struct model *model = model_new();
	struct model_pci pci = model_nvme(BDF, 26);

	if (kind->conventional)
		pci.config_size = 256;
	pci.noresize = kind->noresize;
	model_host(model)->map_file = kind->map_file;
	model_add(model, &pci);
	return model;
}

/* Return: how many calls could fail. */
static unsigned sweep(const struct kind *kind, int error)
{
	for (unsigned n = 1;; n++) {
		struct life life = {.model = host_of(kind)};
		const char *stage;
		int ret;

		prepare(&life);
		*model_fault(life.model) = (struct model_fault){.countdown = n, .error = error};
		ret = live(&life, &stage);
		if (!model_fault(life.model)->fired) {
			cr_assert_eq(ret, 0, "%s", life.err.message);
			clear_away(&life);
			check_clean(life.model);
			model_free(life.model);
			return n - 1;
		}
		judge(&life, n, ret, stage);
		again(life.model, n);
		model_free(life.model);
	}
}

static void sweep_errors(const struct kind *kind)
{
	static const int errors[] = {-ENOMEM, -EIO, -EINVAL, -EPERM, -ENODEV};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		printf("%s: %u calls, each failed once with %s\n", kind->name,
		       sweep(kind, errors[i]), strerror(-errors[i]));
}

Test(sweep, kernel_6_12)
{
	sweep_errors(&(struct kind){.name = "6.12", .conventional = true});
}

Test(sweep, newer_kernel)
{
	sweep_errors(&(struct kind){.name = "map_file", .map_file = true, .conventional = true});
}

Test(sweep, noresize_device)
{
	sweep_errors(&(struct kind){.name = "noresize", .noresize = true, .conventional = true});
}

Test(sweep, extended_config_space)
{
	const struct kind kind = {.name = "4 KiB config space"};

	printf("%s: %u calls, each failed once with EIO\n", kind.name, sweep(&kind, -EIO));
}
