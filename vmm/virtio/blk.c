/* SPDX-License-Identifier: MIT */
#include "virtio/blk.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <string.h>

#include "loop/ring.h"
#include "report.h"

#define SECTOR	   512u
#define RANGE_MAX  (1u << 22) /* sectors to discard or to make zero in one request: 2 GiB */
#define ZEROS	   (64u << 10)
#define BOUNCE_MAX (1u << 20)
#define FILE_INDEX 0	/* of the disk among the ring's registered files */
#define CHAINS_MAX 128u /* taken before the loop sees to others */
#define FEATURES                                                        \
	(1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_BLK_SIZE | \
	 1ull << VIRTIO_BLK_F_TOPOLOGY | 1ull << VIRTIO_BLK_F_FLUSH | 1ull << VIRTIO_BLK_F_MQ)
#define WRITER_FEATURES (1ull << VIRTIO_BLK_F_DISCARD | 1ull << VIRTIO_BLK_F_WRITE_ZEROES)

/* Written where the host cannot make zeros by itself. */
static const char zeros[ZEROS] __attribute__((aligned(4096)));

static struct virtqueue *ring_of(const struct blk_slot *slot)
{
	return &slot->blk->virtio.queues[slot->queue].ring;
}

static void report_failure(struct blk_slot *slot, int code)
{
	static const char *const names[] = {
		[BLK_READ] = "read",	   [BLK_WRITE] = "write", [BLK_FLUSH] = "flush",
		[BLK_DISCARD] = "discard", [BLK_ZERO] = "write",
	};
	struct virtio_blk *blk = slot->blk;
	struct pt_error err = PT_ERROR_INIT;

	if (blk->reported)
		return;
	blk->reported = true;
	(void)pt_error_set(&err, code, "%s: %s at byte %" PRIu64 ": %s", blk->plan->path,
			   names[slot->request.action], slot->request.offset, strerror(-code));
	(void)pt_error_remedy(
		&err, code,
		code == -ENOSPC || code == -EDQUOT
			? "make room for it; the guest sees an error, and no more is said"
			: "look at the host's disk; the guest sees an error, and no more is said");
	report_error(&err, stderr);
}

static void count(const struct blk_slot *slot, uint8_t result)
{
	struct blk_stats *stats = &slot->blk->stats;

	if (result != VIRTIO_BLK_S_OK) {
		stats->failures++;
		return;
	}
	switch (slot->request.action) {
	case BLK_READ:
		stats->reads++;
		stats->read_bytes += slot->written;
		break;
	case BLK_WRITE:
	case BLK_ZERO:
		stats->writes++;
		stats->write_bytes += slot->bytes;
		break;
	case BLK_FLUSH:
		stats->flushes++;
		break;
	case BLK_DISCARD:
		stats->discards++;
		break;
	case BLK_SERIAL:
	case BLK_NOTHING:
		break;
	}
}

/* The request goes back to the guest, its room to the others. */
static void finish(struct blk_slot *slot, uint8_t result)
{
	struct virtio_blk *blk = slot->blk;

	count(slot, result);
	*(volatile uint8_t *)slot->request.status = result;
	virtqueue_push(ring_of(slot), slot->request.head, slot->written + 1);
	blk->told |= 1ull << slot->queue;
	free(slot->bounce);
	slot->bounce = NULL;
	slot->next_free = blk->free;
	blk->free = slot;
	blk->under_way--;
}

/* Room for a request, which stays free; NULL: there is none. What was never needed was never touched. */
static struct blk_slot *free_slot(struct virtio_blk *blk)
{
	if (!blk->free && blk->slots_used < BLK_REQUESTS) {
		blk->free = &blk->slots[blk->slots_used++];
		blk->free->blk = blk;
	}
	return blk->free;
}

static bool aligned(const struct blk_slot *slot)
{
	uintptr_t all = 0;

	for (unsigned i = 0; i < slot->request.count; i++)
		all |= (uintptr_t)slot->request.iov[i].iov_base | slot->request.iov[i].iov_len;
	return !(all & (slot->blk->image.align - 1));
}

