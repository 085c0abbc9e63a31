/* SPDX-License-Identifier: MIT */
/*
 * usage: embedder BDF
 *
 * A VMM around libpassthrough as small as one can be: a vCPU, 64 KiB of memory (vm.c), and one device in slot 1, QEMU's
 * edu (1234:11e8), bound to vfio-pci. The guest (guest.S) reads the device's config space, places its BAR, uses its
 * registers and takes an interrupt. Says what the guest saw; exit code 0 when that is right.
 *
 * Read main() first: it is the order in which things are made. guest_ops is what the library asks of a VMM.
 */
#include "vm.h"

#include <errno.h>
#include <passthrough/passthrough.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define CODE	 0x1000 /* where guest.S goes, and where it leaves a struct result */
#define RESULT	 0x8000
#define DONE	 0xf4 /* the port by which it ends */
#define SLOT	 1
#define GSI	 5 /* where INTA# of the slot is wired to */
#define MEMSLOTS 16
#define EDU	 0x11e81234u

struct result {
	uint32_t id, bar, identification, liveness, factorial, interrupt;
};

struct range {
	uint64_t address, size; /* size 0: not in use */
};

struct embedder {
	struct vm vm;
	struct range memslots[MEMSLOTS];
	struct range traps[PT_BAR_ROM + 1]; /* edu has no port I/O: all are memory */
	uint32_t config_address;
	struct pt_function *function;
};

extern const char guest_start[], guest_end[];

/* An error says what went wrong, and what to do about it where that is known. */
static void must(int r, const struct pt_error *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "embedder: error: %s\n", err->message);
	if (err->remedy[0])
		fprintf(stderr, "embedder: remedy: %s\n", err->remedy);
	exit(1);
}

static int check(int r, struct pt_error *err, const char *what)
{
	return r < 0 ? pt_error_set(err, r, "%s: %s", what, strerror(-r)) : 0;
}

/* KVM is told of a device before the device is bound, and made to forget it before it is closed. */

static int file_add(void *ctx, int fd, struct pt_error *err)
{
	return check(vm_vfio_file(ctx, KVM_DEV_VFIO_FILE_ADD, fd), err, "KVM_DEV_VFIO_FILE_ADD");
}

static void file_del(void *ctx, int fd)
{
	(void)vm_vfio_file(ctx, KVM_DEV_VFIO_FILE_DEL, fd);
}

static const struct pt_kvm_ops kvm_ops = {.file_add = file_add, .file_del = file_del};

/* What of a BAR can be mapped becomes the guest's memory; what cannot exits to run(). */

static int memory_add(void *ctx, uint64_t gpa, uint64_t size, void *hva, struct pt_error *err)
{
	struct embedder *e = ctx;
	unsigned i = 0;
	int r;

	while (i < MEMSLOTS && e->memslots[i].size > 0)
		i++;
	r = i < MEMSLOTS ? vm_memory(&e->vm, VM_SLOT_BASE + i, gpa, size, hva) : -ENOSPC;
	if (r == 0)
		e->memslots[i] = (struct range){gpa, size};
	return check(r, err, "memory of a BAR");
}

static void memory_remove(void *ctx, uint64_t gpa, uint64_t size)
{
	struct embedder *e = ctx;

	for (unsigned i = 0; i < MEMSLOTS; i++) {
		if (e->memslots[i].address != gpa || e->memslots[i].size != size)
			continue;
		(void)vm_memory(&e->vm, VM_SLOT_BASE + i, gpa, 0, NULL);
		e->memslots[i].size = 0;
	}
}

static int trap_add(void *ctx, unsigned bar, int io, uint64_t address, uint64_t size,
		    struct pt_error *err)
{
	struct embedder *e = ctx;

	/* Where RAM is, or beyond 32 bits: there a guest puts a BAR in passing, to see its size. */
	if (io || address < VM_RAM_SIZE || address + size > UINT32_MAX)
		return pt_error_set(err, -ERANGE, "no address for a BAR");
	e->traps[bar] = (struct range){address, size};
	return 0;
}

static void trap_remove(void *ctx, unsigned bar, int io, uint64_t address, uint64_t size)
{
	struct embedder *e = ctx;

	(void)io, (void)address, (void)size;
	e->traps[bar].size = 0;
}

/* INTx: from the device to the guest, and the guest's end of interrupt back, without us. */

static int intx_connect(void *ctx, unsigned pin, int trigger, int resample, struct pt_error *err)
{
	(void)pin;
	return check(vm_irqfd_add(ctx, GSI, trigger, resample), err, "KVM_IRQFD");
}

static void intx_disconnect(void *ctx, unsigned pin, int trigger, int resample)
{
	(void)pin, (void)resample;
	vm_irqfd_remove(ctx, GSI, trigger);
}

/* This VMM has no MSI. One that has it gives each vector a GSI: vmm/devices/assigned.c, vmm/kvm/routes.c. */

static int vector_route(void *ctx, unsigned vector, uint64_t address, uint32_t data,
			struct pt_error *err)
{
	(void)ctx, (void)address, (void)data;
	return pt_error_set(err, -ENOTSUP, "vector %u: no MSI here", vector);
}

static int vectors_commit(void *ctx, struct pt_error *err)
{
	(void)ctx, (void)err;
	return 0;
}

static int vector_connect(void *ctx, unsigned vector, int fd, struct pt_error *err)
{
	return vector_route(ctx, vector, 0, (uint32_t)fd, err);
}

static void vector_disconnect(void *ctx, unsigned vector, int fd)
{
	(void)ctx, (void)vector, (void)fd;
}

static void vector_unroute(void *ctx, unsigned vector)
{
	(void)ctx, (void)vector;
}

