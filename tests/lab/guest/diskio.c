/* SPDX-License-Identifier: MIT */
/*
 * usage: diskio DISK write SEED MIB [DEPTH]   every block of the first MIB anew, in a random order, DEPTH at a time (32)
 *        diskio DISK verify SEED MIB [DEPTH]  that is what is there
 *        diskio DISK read DEPTH COUNT         how long COUNT reads of 4 KiB at random places take
 *        diskio DISK zero MIB MIB             make zero: from, how much (BLKZEROOUT)
 *        diskio DISK discard MIB MIB          discard (BLKDISCARD)
 *        diskio DISK holds-zeros MIB MIB      there are only zeros
 *
 * All of it is direct I/O of the kernel's own asynchronous kind (io_submit), in blocks of 4 KiB. A block says where it belongs
 * and which writer it is of, so that one that is lost, old or elsewhere is found.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCK	  4096u
#define DEPTH_MAX 128u
#define MIB	  (1u << 20)

static int disk;
static aio_context_t context;
static char *buffers[DEPTH_MAX];
static struct iocb blocks[DEPTH_MAX];

static void die(const char *what)
{
	printf("diskio: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ull;
	return x ^ x >> 33;
}

static void fill(char *buffer, uint64_t seed, uint64_t block)
{
	uint64_t *words = (uint64_t *)(void *)buffer;

	words[0] = block;
	words[1] = seed;
	for (unsigned i = 2; i < BLOCK / 8; i++)
		words[i] = mix(seed << 40 ^ block << 9 ^ i);
}

static void submit(unsigned slot, int command, uint64_t block)
{
	struct iocb *list = &blocks[slot];

	memset(list, 0, sizeof(*list));
	list->aio_lio_opcode = (uint16_t)command;
	list->aio_fildes = (uint32_t)disk;
	list->aio_buf = (uint64_t)(uintptr_t)buffers[slot];
	list->aio_nbytes = BLOCK;
	list->aio_offset = (int64_t)(block * BLOCK);
	list->aio_data = slot;
	if (syscall(SYS_io_submit, context, 1, &list) != 1)
		die("io_submit");
}

/* Return: the slot of one that is done. */
static unsigned wait_one(void)
{
	struct io_event event;

	if (syscall(SYS_io_getevents, context, 1, 1, &event, NULL) != 1)
		die("io_getevents");
	if (event.res != BLOCK) {
		errno = event.res < 0 ? (int)-event.res : EIO;
		die("a block");
	}
	return (unsigned)event.data;
}

/* Every number below @count once: steps of a number that has no divisor in common with it. */
static uint64_t nth(uint64_t i, uint64_t count, uint64_t seed)
{
	return (i * 2654435761u + seed) % count;
}

static void check(unsigned slot, uint64_t seed)
{
	static char expected[BLOCK];
	uint64_t block = (uint64_t)blocks[slot].aio_offset / BLOCK;

	fill(expected, seed, block);
	if (!memcmp(expected, buffers[slot], BLOCK))
		return;
	printf("diskio: block %llu is that of %llu, writer %llu, not %llu\n",
	       (unsigned long long)block, *(unsigned long long *)(void *)buffers[slot],
	       *(unsigned long long *)(void *)(buffers[slot] + 8), (unsigned long long)seed);
	exit(1);
}

static void go_through(int command, uint64_t seed, uint64_t count, unsigned depth)
{
	uint64_t begun = 0, done = 0;

	while (done < count) {
		unsigned slot;

		if (begun < count && begun - done < depth && begun < depth) {
			slot = (unsigned)begun;
		} else {
			slot = wait_one();
			done++;
			if (command == IOCB_CMD_PREAD)
				check(slot, seed);
			if (begun == count)
				continue;
		}
		if (command == IOCB_CMD_PWRITE)
			fill(buffers[slot], seed, nth(begun, count, seed));
		submit(slot, command, nth(begun++, count, seed));
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void measure(unsigned depth, uint64_t count)
{
	uint64_t size, begun = 0, done = 0;
	double began = now();

	if (ioctl(disk, BLKGETSIZE64, &size))
		die("BLKGETSIZE64");
	while (done < count) {
		unsigned slot;

		if (begun < depth) {
			slot = (unsigned)begun;
		} else {
			slot = wait_one();
			done++;
			if (begun == count)
				continue;
		}
		submit(slot, IOCB_CMD_PREAD, mix(begun++) % (size / BLOCK));
	}
	printf("diskio: %llu reads at depth %u: %.3f s, %.0f a second\n", (unsigned long long)count,
	       depth, now() - began, (double)count / (now() - began));
}

static void range(unsigned long request, const char *from, const char *size)
{
	uint64_t what[2] = {strtoull(from, NULL, 10) * MIB, strtoull(size, NULL, 10) * MIB};

	if (ioctl(disk, request, what))
		die(request == BLKDISCARD ? "BLKDISCARD" : "BLKZEROOUT");
}

static void holds_zeros(const char *from, const char *size)
{
	static const char zeros[BLOCK];
	uint64_t at = strtoull(from, NULL, 10) * MIB, end = at + strtoull(size, NULL, 10) * MIB;

	for (; at < end; at += BLOCK) {
		if (pread(disk, buffers[0], BLOCK, (off_t)at) != BLOCK)
			die("a block");
		if (memcmp(buffers[0], zeros, BLOCK)) {
			printf("diskio: byte %llu and following are not zero\n",
			       (unsigned long long)at);
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	uint64_t first = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	uint64_t second = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
	unsigned depth = argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 32;

	if (argc < 5)
		return puts("diskio: see the head of its source"), 2;
	disk = open(argv[1], (strcmp(what, "verify") && strcmp(what, "read") ? O_RDWR : O_RDONLY) |
				     O_DIRECT);
	if (disk < 0)
		die(argv[1]);
	if (syscall(SYS_io_setup, DEPTH_MAX, &context))
		die("io_setup");
	for (unsigned i = 0; i < DEPTH_MAX; i++)
		buffers[i] = aligned_alloc(BLOCK, BLOCK);
	if (!strcmp(what, "write")) {
		go_through(IOCB_CMD_PWRITE, first, second * MIB / BLOCK, depth);
		if (fsync(disk))
			die("fsync");
	} else if (!strcmp(what, "verify")) {
		go_through(IOCB_CMD_PREAD, first, second * MIB / BLOCK, depth);
	} else if (!strcmp(what, "read")) {
		measure((unsigned)first, second);
	} else if (!strcmp(what, "zero")) {
		range(BLKZEROOUT, argv[3], argv[4]);
	} else if (!strcmp(what, "discard")) {
		range(BLKDISCARD, argv[3], argv[4]);
	} else if (!strcmp(what, "holds-zeros")) {
		holds_zeros(argv[3], argv[4]);
	} else {
		return puts("diskio: see the head of its source"), 2;
	}
	return 0;
}