/* Between the guest's memory and the buffer. */
static void copy(struct blk_slot *slot, bool to_guest, uint64_t bytes)
{
	char *at = slot->bounce;

	for (unsigned i = 0; i < slot->request.count && bytes; i++) {
		const struct iovec *iov = &slot->request.iov[i];
		size_t part = iov->iov_len < bytes ? iov->iov_len : bytes;

		memcpy(to_guest ? iov->iov_base : at, to_guest ? at : iov->iov_base, part);
		at += part;
		bytes -= part;
	}
}

static int make_bounce(struct blk_slot *slot)
{
	struct blk_request *request = &slot->request;

	/* The rest goes the same way afterwards. */
	size_t len = request->len < BOUNCE_MAX ? request->len : BOUNCE_MAX;

	if (posix_memalign(&slot->bounce, 4096, len))
		return -ENOMEM;
	slot->bounce_iov = (struct iovec){slot->bounce, len};
	if (request->action == BLK_WRITE)
		copy(slot, false, len);
	return 0;
}

static struct io_uring_sqe *take_entry(struct blk_slot *slot)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&slot->blk->ring);

	if (!sqe && io_uring_submit(&slot->blk->ring) >= 0)
		sqe = io_uring_get_sqe(&slot->blk->ring);
	return sqe;
}

static void prep_transfer(struct blk_slot *slot, struct io_uring_sqe *sqe)
{
	struct blk_request *request = &slot->request;
	const struct iovec *iov = slot->bounce ? &slot->bounce_iov : request->iov;
	unsigned count = slot->bounce ? 1 : request->count;
	bool write = request->action == BLK_WRITE;

	if (count > 1 && write)
		io_uring_prep_writev(sqe, FILE_INDEX, iov, count, request->offset);
	else if (count > 1)
		io_uring_prep_readv(sqe, FILE_INDEX, iov, count, request->offset);
	else if (write)
		io_uring_prep_write(sqe, FILE_INDEX, iov->iov_base, (unsigned)iov->iov_len,
				    request->offset);
	else
		io_uring_prep_read(sqe, FILE_INDEX, iov->iov_base, (unsigned)iov->iov_len,
				   request->offset);
}

/* What is zero is so after a hole was made too, and stored where the driver did not say that it need not be. */
static void prep_range(struct blk_slot *slot, struct io_uring_sqe *sqe)
{
	struct blk_request *request = &slot->request;
	int mode = request->action == BLK_DISCARD || request->unmap ? FALLOC_FL_PUNCH_HOLE
								    : FALLOC_FL_ZERO_RANGE;

	if (request->count) { /* the host cannot: written, see write_zeros() */
		io_uring_prep_writev(sqe, FILE_INDEX, request->iov, request->count,
				     request->offset);
		return;
	}
	io_uring_prep_fallocate(sqe, FILE_INDEX, mode | FALLOC_FL_KEEP_SIZE, 0, 0);
	/* By hand (io_uring_enter(2)): liburing's versions differ in the types of the two. */
	sqe->off = request->offset;
	sqe->addr = request->len;
}

/* Hand it to the kernel, or what is left of it. */
static void begin(struct blk_slot *slot)
{
	struct blk_request *request = &slot->request;
	struct io_uring_sqe *sqe;

	free(slot->bounce);
	slot->bounce = NULL;
	if ((request->action == BLK_READ || request->action == BLK_WRITE) && !aligned(slot) &&
	    make_bounce(slot)) {
		finish(slot, VIRTIO_BLK_S_IOERR);
		return;
	}
	sqe = take_entry(slot);
	if (!sqe) {
		report_failure(slot, -EBUSY);
		finish(slot, VIRTIO_BLK_S_IOERR);
		return;
	}
	switch (request->action) {
	case BLK_FLUSH:
		io_uring_prep_fsync(sqe, FILE_INDEX, IORING_FSYNC_DATASYNC);
		break;
	case BLK_DISCARD:
	case BLK_ZERO:
		prep_range(slot, sqe);
		break;
	default:
		prep_transfer(slot, sqe);
		break;
	}
	sqe->flags |= IOSQE_FIXED_FILE;
	io_uring_sqe_set_data(sqe, slot);
}

