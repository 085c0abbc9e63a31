/* SPDX-License-Identifier: MIT */
#include "loop/ring.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * What is used and cannot be asked for by itself came with something that can: polls that go on (5.13) with tags of registered
 * files. Restrictions (5.10) are older than that.
 */
#define FEATURES (IORING_FEAT_NODROP | IORING_FEAT_RSRC_TAGS)

const char *ring_lacks(uint32_t features, const struct io_uring_probe *probe,
		       const struct ring_use *use)
{
	static const char *const names[] = {
		[IORING_OP_POLL_ADD] = "polls", [IORING_OP_POLL_REMOVE] = "polls that end",
		[IORING_OP_READ] = "reads",	[IORING_OP_WRITE] = "writes",
		[IORING_OP_READV] = "reads",	[IORING_OP_WRITEV] = "writes",
		[IORING_OP_FSYNC] = "flushes",	[IORING_OP_FALLOCATE] = "holes in files",
	};

	if ((features & FEATURES) != FEATURES)
		return "polls that go on";
	if (!probe)
		return "a list of what it can";
	for (unsigned i = 0; i < use->count; i++) {
		const unsigned operation = use->operations[i];

		if (operation > probe->last_op ||
		    !(probe->ops[operation].flags & IO_URING_OP_SUPPORTED))
			return names[operation];
	}
	return NULL;
}

static int no_ring(int code, struct pt_error *err)
{
	(void)pt_error_set(err, code, "no io_uring: %s", strerror(-code));
	if (code == -EPERM)
		return pt_error_remedy(err, code,
				       "allow it: sudo sysctl kernel.io_uring_disabled=0; in a "
				       "container, let its seccomp profile pass io_uring");
	if (code == -ENOSYS)
		return pt_error_remedy(err, code, "use a kernel with CONFIG_IO_URING");
	return code;
}

static int check(struct io_uring *ring, const struct ring_use *use, struct pt_error *err)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	const char *lacks = ring_lacks(ring->features, probe, use);

	io_uring_free_probe(probe);
	if (!lacks)
		return 0;
	(void)pt_error_set(err, -EOPNOTSUPP, "the kernel's io_uring lacks %s", lacks);
	return pt_error_remedy(err, -EOPNOTSUPP, "use Linux 5.15 or newer");
}

int ring_open(struct io_uring *ring, unsigned entries, const struct ring_use *use,
	      struct pt_error *err)
{
	/*
	 * Who is busy is not interrupted for what is done: it hears of it at its next system call (5.19). The flag that there
	 * is something makes one, when liburing looks for results and there is none else.
	 */
	int ret = io_uring_queue_init(entries, ring,
				      IORING_SETUP_R_DISABLED | IORING_SETUP_COOP_TASKRUN |
					      IORING_SETUP_TASKRUN_FLAG);

	if (ret == -EINVAL)
		ret = io_uring_queue_init(entries, ring, IORING_SETUP_R_DISABLED);
	/* Before 5.10 the flag is none. */
	if (ret == -EINVAL) {
		(void)pt_error_set(err, -EOPNOTSUPP, "the kernel's io_uring lacks restrictions");
		return pt_error_remedy(err, -EOPNOTSUPP, "use Linux 5.15 or newer");
	}
	if (ret < 0)
		return no_ring(ret, err);
	ret = check(ring, use, err);
	if (ret < 0)
		io_uring_queue_exit(ring);
	return ret;
}

/* liburing 2.3 has functions for both, and does not export them. */
static int do_register(const struct io_uring *ring, unsigned what, void *arg, unsigned count)
{
	return syscall(SYS_io_uring_register, ring->ring_fd, what, arg, count) < 0 ? -errno : 0;
}

int ring_begin(struct io_uring *ring, const struct ring_use *use, struct pt_error *err)
{
	struct io_uring_restriction list[RING_OPS_MAX + 2] = {{0}};
	unsigned count = 0;
	int ret;

	for (unsigned i = 0; i < use->count; i++)
		list[count++] = (struct io_uring_restriction){.opcode = IORING_RESTRICTION_SQE_OP,
							      .sqe_op = use->operations[i]};
	if (use->fixed_files) {
		list[count++] = (struct io_uring_restriction){
			.opcode = IORING_RESTRICTION_SQE_FLAGS_REQUIRED,
			.sqe_flags = IOSQE_FIXED_FILE};
		list[count++] =
			(struct io_uring_restriction){.opcode = IORING_RESTRICTION_REGISTER_OP,
						      .register_op = IORING_UNREGISTER_FILES};
	}
	ret = do_register(ring, IORING_REGISTER_RESTRICTIONS, list, count);
	if (ret == 0)
		ret = do_register(ring, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
	return ret < 0 ? pt_error_set(err, ret, "io_uring: its restrictions: %s", strerror(-ret))
		       : 0;
}
