/* SPDX-License-Identifier: MIT */
/* What a running machine has around its slots, on the modelled kernel, with a KVM that counts. Included once a test program. */
#ifndef TENON_TESTS_RUNNING_MACHINE_H
#define TENON_TESTS_RUNNING_MACHINE_H

#include "check.h"

#include <linux/kvm.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "machine/unplug.h"

#define SLTCTL	  0x58u
#define SLTSTA	  0x5au
#define POWER_OFF 0x400u
#define LISTEN	  0x1021u
#define ABP	  0x001u
#define PDS	  0x040u
#define DISK	  (1u << 20)
#define PORT	  (1u << 15)

static struct {
	unsigned slots, irqfds;
	atomic_uint messages;
	bool nobody; /* answers: reads give all ones, as from an empty slot */
} seen;

static int counted(void *ctx, int fd, unsigned long request, void *arg)
{
	switch (request) {
	case KVM_CHECK_EXTENSION:
		return (unsigned long)arg == KVM_CAP_IRQ_ROUTING ? 4096 : 32;
	case KVM_SET_USER_MEMORY_REGION:
		seen.slots += ((struct kvm_userspace_memory_region *)arg)->memory_size ? 1u : -1u;
		return 0;
	case KVM_IRQFD:
		seen.irqfds +=
			((struct kvm_irqfd *)arg)->flags & KVM_IRQFD_FLAG_DEASSIGN ? -1u : 1u;
		return 0;
	case KVM_SET_GSI_ROUTING:
		return 0;
	case KVM_SIGNAL_MSI:
		atomic_fetch_add(&seen.messages, 1);
		return 1;
	case KVM_IRQ_LINE:
		return 0;
	default:
		return model_sys(ctx)->ioctl(ctx, fd, request, arg);
	}
}

/* The model is for one thread at a time; here vCPUs run. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

#define LOCKED(type, name, parameters, call)          \
	static type locked_##name parameters          \
	{                                             \
		type result;                          \
                                                      \
		pthread_mutex_lock(&one_at_a_time);   \
		result = call;                        \
		pthread_mutex_unlock(&one_at_a_time); \
		return result;                        \
	}

/* The loop polls real descriptors, so that the model's eventfds have one of the same number, which is never signalled. */
static int shadowed_eventfd(void *ctx)
{
	int fd = model_sys(ctx)->eventfd(ctx), real = eventfd(0, EFD_NONBLOCK);

	if (fd >= 0)
		cr_assert_eq(dup2(real, fd), fd, "%m");
	(void)close(real);
	return fd;
}

LOCKED(int, close, (void *ctx, int fd), model_sys(ctx)->close(ctx, fd))
LOCKED(int, ioctl, (void *ctx, int fd, unsigned long request, void *arg),
       counted(ctx, fd, request, arg))
static int64_t counted_pread(void *ctx, int fd, void *buf, size_t size, uint64_t offset)
{
	int64_t n = model_sys(ctx)->pread(ctx, fd, buf, size, offset);

	/* vfio-pci has the vendor and device numbers by heart. */
	if (seen.nobody && n > 0 && offset & 0xfff)
		memset(buf, 0xff, (size_t)n);
	return n;
}

LOCKED(int64_t, pread, (void *ctx, int fd, void *buf, size_t size, uint64_t offset),
       counted_pread(ctx, fd, buf, size, offset))
LOCKED(int64_t, pwrite, (void *ctx, int fd, const void *buf, size_t size, uint64_t offset),
       model_sys(ctx)->pwrite(ctx, fd, buf, size, offset))
LOCKED(int64_t, read, (void *ctx, int fd, void *buf, size_t size),
       model_sys(ctx)->read(ctx, fd, buf, size))
LOCKED(int64_t, write, (void *ctx, int fd, const void *buf, size_t size),
       model_sys(ctx)->write(ctx, fd, buf, size))
LOCKED(int, munmap, (void *ctx, void *addr, size_t size), model_sys(ctx)->munmap(ctx, addr, size))
LOCKED(int, eventfd, (void *ctx), shadowed_eventfd(ctx))
LOCKED(void *, alloc, (void *ctx, size_t size), model_sys(ctx)->alloc(ctx, size))

static void locked_free(void *ctx, void *ptr)
{
	pthread_mutex_lock(&one_at_a_time);
	model_sys(ctx)->free(ctx, ptr);
	pthread_mutex_unlock(&one_at_a_time);
}

static struct model *model;
static struct pt_sys sys;
static struct kvm kvm;
static struct kvm_memslots memslots;
static struct kvm_routes routes;
static struct bus ports, memory;
static struct pci_host pci;
static struct pm pm;
static struct slots slots;
static struct pt_space *space;
static struct vm_plan plan;
static struct loop loop;
static struct requests requests;
static struct unplug unplug;
static struct pt_error err;

static void make_kvm(void)
{
	struct rlimit files;

	/* The model never uses a number again. */
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	sys = *model_sys(model);
	memset(&seen, 0, sizeof(seen));
	sys.close = locked_close;
	sys.ioctl = locked_ioctl;
	sys.pread = locked_pread;
	sys.pwrite = locked_pwrite;
	sys.read = locked_read;
	sys.write = locked_write;
	sys.munmap = locked_munmap;
	sys.eventfd = locked_eventfd;
	sys.alloc = locked_alloc;
	sys.free = locked_free;
	kvm = (struct kvm)KVM_CLOSED;
	kvm.sys = &sys;
	kvm.fd = sys.open(sys.ctx, "/dev/kvm", 0);
	kvm.vm_fd = kvm_ioctl_value(&kvm, kvm.fd, KVM_CREATE_VM, 0);
	kvm_memslots_init(&memslots, &kvm);
	kvm_routes_init(&routes, &kvm);
}

static void buses_up(void)
{
	bus_init(&ports);
	bus_init(&memory);
	pci_host_init(&pci);
	check_ok(requests_init(&requests, &err), err);
}

static void buses_down(void)
{
	cr_assert_eq(seen.slots, 0);
	cr_assert_eq(seen.irqfds, 0);
	cr_assert_eq(ports.count + memory.count, 0);
	bus_done(&ports);
	bus_done(&memory);
	kvm_routes_done(&routes);
	kvm_memslots_done(&memslots);
	kvm_done(&kvm);
	check_clean(model);
	model_free(model);
}

static uint32_t in(unsigned address, unsigned size)
{
	uint32_t value = 0;

	pci_ecam_ops.read(&pci, address, &value, size);
	return value;
}

static void out(unsigned address, unsigned size, uint32_t value)
{
	pci_ecam_ops.write(&pci, address, &value, size);
}

#endif