/* As much of the range as there is room for. */
static void write_zeros(struct blk_slot *slot)
{
	struct blk_request *request = &slot->request;
	uint64_t left = request->len;

	request->count = 0;
	while (left && request->count < BLK_SEGMENTS_MAX) {
		size_t part = left < ZEROS ? left : ZEROS;

		/* The kernel only reads it. */
		request->iov[request->count++] = (struct iovec){(void *)(uintptr_t)zeros, part};
		left -= part;
	}
	begin(slot);
}

/* A part of a transfer is done, or of the zeros. */
static void went_on(struct blk_slot *slot, uint64_t bytes)
{
	struct blk_request *request = &slot->request;
	bool zero = request->action == BLK_ZERO;

	if (bytes > request->len)
		bytes = request->len;
	if (slot->bounce && request->action == BLK_READ)
		copy(slot, true, bytes);
	if (request->action == BLK_READ)
		slot->written += (uint32_t)bytes;
	if (zero) {
		request->offset += bytes;
		request->len -= bytes;
	} else {
		blk_request_advance(request, bytes);
	}
	if (!request->len)
		finish(slot, VIRTIO_BLK_S_OK);
	else if (zero)
		write_zeros(slot);
	else
		begin(slot);
}

static void failed(struct blk_slot *slot, int code)
{
	struct blk_request *request = &slot->request;
	bool no_such = code == -EOPNOTSUPP || code == -ENOSYS || code == -EINVAL;

	if (code == -EINTR || code == -EAGAIN) {
		begin(slot);
	} else if (request->action == BLK_DISCARD && no_such) {
		finish(slot, VIRTIO_BLK_S_OK); /* advice, 5.2.6.2 */
	} else if (request->action == BLK_ZERO && no_such && !request->count) {
		write_zeros(slot);
	} else {
		report_failure(slot, code);
		finish(slot, VIRTIO_BLK_S_IOERR);
	}
}

static void complete(struct blk_slot *slot, int result)
{
	const struct blk_request *request = &slot->request;

	if (result < 0)
		failed(slot, result);
	else if (request->action == BLK_FLUSH || request->action == BLK_DISCARD ||
		 (request->action == BLK_ZERO && !request->count))
		finish(slot, VIRTIO_BLK_S_OK);
	else if (!result) /* the end of the file, which was longer */
		failed(slot, -EIO);
	else
		went_on(slot, (uint64_t)result);
}

/* Return: whether something was done. */
static bool reap(struct virtio_blk *blk)
{
	struct io_uring_cqe *cqe;
	bool any = false;

	while (blk->under_way && !io_uring_peek_cqe(&blk->ring, &cqe)) {
		struct blk_slot *slot = io_uring_cqe_get_data(cqe);
		int result = cqe->res;

		io_uring_cqe_seen(&blk->ring, cqe);
		complete(slot, result);
		any = true;
	}
	return any;
}

/* What the kernel has no room for now is submitted with what comes next. */
static void submit(struct virtio_blk *blk)
{
	while (io_uring_sq_ready(&blk->ring)) {
		int r = io_uring_submit(&blk->ring);

		(void)reap(blk);
		if (r < 0 && r != -EINTR) {
			virtio_again(&blk->virtio, 0);
			return;
		}
	}
	(void)reap(blk);
}

