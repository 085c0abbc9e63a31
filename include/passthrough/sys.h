/* SPDX-License-Identifier: MIT */
/*
 * The kernel seam.
 *
 * The library reaches the operating system through this table only. pt_sys_linux() is the real one.
 * A test puts a model of the kernel here and lets its n-th call fail; an embedder can put a tracer
 * or a broker here.
 *
 * Every operation returns a negative errno on failure; none of them uses errno. Descriptors are
 * opened close-on-exec.
 */
#ifndef PASSTHROUGH_SYS_H
#define PASSTHROUGH_SYS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct pt_stat - who may open a file
 * @mode: permission bits, 0660
 * @uid, @gid: owner and group
 * @usable: this process may open it for reading and writing: access control lists, capabilities and
 *	control groups are counted, as access(2) does
 */
struct pt_stat {
	unsigned mode;
	unsigned uid;
	unsigned gid;
	int usable;
};

/**
 * struct pt_sys - what the library asks of the operating system
 * @ctx: first argument of every operation; owned by whoever made the table
 * @open: open(2) with @flags | O_CLOEXEC. Inverse: @close. Return: a descriptor.
 * @close: close(2). Never retried, the descriptor is gone whatever it says.
 * @ioctl: ioctl(2), restarted on EINTR. Return: the kernel's non-negative result.
 * @pread: pread(2). Return: bytes read, which may be fewer than @size.
 * @pwrite: pwrite(2). Return: bytes written.
 * @read: read(2); for eventfds.
 * @write: write(2); for eventfds.
 * @mmap: mmap(2) with @hint as address; @fd -1 and flags decide on anonymous memory. Inverse:
 *	@munmap.
 * @munmap: munmap(2).
 * @eventfd: eventfd(2), non-blocking. Inverse: @close. Return: a descriptor.
 * @rdev: major and minor number of the character device that @fd is; -ENOTTY when it is not one.
 * @readlink: readlink(2), and the result is terminated. -ENAMETOOLONG when it does not fit. Return:
 *	its length.
 * @realpath: the absolute path without links; same rules as @readlink.
 * @list: call @each with every name in directory @path but "." and "..", until it returns non-zero.
 *	The order is the file system's. Return: what @each returned last, 0 for an empty directory.
 * @stat: who may open what is at @path, links followed.
 * @memlock: how many bytes of memory this process may lock (RLIMIT_MEMLOCK); UINT64_MAX when it is
 *	not limited or the process holds CAP_IPC_LOCK.
 * @sleep_ms: wait for so many milliseconds.
 * @alloc: @size bytes of zeroed memory, NULL when there is none. Inverse: @free.
 * @free: accepts NULL.
 */
struct pt_sys {
	void *ctx;
	int (*open)(void *ctx, const char *path, int flags);
	int (*close)(void *ctx, int fd);
	int (*ioctl)(void *ctx, int fd, unsigned long request, void *arg);
	int64_t (*pread)(void *ctx, int fd, void *buf, size_t size, uint64_t offset);
	int64_t (*pwrite)(void *ctx, int fd, const void *buf, size_t size, uint64_t offset);
	int64_t (*read)(void *ctx, int fd, void *buf, size_t size);
	int64_t (*write)(void *ctx, int fd, const void *buf, size_t size);
	int (*mmap)(void *ctx, void *hint, size_t size, int prot, int flags, int fd,
		    uint64_t offset, void **ret_addr);
	int (*munmap)(void *ctx, void *addr, size_t size);
	int (*eventfd)(void *ctx);
	int (*rdev)(void *ctx, int fd, unsigned *ret_major, unsigned *ret_minor);
	int (*readlink)(void *ctx, const char *path, char *buf, size_t size);
	int (*realpath)(void *ctx, const char *path, char *buf, size_t size);
	int (*list)(void *ctx, const char *path, int (*each)(void *arg, const char *name),
		    void *arg);
	int (*stat)(void *ctx, const char *path, struct pt_stat *ret_stat);
	uint64_t (*memlock)(void *ctx);
	void (*sleep_ms)(void *ctx, unsigned ms);
	void *(*alloc)(void *ctx, size_t size);
	void (*free)(void *ctx, void *ptr);
};

/**
 * pt_sys_linux() - the table that makes real system calls
 *
 * Return: a constant that lives as long as the program.
 */
const struct pt_sys *pt_sys_linux(void);

#ifdef __cplusplus
}
#endif

#endif
