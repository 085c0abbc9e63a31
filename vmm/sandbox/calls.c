/* SPDX-License-Identifier: MIT */
/*
 * A call that is missing ends the guest with a message that names it and the kind of thread; it goes into a row here, with the
 * threads that make it and a word why. One that is not made any more goes out: the lab's case `sandbox` finds it. A row is SELDOM
 * where no case makes the call, and the reason says when it is made.
 *
 * No row opens a file: what a guest needs later is opened by the keeper (keeper.h), whose socket is one of those that sendto(2)
 * and recvmsg(2) are for.
 */
#include "sandbox/calls.h"

#include <errno.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/iommufd.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <linux/vhost.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* Of Linux 6.13. */
#ifndef IOMMU_IOAS_MAP_FILE
#define IOMMU_IOAS_MAP_FILE _IO(IOMMUFD_TYPE, 0x8f)
#endif

/* clang-format off */
#define M   (1u << SANDBOX_MAIN)
#define V   (1u << SANDBOX_VCPU)
#define S   (1u << SANDBOX_SIGNALS)
#define W   (1u << SANDBOX_WORKER)
#define ALL (M | V | S | W)

#define CALL(call, who, reason)       {.name = (call), .threads = (who), .why = (reason)}
#define SELDOM(call, who, reason)     {.name = (call), .threads = (who), .seldom = true, .why = (reason)}
#define FAILS(call, code, reason)     {.name = (call), .threads = ALL, .error = (code), .seldom = true, .why = (reason)}