/* Those that found no room look again. */
static void tell(struct virtio_blk *blk)
{
	uint64_t waiting = free_slot(blk) ? blk->waiting : 0;

	blk->waiting &= ~waiting;
	for (unsigned i = 0; blk->told | waiting; i++) {
		if (blk->told & 1ull << i)
			virtio_tell(&blk->virtio, i);
		if (waiting & 1ull << i)
			virtio_again(&blk->virtio, i);
		blk->told &= ~(1ull << i);
		waiting &= ~(1ull << i);
	}
}

/*
 * The ring is polled as long as it has something to say: the poll for the next request is there before the request, and asking
 * for it keeps none waiting.
 */
static enum loop_next on_done(void *ctx)
{
	struct virtio_blk *blk = ctx;
	bool more;

	pthread_mutex_lock(&blk->virtio.lock);
	more = reap(blk);
	submit(blk);
	tell(blk);
	more = more || blk->under_way;
	pthread_mutex_unlock(&blk->virtio.lock);
	return more ? LOOP_AGAIN : LOOP_PAUSE;
}

/* What is done by now needs nobody to wait for it. */
static void wait_for_done(struct virtio_blk *blk, unsigned index)
{
	struct pt_error err;

	if (blk->under_way && blk->loop && loop_watch_start(blk->loop, &blk->done, &err))
		virtio_again(&blk->virtio, index);
}

static uint32_t give_serial(struct blk_slot *slot)
{
	char serial[BLK_SERIAL_SIZE] = {0};
	size_t done = 0;

	(void)memcpy(serial, slot->blk->plan->serial,
		     strnlen(slot->blk->plan->serial, sizeof(serial)));
	for (unsigned i = 0; i < slot->request.count && done < sizeof(serial); i++) {
		const struct iovec *iov = &slot->request.iov[i];
		size_t part =
			iov->iov_len < sizeof(serial) - done ? iov->iov_len : sizeof(serial) - done;

		memcpy(iov->iov_base, serial + done, part);
		done += part;
	}
	return (uint32_t)done;
}

static void take(struct virtio_blk *blk, unsigned index, struct virtqueue_chain *chain)
{
	const struct blk_disk disk = {blk->image.size, blk->image.block, blk->plan->readonly};
	struct blk_slot *slot = free_slot(blk);
	struct pt_error err = PT_ERROR_INIT;

	slot->queue = index;
	slot->written = 0;
	if (blk_request_read(&slot->request, &disk, chain, &err)) {
		virtio_broken(&blk->virtio, &err);
		return;
	}
	slot->bytes = slot->request.len;
	blk->free = slot->next_free;
	blk->under_way++;
	switch (slot->request.action) {
	case BLK_SERIAL:
		slot->written = give_serial(slot);
		finish(slot, VIRTIO_BLK_S_OK);
		break;
	case BLK_NOTHING:
		finish(slot, slot->request.result);
		break;
	default:
		begin(slot);
		break;
	}
}

static void blk_kick(void *device, unsigned index)
{
	struct virtio_blk *blk = device;
	struct virtqueue *ring = &blk->virtio.queues[index].ring;
	struct virtqueue_chain chain;
	unsigned taken = 0;

	virtqueue_mute(ring);
	while (taken < CHAINS_MAX && free_slot(blk) && virtio_pop(&blk->virtio, index, &chain)) {
		take(blk, index, &chain);
		taken++;
	}
	if (!virtio_queue_running(&blk->virtio, index))
		return;
	submit(blk);
	tell(blk);
	if (!free_slot(blk))
		blk->waiting |= 1ull << index;
	else if (taken == CHAINS_MAX || virtqueue_unmute(ring))
		virtio_again(&blk->virtio, index);
	wait_for_done(blk, index);
}

static int blk_start(void *device, struct pt_error *err)
{
	(void)device;
	(void)err;
	return 0;
}

/* By whomever; see the head of blk.h. */
static void blk_stop(void *device)
{
	struct virtio_blk *blk = device;

	while (blk->under_way) {
		(void)io_uring_submit_and_wait(&blk->ring, 1);
		(void)reap(blk);
	}
	blk->waiting = 0;
	tell(blk);
}

