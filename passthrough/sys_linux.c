/* SPDX-License-Identifier: MIT */
/* The real struct pt_sys. The library's only system calls are here. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

static int linux_open(void *ctx, const char *path, int flags)
{
	int fd;

	(void)ctx;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int linux_close(void *ctx, int fd)
{
	(void)ctx;
	return close(fd) < 0 ? -errno : 0;
}

static int linux_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
	int r;

	(void)ctx;
	do
		r = ioctl(fd, request, arg);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

static int64_t linux_pread(void *ctx, int fd, void *buf, size_t size, uint64_t offset)
{
	ssize_t n;

	(void)ctx;
	n = pread(fd, buf, size, (off_t)offset);
	return n < 0 ? -errno : n;
}

static int64_t linux_pwrite(void *ctx, int fd, const void *buf, size_t size, uint64_t offset)
{
	ssize_t n;

	(void)ctx;
	n = pwrite(fd, buf, size, (off_t)offset);
	return n < 0 ? -errno : n;
}

static int64_t linux_read(void *ctx, int fd, void *buf, size_t size)
{
	ssize_t n;

	(void)ctx;
	n = read(fd, buf, size);
	return n < 0 ? -errno : n;
}

static int64_t linux_write(void *ctx, int fd, const void *buf, size_t size)
{
	ssize_t n;

	(void)ctx;
	n = write(fd, buf, size);
	return n < 0 ? -errno : n;
}

static int linux_mmap(void *ctx, void *hint, size_t size, int prot, int flags, int fd,
		      uint64_t offset, void **ret_addr)
{
	void *addr;

	(void)ctx;
	addr = mmap(hint, size, prot, flags, fd, (off_t)offset);
	if (addr == MAP_FAILED)
		return -errno;
	*ret_addr = addr;
	return 0;
}

static int linux_munmap(void *ctx, void *addr, size_t size)
{
	(void)ctx;
	return munmap(addr, size) < 0 ? -errno : 0;
}

static int linux_eventfd(void *ctx)
{
	int fd;

	(void)ctx;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int linux_rdev(void *ctx, int fd, unsigned *ret_major, unsigned *ret_minor)
{
	struct stat st;

	(void)ctx;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode))
		return -ENOTTY;
	*ret_major = major(st.st_rdev);
	*ret_minor = minor(st.st_rdev);
	return 0;
}

static int linux_readlink(void *ctx, const char *path, char *buf, size_t size)
{
	ssize_t n;

	(void)ctx;
	n = readlink(path, buf, size);
	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return (int)n;
}

static int linux_realpath(void *ctx, const char *path, char *buf, size_t size)
{
	char *resolved;
	size_t n;

	(void)ctx;
	resolved = realpath(path, NULL);
	if (!resolved)
		return -errno;
	n = strlen(resolved);
	if (n < size)
		memcpy(buf, resolved, n + 1);
	free(resolved);
	return n < size ? (int)n : -ENAMETOOLONG;
}

static int linux_list(void *ctx, const char *path, int (*each)(void *arg, const char *name),
		      void *arg)
{
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	(void)ctx;
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (r == 0) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			r = -errno;
			break;
		}
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			r = each(arg, entry->d_name);
	}
	(void)closedir(dir);
	return r;
}

static int linux_stat(void *ctx, const char *path, struct pt_stat *ret_stat)
{
	struct stat st;

	(void)ctx;
	if (stat(path, &st) < 0)
		return -errno;
	*ret_stat = (struct pt_stat){
		.mode = st.st_mode & 07777,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.usable = faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0,
	};
	return 0;
}

/* The kernel asks for CAP_IPC_LOCK in the initial user namespace; there the effective set tells. */
static bool may_lock_all(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	memset(data, 0, sizeof(data));
	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK);
}

static uint64_t linux_memlock(void *ctx)
{
	struct rlimit limit;

	(void)ctx;
	if (may_lock_all() || getrlimit(RLIMIT_MEMLOCK, &limit) < 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

static void linux_sleep_ms(void *ctx, unsigned ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	(void)ctx;
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static void *linux_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return calloc(1, size);
}

static void linux_free(void *ctx, void *ptr)
{
	(void)ctx;
	free(ptr);
}

static const struct pt_sys linux_sys = {
	.open = linux_open,
	.close = linux_close,
	.ioctl = linux_ioctl,
	.pread = linux_pread,
	.pwrite = linux_pwrite,
	.read = linux_read,
	.write = linux_write,
	.mmap = linux_mmap,
	.munmap = linux_munmap,
	.eventfd = linux_eventfd,
	.rdev = linux_rdev,
	.readlink = linux_readlink,
	.realpath = linux_realpath,
	.list = linux_list,
	.stat = linux_stat,
	.memlock = linux_memlock,
	.sleep_ms = linux_sleep_ms,
	.alloc = linux_alloc,
	.free = linux_free,
};

PT_PUBLIC const struct pt_sys *pt_sys_linux(void)
{
	return &linux_sys;
}
