/* SPDX-License-Identifier: MIT */
#include "machine/ram.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine/prefault.h"
#include "report.h"

#define RAM_ALIGN   (1ull << 30)
#define PROGRESS_MS 2000
#define LONG_BITS   (sizeof(unsigned long) * CHAR_BIT)

/* The logarithm of the page size is in the flags, where mmap(2) has it too. */
static unsigned huge_flags(uint64_t page)
{
	return page ? MFD_HUGETLB | (unsigned)__builtin_ctzll(page) << MAP_HUGE_SHIFT : 0;
}

/* The pool had enough when the plan was made. */
static int not_in_pool(const struct ram *ram, uint64_t page, int code, struct pt_error *err)
{
	(void)pt_error_set(err, code, "guest memory: %" PRIu64 " huge pages of %" PRIu64 " KiB: %s",
			   ram->size / page, page / 1024, strerror(-code));
	return pt_error_remedy(
		err, code,
		"see /sys/kernel/mm/hugepages/hugepages-%" PRIu64
		"kB: somebody else may have taken them, or a limit of the control group "
		"or of the NUMA node is reached",
		page / 1024);
}

static int make_file(struct ram *ram, uint64_t page, struct pt_error *err)
{
	ram->fd = memfd_create("tenon-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING | huge_flags(page));
	if (ram->fd < 0 && page)
		return not_in_pool(ram, page, -errno, err);
	if (ram->fd < 0)
		return pt_error_set(err, -errno, "guest memory: no memfd: %m");
	if (ftruncate(ram->fd, (off_t)ram->size) ||
	    fcntl(ram->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return pt_error_set(err, -errno, "guest memory: cannot size %" PRIu64 " MiB: %m",
				    ram->size >> 20);
	return 0;
}

/* mmap() aligns to pages: reserve more than is needed, put the file where it belongs, give the rest back. */
static int map_file(struct ram *ram, uint64_t page, struct pt_error *err)
{
	size_t size = (size_t)ram->size;
	unsigned char *area;
	unsigned char *base;
	size_t head;

	area = mmap(NULL, size + RAM_ALIGN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (area == MAP_FAILED)
		return pt_error_set(err, -errno, "guest memory: no room for %" PRIu64 " MiB: %m",
				    ram->size >> 20);
	head = (size_t)(-(uintptr_t)area & (RAM_ALIGN - 1));
	base = area + head;
	if (head)
		munmap(area, head);
	munmap(base + size, RAM_ALIGN - head);
	if (mmap(base, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, ram->fd, 0) ==
	    MAP_FAILED) {
		int r = -errno;

		munmap(base, size);
		if (page)
			return not_in_pool(ram, page, r, err);
		return pt_error_set(err, r, "guest memory: cannot map %" PRIu64 " MiB: %s",
				    ram->size >> 20, strerror(-r));
	}
	ram->base = base;
	/* Hints: a kernel that does not take one works without. */
	(void)madvise(base, size, MADV_HUGEPAGE);
	(void)madvise(base, size, MADV_DONTFORK);
	(void)madvise(base, size, MADV_DONTDUMP);
	return 0;
}

/* For the file, whoever touches it: a vCPU, or the kernel for a device. Before anything is touched. */
static int bind_range(const struct ram *ram, uint64_t offset, uint64_t size, int node,
		      struct pt_error *err)
{
	unsigned long mask[(PLAN_NODE_MAX + 1) / LONG_BITS] = {0};
	int r;

	if (node < 0)
		return 0;
	if (node > PLAN_NODE_MAX)
		return pt_error_set(err, -EINVAL, "guest memory: there is no NUMA node %d", node);
	mask[(unsigned)node / LONG_BITS] = 1ul << (unsigned)node % LONG_BITS;
	/* The kernel takes one bit less than it is told of. */
	if (syscall(SYS_mbind, ram->base + offset, size, MPOL_BIND, mask,
		    sizeof(mask) * CHAR_BIT + 1, 0) == 0)
		return 0;
	r = -errno;
	(void)pt_error_set(err, r, "guest memory: NUMA node %d: %s", node, strerror(-r));
	return pt_error_remedy(
		err, r,
		"leave --numa-node or host-node out; a control group's cpuset.mems may "
		"leave the node out as well");
}

static int bind_nodes(const struct ram *ram, const struct vm_plan *plan, struct pt_error *err)
{
	uint64_t offset = 0;
	int r = 0;

	if (!plan->node_count)
		return bind_range(ram, 0, ram->size, plan->numa_node, err);
	for (unsigned i = 0; i < plan->node_count && !r; i++) {
		r = bind_range(ram, offset, plan->nodes[i].memory, plan->nodes[i].host_node, err);
		offset += plan->nodes[i].memory;
	}
	return r;
}

/* What takes seconds is a terabyte, or a host that has to find pages first. */
static void tell_progress(void *ctx, size_t present, size_t size)
{
	(void)ctx;
	report_note(stderr, "memory: %zu of %zu MiB present", present >> 20, size >> 20);
}

int ram_open(struct ram *ram, const struct vm_plan *plan, struct pt_error *err)
{
	static const struct prefault_progress progress = {
		.told = tell_progress,
		.interval_ms = PROGRESS_MS,
	};

	int r;

	ram->size = 0;
	ram->count = plan->ram_count;
	for (unsigned i = 0; i < plan->ram_count; i++) {
		uint64_t end = plan->ram[i].offset + plan->ram[i].size;

		ram->pieces[i] = plan->ram[i];
		if (end > ram->size)
			ram->size = end;
	}
	r = make_file(ram, plan->hugepages, err);
	if (!r)
		r = map_file(ram, plan->hugepages, err);
	if (!r)
		r = bind_nodes(ram, plan, err);
	if (!r && plan->prefault_threads)
		r = prefault(ram->base, (size_t)ram->size, plan->prefault_threads, &progress, err);
	return r;
}

void ram_done(struct ram *ram)
{
	if (ram->base)
		munmap(ram->base, (size_t)ram->size);
	if (ram->fd >= 0)
		close(ram->fd);
	ram->base = NULL;
	ram->fd = -1;
}

void *ram_at(const struct ram *ram, uint64_t gpa, uint64_t size)
{
	for (unsigned i = 0; i < ram->count; i++) {
		const struct plan_ram *piece = &ram->pieces[i];

		if (gpa >= piece->gpa && gpa - piece->gpa <= piece->size &&
		    size <= piece->size - (gpa - piece->gpa))
			return ram->base + piece->offset + (gpa - piece->gpa);
	}
	return NULL;
}