static const struct virtio_device_ops blk_ops = {
	.name = "virtio-blk",
	.type = VIRTIO_ID_BLOCK,
	.class_code = 0x018000,
	.start = blk_start,
	.stop = blk_stop,
	.kick = blk_kick,
};

static void fill_config(struct virtio_blk *blk, unsigned queues)
{
	const struct image *image = &blk->image;

	blk->config = (struct virtio_blk_config){
		.capacity = image->size / SECTOR,
		.seg_max = BLK_SEGMENTS_MAX,
		.blk_size = image->block,
		.physical_block_exp = (uint8_t)__builtin_ctz(image->physical / image->block),
		.num_queues = (uint16_t)queues,
		.max_discard_sectors = RANGE_MAX,
		.max_discard_seg = 1,
		.discard_sector_alignment = image->physical / SECTOR,
		.max_write_zeroes_sectors = RANGE_MAX,
		.max_write_zeroes_seg = 1,
		.write_zeroes_may_unmap = 1,
	};
}

static const struct ring_use use = {
	.operations = {IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READV, IORING_OP_WRITEV,
		       IORING_OP_FSYNC, IORING_OP_FALLOCATE},
	.count = 6,
	.fixed_files = true,
};

static int open_ring(struct virtio_blk *blk, struct pt_error *err)
{
	int r = ring_open(&blk->ring, BLK_REQUESTS, &use, err);

	if (r)
		return pt_error_prefix(err, r, "%s", blk->plan->path);
	blk->ring_open = true;
	blk->done = (struct loop_watch){.fd = blk->ring.ring_fd, .ready = on_done, .ctx = blk};
	r = io_uring_register_files(&blk->ring, &blk->image.fd, 1);
	if (r)
		return pt_error_set(err, r, "%s: io_uring: %s", blk->plan->path, strerror(-r));
	return ring_begin(&blk->ring, &use, err);
}

int virtio_blk_open(struct virtio_blk *blk, const struct pt_sys *sys, const struct plan_disk *plan,
		    unsigned queues, struct pt_error *err)
{
	int r;

	blk->plan = plan;
	blk->image = (struct image)IMAGE_CLOSED;
	r = image_open(&blk->image, sys, plan, err);
	if (!r)
		r = open_ring(blk, err);
	if (r)
		return r;
	blk->slots = calloc(BLK_REQUESTS, sizeof(*blk->slots));
	if (!blk->slots)
		return pt_error_set(err, -ENOMEM, "%s: out of memory", plan->path);
	fill_config(blk, queues);
	blk->virtio.ops = &blk_ops;
	blk->virtio.device = blk;
	blk->virtio.offered =
		FEATURES | (plan->readonly ? 1ull << VIRTIO_BLK_F_RO : WRITER_FEATURES);
	blk->virtio.config = &blk->config;
	blk->virtio.config_size = sizeof(blk->config);
	blk->virtio.queue_count = queues;
	return 0;
}

void virtio_blk_watch(struct virtio_blk *blk, struct loop *loop)
{
	blk->loop = loop;
}

struct blk_stats virtio_blk_stats(struct virtio_blk *blk)
{
	struct blk_stats stats;

	pthread_mutex_lock(&blk->virtio.lock);
	stats = blk->stats;
	pthread_mutex_unlock(&blk->virtio.lock);
	return stats;
}

void virtio_blk_unwatch(struct virtio_blk *blk, struct loop *loop)
{
	loop_watch_stop(loop, &blk->done);
}

void virtio_blk_done(struct virtio_blk *blk)
{
	/* The ring goes later than this call returns; it would keep the file open, and its lock, until then. */
	if (blk->ring_open) {
		(void)io_uring_unregister_files(&blk->ring);
		io_uring_queue_exit(&blk->ring);
	}
	blk->ring_open = false;
	free(blk->slots);
	blk->slots = NULL;
	image_done(&blk->image);
}
