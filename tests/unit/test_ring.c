/* SPDX-License-Identifier: MIT */
/* Rings that do one thing; kernels whose rings lack what is used. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop/ring.h"

static const struct ring_use polls = {.operations = {IORING_OP_POLL_ADD, IORING_OP_POLL_REMOVE},
				      .count = 2};
static const struct ring_use reads = {
	.operations = {IORING_OP_READ}, .count = 1, .fixed_files = true};

/* Linux 5.15. */
#define FEATURES 0x7ffu

static struct io_uring_probe *probe_of(unsigned last)
{
	struct io_uring_probe *probe =
		calloc(1, sizeof(*probe) + (last + 1) * sizeof(probe->ops[0]));

	cr_assert_not_null(probe);
	probe->last_op = (uint8_t)last;
	for (unsigned i = 0; i <= last; i++)
		probe->ops[i].flags = IO_URING_OP_SUPPORTED;
	return probe;
}

Test(ring, a_kernel_that_has_all)
{
	struct io_uring_probe *probe = probe_of(40);

	cr_assert_null(ring_lacks(FEATURES, probe, &polls));
	cr_assert_null(ring_lacks(FEATURES, probe, &reads));
	free(probe);
}

Test(ring, kernels_that_lack_something)
{
	struct io_uring_probe *probe = probe_of(40);

	cr_assert_str_eq(ring_lacks(0x1ff, probe, &polls), "polls that go on", "5.11");
	cr_assert_str_eq(ring_lacks(FEATURES, NULL, &polls), "a list of what it can");
	probe->ops[IORING_OP_POLL_REMOVE].flags = 0;
	cr_assert_str_eq(ring_lacks(FEATURES, probe, &polls), "polls that end");
	probe->last_op = IORING_OP_READ - 1;
	cr_assert_str_eq(ring_lacks(FEATURES, probe, &reads), "reads");
	free(probe);
}

static struct io_uring ring;
static int ends[2];

static void up(const struct ring_use *use)
{
	struct pt_error err = PT_ERROR_INIT;
	int r = ring_open(&ring, 4, use, &err);

	if (r == -EPERM || r == -ENOSYS)
		cr_skip_test("no io_uring here: %s", err.message);
	cr_assert_eq(r, 0, "%s", err.message);
	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], "a", 1), 1);
	cr_assert_eq(io_uring_register_files(&ring, ends, 2), 0);
	cr_assert_eq(ring_begin(&ring, use, &err), 0, "%s", err.message);
}

static int result(struct io_uring_sqe *sqe)
{
	struct io_uring_cqe *cqe;
	int res;

	io_uring_sqe_set_data(sqe, NULL);
	cr_assert_eq(io_uring_submit_and_wait(&ring, 1), 1);
	cr_assert_eq(io_uring_peek_cqe(&ring, &cqe), 0);
	res = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return res;
}

static void down(void)
{
	io_uring_queue_exit(&ring);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

Test(ring, it_does_one_thing)
{
	struct io_uring_sqe *sqe;
	char byte;

	up(&reads);
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_read(sqe, 0, &byte, 1, 0);
	sqe->flags |= IOSQE_FIXED_FILE;
	cr_assert_eq(result(sqe), 1);
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_openat(sqe, -1, "/etc/passwd", 0, 0);
	cr_assert_eq(result(sqe), -EACCES, "another operation");
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_read(sqe, ends[0], &byte, 1, 0);
	cr_assert_eq(result(sqe), -EACCES, "another file");
	cr_assert_eq(io_uring_register_eventfd(&ring, ends[0]), -EACCES);
	cr_assert_eq(io_uring_unregister_files(&ring), 0);
	down();
}

Test(ring, polls_need_no_registered_file)
{
	struct io_uring_sqe *sqe;

	up(&polls);
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_poll_add(sqe, ends[0], 1);
	cr_assert_geq(result(sqe), 0);
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_nop(sqe);
	cr_assert_eq(result(sqe), -EACCES);
	down();
}