static void report(void *ctx, enum pt_severity severity, const struct pt_error *what)
{
	(void)ctx;
	fprintf(stderr, "embedder: %s: %s\n", severity == PT_WARNING ? "warning" : "error",
		what->message);
}

/* Every one of them gets a struct embedder, whose first member is the struct vm. */
static const struct pt_guest_ops guest_ops = {
	.memory_add = memory_add,
	.memory_remove = memory_remove,
	.trap_add = trap_add,
	.trap_remove = trap_remove,
	.vector_route = vector_route,
	.vectors_commit = vectors_commit,
	.vector_connect = vector_connect,
	.vector_disconnect = vector_disconnect,
	.vector_unroute = vector_unroute,
	.intx_connect = intx_connect,
	.intx_disconnect = intx_disconnect,
	.report = report,
};

/* Configuration mechanism #1: the address goes to port 0xcf8, the data through 0xcfc to 0xcff. PCI 3.0, 3.2.2.3.2. */
static void config_access(struct embedder *e, unsigned port, unsigned size, int write, void *data)
{
	uint32_t address = e->config_address, value = UINT32_MAX;
	unsigned offset = (address & 0xfc) + (port - 0xcfc);
	int ours = (address & 0xffffff00) == (0x80000000 | SLOT << 11);

	if (write)
		memcpy(&value, data, size);
	if (ours && write)
		pt_function_config_write(e->function, offset, size, value);
	else if (ours)
		value = pt_function_config_read(e->function, offset, size);
	if (!write)
		memcpy(data, &value, size);
}

/* Return: whether the guest has ended. */
static int port_access(struct embedder *e, unsigned port, unsigned size, int write, void *data)
{
	if (port == 0xcf8 && size == 4 && write)
		memcpy(&e->config_address, data, size);
	else if (port >= 0xcfc && port + size <= 0xd00)
		config_access(e, port, size, write, data);
	else if (!write)
		memset(data, 0xff, size);
	return port == DONE;
}

static void memory_access(struct embedder *e, uint64_t gpa, unsigned size, int write, void *data)
{
	for (unsigned bar = 0; bar <= PT_BAR_ROM; bar++) {
		uint64_t offset = gpa - e->traps[bar].address;

		if (offset >= e->traps[bar].size)
			continue;
		if (write)
			pt_function_bar_write(e->function, bar, offset, data, size);
		else
			pt_function_bar_read(e->function, bar, offset, data, size);
		return;
	}
	if (!write)
		memset(data, 0xff, size);
}

static int run(struct embedder *e, struct pt_error *err)
{
	struct kvm_run *run = e->vm.run;

	for (int done = 0; !done;) {
		if (ioctl(e->vm.vcpu, KVM_RUN, 0) < 0)
			return check(-errno, err, "KVM_RUN");
		if (run->exit_reason == KVM_EXIT_IO)
			done = port_access(e, run->io.port, run->io.size, run->io.direction,
					   (char *)run + run->io.data_offset);
		else if (run->exit_reason == KVM_EXIT_MMIO)
			memory_access(e, run->mmio.phys_addr, run->mmio.len, run->mmio.is_write,
				      run->mmio.data);
		else
			return pt_error_set(err, -EIO, "KVM_RUN: exit %u", run->exit_reason);
	}
	return 0;
}

static int is_edu(const struct result *saw)
{
	printf("config space: %04x:%04x, BAR 0 of %u KiB\n", saw->id & 0xffff, saw->id >> 16,
	       (~(saw->bar & ~0xfu) + 1) / 1024);
	printf("identification 0x%08x, liveness 0x%08x\n", saw->identification, saw->liveness);
	printf("10! is %u, interrupt status: %u\n", saw->factorial, saw->interrupt);
	return saw->id == 0x11e81234 && saw->identification == 0x010000ed &&
	       saw->liveness == ~0x12345678u && saw->factorial == 3628800 && saw->interrupt == 1;
}

int main(int argc, char **argv)
{
	static struct embedder e;
	const struct pt_space_setup space_setup = {.kvm = &kvm_ops, .kvm_ctx = &e};
	const struct pt_function_setup function_setup = {.root_bus = 1};
	struct pt_error err = PT_ERROR_INIT;
	struct pt_memory ram = {.fd = -1};
	struct pt_space *space;
	struct pt_device *device;

	if (argc != 2)
		must(pt_error_set(&err, -EINVAL, "usage: embedder BDF"), &err);
	must(check(vm_create(&e.vm, CODE), &err, "making a virtual machine"), &err);
	memcpy(e.vm.ram + CODE, guest_start, (size_t)(guest_end - guest_start));

	/* An address space for devices, and the device in it; then the guest's memory, where the guest has it. */
	must(pt_space_open(pt_sys_linux(), &space_setup, &space, &err), &err);
	must(pt_device_open(space, argv[1], NULL, &device, &err), &err);
	must(pt_device_attach(device, &err), &err);
	ram.hva = e.vm.ram;
	must(pt_space_map(space, 0, VM_RAM_SIZE, &ram, PT_MAP_READ | PT_MAP_WRITE, &err), &err);

	/* What the guest sees of it, until it is destroyed. */
	must(pt_function_create(device, &function_setup, &guest_ops, &e, &e.function, &err), &err);
	must(pt_function_start(e.function, &err), &err);
	must(run(&e, &err), &err);
	pt_function_destroy(e.function);
	pt_device_close(device);
	pt_space_close(space);

	if (!is_edu((const struct result *)(e.vm.ram + RESULT)))
		must(pt_error_set(&err, -EIO, "that is not what edu does"), &err);
	puts("embedder: ok");
	return 0;
}