/* Only with these bits of an argument; the kernel looks at 32 bits of a command. */
#define WHERE(call, who, number, bits, is, reason) \
	{.name = (call), .threads = (who), .compare = true, .argument = (number), .mask = (bits), .value = (is), .what = #is, .why = (reason)}
#define IOCTL(command, who, reason) \
	{.name = "ioctl", .threads = (who), .compare = true, .argument = 1, .mask = UINT32_MAX, .value = (command), .what = #command, .why = (reason)}
#define SELDOM_IOCTL(command, who, reason) \
	{.name = "ioctl", .threads = (who), .compare = true, .argument = 1, .mask = UINT32_MAX, .value = (command), .what = #command, .seldom = true, .why = (reason)}

const struct sandbox_call sandbox_calls[] = {
	/* The guest runs. */
	IOCTL(KVM_RUN,                    V,         "enter the guest"),
	CALL("futex",                     ALL,       "locks and conditions"),
	CALL("io_uring_enter",            M | V | W,  "the loop; a disk's requests, which a vCPU that stops it waits for"),
	CALL("read",                      M | V,     "the serial line's input, eventfds, frames of a tap device"),
	CALL("write",                     ALL,       "the serial line, eventfds, messages"),
	CALL("writev",                    M | V,     "frames to a tap device; messages, by libraries of C that gather them"),
	CALL("pread64",                   M | V | W, "a device's registers; the kernel and the initrd after a reset"),
	CALL("pwrite64",                  M | V | W, "a device's registers"),
	SELDOM("time",                    ALL,       "where the vDSO has none"),
	SELDOM("gettimeofday",            ALL,       "where the vDSO has none"),
	SELDOM("clock_gettime",           ALL,       "where the processor's clock is not steady enough for the vDSO"),
	CALL("getrandom",                 M | V | W, "the guest's random numbers; a seed of malloc's"),

	/* Control socket, keeper, service manager. */
	CALL("accept4",                   M,         "a client of the control socket"),
	CALL("recvmsg",                   M | V | W, "its commands with descriptors; the keeper's answers"),
	CALL("sendto",                    ALL,       "answers; requests to the keeper; the service manager"),
	SELDOM("sendmsg",                 M,         "answers with descriptors"),

	/* Threads, their end, the process's end. */
	WHERE("clone",                    M, 0, CLONE_THREAD, CLONE_THREAD, "a thread for a device that comes; no process"),
	FAILS("clone3",                   ENOSYS,    "its flags cannot be seen: the C library takes clone instead"),
	CALL("set_robust_list",           M,         "a thread begins, before it has a filter of its own"),
	SELDOM("rseq",                    M,         "a thread begins, where the kernel has it"),
	WHERE("prctl",                    ALL, 0, UINT32_MAX, PR_SET_NAME, "a thread's name"),
	SELDOM("seccomp",                 M,         "a thread's own filter, on top of the one of whom made it; in the sandbox alone"),
	SELDOM("sched_getaffinity",       ALL,       "malloc asks for the number of processors when threads wait for it"),
	SELDOM("sched_yield",             ALL,       "the C library's locks"),
	CALL("exit",                      ALL,       "a thread ends"),
	CALL("exit_group",                ALL,       "the process ends; after the third signal, or a violation, from any thread"),
	SELDOM("wait4",                   M,         "the keeper's end; in the sandbox alone"),
	CALL("capget",                    M | W,     "whether memory is counted that a device pins"),
	SELDOM("prlimit64",               M | W,     "how much memory may be locked, for whom a limit holds"),
	CALL("gettid",                    ALL,       "a vCPU's thread, for people; raise()"),
	CALL("getpid",                    ALL,       "raise(); pthread_kill()"),
	CALL("tgkill",                    ALL,       "out of the guest: a signal to a vCPU's thread; raise()"),
	CALL("rt_sigprocmask",            ALL,       "signals of threads that begin"),
	SELDOM("rt_sigaction",            ALL,       "abort()"),
	CALL("rt_sigreturn",              ALL,       "a handler returns"),
	CALL("rt_sigtimedwait",           S | M,     "SIGTERM, SIGINT, SIGHUP"),
	SELDOM("restart_syscall",         ALL,       "the kernel's own, after a debugger has stopped a wait"),
	SELDOM("nanosleep",               ALL,       "the library waits between two tries of a reset, in C libraries of old"),
	SELDOM("clock_nanosleep",         ALL,       "the library waits between two tries of a reset; a violation waits to be said"),

	/* Memory. None is ever executable. */
	WHERE("mmap",                     ALL, 2, PROT_EXEC, 0, "BARs, malloc, stacks"),
	WHERE("mprotect",                 ALL, 2, PROT_EXEC, 0, "malloc, guard pages of stacks"),
	CALL("munmap",                    ALL,       "BARs, malloc, stacks"),
	SELDOM("mremap",                  M | W,     "realloc of much"),
	CALL("madvise",                   ALL,       "stacks of threads that ended; malloc"),
	CALL("brk",                       ALL,       "malloc"),
	SELDOM("sysinfo",                 M | W,     "the C library's qsort asks how much memory there is"),

	/* Descriptors. */
	CALL("close",                     ALL,       "devices that leave, clients, the end"),
	CALL("fcntl",                     M | V | W, "descriptors' flags; the lock of a disk's file"),
	CALL("newfstatat",                M | V | W, "what kind of file a descriptor is"),
	SELDOM("fstat",                   M | V | W,    "the same, in C libraries of old"),
	CALL("lseek",                     M | V,     "standard streams: when the process ends, and a dump"),
	CALL("poll",                      M | V,     "whether the serial line takes more; whether a masked vector is pending"),
	CALL("eventfd2",                  M | V | W, "a vector's eventfd"),
	CALL("timerfd_create",            M,         "time limits"),
	CALL("timerfd_settime",           M | V,     "time limits; the serial line, which gathers what is printed"),
	CALL("io_uring_setup",            M | W,     "a disk that comes"),
	CALL("io_uring_register",         M | V | W, "a disk that comes or leaves"),
	FAILS("openat",                   EACCES,    "files are opened by the keeper"),
	FAILS("open",                     EACCES,    "files are opened by the keeper"),
	FAILS("getdents64",              EACCES,    "folders are listed by the keeper"),
	FAILS("unlink",                   EACCES,    "the control socket is removed by the keeper"),
	FAILS("readlink",                 EACCES,    "links are read by the keeper"),
	FAILS("socket",                   EACCES,    "no new connections"),
	FAILS("access",                   EACCES,    "files are looked at by the keeper"),
	FAILS("faccessat2",               EACCES,    "files are looked at by the keeper"),

	/* KVM. */
	IOCTL(KVM_IRQFD,                  M | V | W, "an interrupt's eventfd"),
	IOCTL(KVM_IOEVENTFD,              M | V,     "a virtqueue's notification"),
	IOCTL(KVM_SET_GSI_ROUTING,        M | V | W, "a vector's message"),
	IOCTL(KVM_SET_USER_MEMORY_REGION, M | V | W, "a BAR in the guest"),
	IOCTL(KVM_IRQ_LINE,               M | V,     "a line of an emulated device"),
	IOCTL(KVM_SIGNAL_MSI,             M | V,     "a message of an emulated device"),
	IOCTL(KVM_CREATE_DEVICE,          M | W,     "the first device that comes: KVM is told of devices"),
	IOCTL(KVM_SET_DEVICE_ATTR,        M | W,     "KVM is told of a device, and that it leaves"),
	IOCTL(KVM_GET_API_VERSION,        M,         "the host is looked at for a device that comes"),
	IOCTL(KVM_CHECK_EXTENSION,        M,         "the host is looked at for a device that comes"),
	IOCTL(KVM_GET_SUPPORTED_CPUID,    M,         "the host is looked at for a device that comes"),
	IOCTL(KVM_KVMCLOCK_CTRL,          M,         "a guest that was paused"),
	IOCTL(KVM_GET_REGS,               V,         "a dump, for people"),
	IOCTL(KVM_GET_SREGS,              V,         "a dump, for people"),
	IOCTL(KVM_TRANSLATE,              V,         "a dump, for people"),
	IOCTL(KVM_SET_REGS,               M,         "reset"),
	IOCTL(KVM_SET_SREGS,              M,         "reset"),
	IOCTL(KVM_SET_XSAVE,              M,         "reset"),
	IOCTL(KVM_SET_XCRS,               M,         "reset"),
	IOCTL(KVM_GET_MSRS,               M,         "reset: what a register holds that has parts of the host's"),
	IOCTL(KVM_SET_MSRS,               M,         "reset"),
	IOCTL(KVM_SET_LAPIC,              M,         "reset"),
	IOCTL(KVM_SET_DEBUGREGS,          M,         "reset"),
	IOCTL(KVM_SET_VCPU_EVENTS,        M,         "reset"),
	IOCTL(KVM_SET_MP_STATE,           M,         "reset"),
	IOCTL(KVM_SET_NESTED_STATE,       M,         "reset"),
	IOCTL(KVM_SET_IRQCHIP,            M,         "reset"),
	IOCTL(KVM_SET_PIT2,               M,         "reset"),

	/* Devices that are passed through. */
	IOCTL(VFIO_DEVICE_SET_IRQS,       M | V | W, "interrupts, on and off"),
	IOCTL(VFIO_DEVICE_RESET,          M | V | W, "reset of a function"),
	IOCTL(VFIO_DEVICE_FEATURE,        M | V | W, "low power, a BAR as a dma-buf, a token"),
	IOCTL(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, M | V | W, "reset of a bus; VFIO_IOMMU_GET_INFO has the same number"),
	IOCTL(VFIO_DEVICE_PCI_HOT_RESET,  M | V | W, "reset of a bus; VFIO_IOMMU_MAP_DMA has the same number"),
	IOCTL(VFIO_DEVICE_GET_INFO,       M | W,     "a device that comes; whether one is still there"),
	IOCTL(VFIO_DEVICE_GET_REGION_INFO, M | W,    "a device that comes"),
	IOCTL(VFIO_DEVICE_GET_IRQ_INFO,   M | V | W, "a device that comes"),
	IOCTL(VFIO_DEVICE_BIND_IOMMUFD,   W,         "a device that comes"),
	IOCTL(VFIO_DEVICE_ATTACH_IOMMUFD_PT, W,      "a device that comes"),
	IOCTL(VFIO_DEVICE_DETACH_IOMMUFD_PT, M | W,  "a device that leaves"),
	IOCTL(IOMMU_OPTION,               W,         "the first device that comes"),
	IOCTL(IOMMU_IOAS_ALLOC,           W,         "the first device that comes"),
	IOCTL(IOMMU_IOAS_ALLOW_IOVAS,     W,         "the first device that comes"),
	SELDOM_IOCTL(IOMMU_IOAS_IOVA_RANGES, W, "where devices can reach, for a message, when memory cannot be mapped"),
	IOCTL(IOMMU_IOAS_MAP_FILE,        M | V | W, "RAM for the first device that comes, BARs for others"),
	SELDOM_IOCTL(IOMMU_IOAS_MAP, M | V | W, "the same, before Linux 6.13"),
	IOCTL(IOMMU_IOAS_UNMAP,           M | V | W, "BARs for others; the end"),
	IOCTL(IOMMU_GET_HW_INFO,          W,         "what an IOMMU can do"),
	SELDOM_IOCTL(IOMMU_HWPT_ALLOC, W, "a page table with dirty bits, where an IOMMU has them"),
	IOCTL(IOMMU_DESTROY,              M | W,     "page tables and address spaces that nothing uses"),
	IOCTL(VFIO_GET_API_VERSION,       W,         "a container, with the first device that comes"),
	IOCTL(VFIO_CHECK_EXTENSION,       W,         "a container, with the first device that comes"),
	IOCTL(VFIO_SET_IOMMU,             W,         "a container, with the first device that comes"),
	IOCTL(VFIO_IOMMU_UNMAP_DMA,       M | V | W, "RAM and BARs, by a container"),
	IOCTL(VFIO_GROUP_GET_STATUS,      W,         "a device that comes, by its group"),
	IOCTL(VFIO_GROUP_SET_CONTAINER,   W,         "a device that comes, by its group"),
	IOCTL(VFIO_GROUP_GET_DEVICE_FD,   W,         "a device that comes, by its group"),
	IOCTL(VFIO_GROUP_UNSET_CONTAINER, M | W,     "a device that leaves, by its group"),

	/* virtio. */
	IOCTL(BLKGETSIZE64,               W,         "a disk that comes"),
	IOCTL(BLKSSZGET,                  W,         "a disk that comes"),
	IOCTL(BLKPBSZGET,                 W,         "a disk that comes"),
	IOCTL(TUNSETIFF,                  W,         "a network card that comes"),
	SELDOM_IOCTL(TUNGETIFF, W, "a network card that comes with a descriptor"),
	IOCTL(TUNSETVNETHDRSZ,            W,         "a network card that comes"),
	IOCTL(VHOST_SET_OWNER,            W,         "a network card that comes, or sockets to the host"),
	IOCTL(VHOST_SET_MEM_TABLE,        W,         "a network card that comes, or sockets to the host"),
	IOCTL(VHOST_VSOCK_SET_GUEST_CID,  W,         "sockets to the host that come"),
	IOCTL(VHOST_GET_FEATURES,         M | V,     "a driver starts a device"),
	IOCTL(VHOST_SET_FEATURES,         M | V,     "a driver starts a device"),
	IOCTL(VHOST_SET_VRING_NUM,        M | V,     "a driver starts a device"),
	IOCTL(VHOST_SET_VRING_BASE,       M | V,     "a driver starts a device"),
	IOCTL(VHOST_SET_VRING_ADDR,       M | V,     "a driver starts a device"),
	IOCTL(VHOST_SET_VRING_CALL,       M | V,     "a driver starts a device, or moves a vector"),
	IOCTL(VHOST_SET_VRING_KICK,       M | V,     "a driver starts a device"),
	IOCTL(VHOST_GET_VRING_BASE,       M | V,     "a driver stops a device"),
	IOCTL(VHOST_NET_SET_BACKEND,      M | V,     "a driver starts or stops a network card"),
	IOCTL(VHOST_VSOCK_SET_RUNNING,    M | V,     "a driver starts or stops sockets to the host"),
	IOCTL(TUNSETOFFLOAD,              M | V | W,   "what a driver takes of checksums and segments"),
	IOCTL(TUNSETQUEUE,                M | V,     "a driver turns pairs of queues on and off"),

	/* The terminal. */
	SELDOM_IOCTL(TCSETS, ALL, "the terminal as it was, from a handler too"),
	SELDOM_IOCTL(TIOCGPGRP, W, "a console that comes, on the terminal"),
	SELDOM("getpgrp",                 W,         "a console that comes, on the terminal"),
	SELDOM_IOCTL(TCGETS,              M | W,     "whether a stream is a terminal"),
};
/* clang-format on */

const size_t sandbox_call_count = sizeof(sandbox_calls) / sizeof(sandbox_calls[0]);

const char *sandbox_thread_name(unsigned kind)
{
	static const char *const names[] = {
		[SANDBOX_MAIN] = "the main thread",
		[SANDBOX_VCPU] = "vCPUs' threads",
		[SANDBOX_SIGNALS] = "the thread that waits for signals",
		[SANDBOX_WORKER] = "threads that bring a device",
	};

	return kind < SANDBOX_THREADS ? names[kind] : "any thread";
}
