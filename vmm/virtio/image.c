/* SPDX-License-Identifier: MIT */
#include "virtio/image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define SECTOR	      512u
#define BLOCK_MAX     4096u
#define FILE_PHYSICAL 4096u /* what file systems write in */

static int refused(const struct plan_disk *plan, int code, struct pt_error *err)
{
	(void)pt_error_set(err, code, "%s: %s", plan->path, strerror(-code));
	switch (code) {
	case -EBUSY:
		return pt_error_remedy(
			err, code,
			"it is mounted, or part of something that is in use: umount it first");
	case -EROFS:
	case -EACCES:
	case -EPERM:
		if (!plan->readonly)
			return pt_error_remedy(
				err, code,
				"give this user the right to write to it, or the guest to read alone: readonly=yes; "
				"for a disk that comes while the guest runs, begin it with --hotplug-files FOLDER");
		return pt_error_remedy(
			err, code,
			"give this user the right to read it; for a disk that comes while the guest runs, "
			"begin it with --hotplug-files FOLDER");
	case -EINVAL:
		if (plan->direct)
			return pt_error_remedy(
				err, code,
				"its file system has no direct access: leave direct out");
		return code;
	default:
		return code;
	}
}

static struct flock lock_for(const struct plan_disk *plan)
{
	return (struct flock){
		.l_type = plan->readonly ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
	};
}

static int in_use(const struct plan_disk *plan, struct pt_error *err)
{
	return pt_error_remedy(
		err,
		pt_error_set(err, -EBUSY, "%s: somebody else has it in use, such as another guest",
			     plan->path),
		"give each guest a disk of its own; several may share one that all have with readonly=yes");
}

static int lock(const struct image *image, const struct plan_disk *plan, struct pt_error *err)
{
	struct flock what = lock_for(plan);

	if (!fcntl(image->fd, F_OFD_SETLK, &what))
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return pt_error_set(err, -errno, "%s: cannot lock it: %m", plan->path);
	return in_use(plan, err);
}

static int measure_device(struct image *image, const struct plan_disk *plan, struct pt_error *err)
{
	unsigned physical = 0;
	int logical = 0;

	if (ioctl(image->fd, BLKGETSIZE64, &image->size) || ioctl(image->fd, BLKSSZGET, &logical) ||
	    ioctl(image->fd, BLKPBSZGET, &physical))
		return pt_error_set(err, -errno, "%s: cannot tell its size: %m", plan->path);
	image->block = (unsigned)logical;
	image->physical = physical;
	return 0;
}

/* By trying, since kernels before 6.1 do not say it, and not all file systems of later ones. */
static int measure_direct(struct image *image, const struct plan_disk *plan, struct pt_error *err)
{
	CLEANUP_FREE void *buf = NULL;

	if (posix_memalign(&buf, BLOCK_MAX, BLOCK_MAX))
		return pt_error_set(err, -ENOMEM, "out of memory");
	for (unsigned align = SECTOR; align <= BLOCK_MAX; align *= 2) {
		/* A buffer at an odd multiple of it, so that no larger alignment is had by chance. */
		char *at = align < BLOCK_MAX ? (char *)buf + align : buf;

		if (pread(image->fd, at, align, 0) != (ssize_t)align)
			continue;
		image->align = align;
		if (image->block < align)
			image->block = align;
		return 0;
	}
	return refused(plan, -EINVAL, err);
}

static int measure(struct image *image, const struct plan_disk *plan, struct pt_error *err)
{
	struct stat stat;
	int r = 0;

	if (fstat(image->fd, &stat))
		return pt_error_set(err, -errno, "%s: %m", plan->path);
	image->align = 1;
	if (S_ISREG(stat.st_mode)) {
		image->size = (uint64_t)stat.st_size;
		image->block = SECTOR;
		image->physical = FILE_PHYSICAL;
	} else if (S_ISBLK(stat.st_mode)) {
		r = measure_device(image, plan, err);
	} else {
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL, "%s: it is neither a file nor a block device",
				     plan->path),
			"name a raw image, or a block device such as /dev/vg0/guest");
	}
	if (!r && plan->direct)
		r = measure_direct(image, plan, err);
	if (r)
		return r;
	if (image->physical < image->block)
		image->physical = image->block;
	if (!image->size || image->size % image->block)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL,
				     "%s: its size of %" PRIu64
				     " bytes is not that of a disk with blocks of %u",
				     plan->path, image->size, image->block),
			"a raw image is a multiple of that: truncate -s %%%u %s", image->block,
			plan->path);
	return 0;
}

/* Whoever opened it has said how, but for the page cache. */
static int take_fd(struct image *image, const struct plan_disk *plan, struct pt_error *err)
{
	int flags = fcntl(plan->fd, F_GETFL);

	image->fd = plan->fd;
	if (flags < 0)
		return pt_error_set(err, -errno, "%s: its descriptor: %m", plan->path);
	if (!plan->readonly && (flags & O_ACCMODE) != O_RDWR)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EACCES,
				     "%s: its descriptor was opened for reading alone", plan->path),
			"open it for reading and writing, or say readonly");
	if (plan->direct && fcntl(image->fd, F_SETFL, flags | O_DIRECT))
		return refused(plan, -errno, err);
	return 0;
}

/* O_EXCL says of a block device that nobody else may have it: open(2). */
static int claim(struct image *image, const struct pt_sys *sys, const char *path, int flags)
{
	struct stat stat;

	if (fstat(image->fd, &stat))
		return -errno;
	if (!S_ISBLK(stat.st_mode))
		return 0;
	(void)close(image->fd);
	image->fd = sys->open(sys->ctx, path, flags | O_EXCL);
	return image->fd < 0 ? image->fd : 0;
}

static int open_path(struct image *image, const struct pt_sys *sys, const struct plan_disk *plan,
		     struct pt_error *err)
{
	const int flags = (plan->readonly ? O_RDONLY : O_RDWR) | (plan->direct ? O_DIRECT : 0) |
			  O_NOCTTY | O_NONBLOCK;
	int r;

	image->fd = sys->open(sys->ctx, plan->path, flags);
	r = image->fd < 0 ? image->fd : 0;
	if (!r && !plan->readonly)
		r = claim(image, sys, plan->path, flags);
	if (r)
		return refused(plan, r, err);
	/* Not to hang at a FIFO was all that O_NONBLOCK was for. */
	(void)fcntl(image->fd, F_SETFL, flags & ~O_NONBLOCK);
	return 0;
}

int image_open(struct image *image, const struct pt_sys *sys, const struct plan_disk *plan,
	       struct pt_error *err)
{
	int r = plan->fd ? take_fd(image, plan, err) : open_path(image, sys, plan, err);

	if (r)
		return r;
	r = measure(image, plan, err);
	return r ? r : lock(image, plan, err);
}

int image_look(const struct pt_sys *sys, const struct plan_disk *plan, struct pt_error *err)
{
	struct image image = IMAGE_CLOSED;
	struct flock what = lock_for(plan);
	int r = open_path(&image, sys, plan, err);

	if (!r)
		r = measure(&image, plan, err);
	/* What cannot be locked at all is said when it is to be. */
	if (!r && !fcntl(image.fd, F_OFD_GETLK, &what) && what.l_type != F_UNLCK)
		r = in_use(plan, err);
	if (image.fd >= 0)
		(void)close(image.fd);
	return r;
}

void image_done(struct image *image)
{
	struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};

	/* Whoever else still holds the file, the next user may have it. */
	if (image->fd >= 0) {
		(void)fcntl(image->fd, F_OFD_SETLK, &all);
		(void)close(image->fd);
	}
	image->fd = -1;
}
