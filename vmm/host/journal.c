/* SPDX-License-Identifier: MIT */
#include "host/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/run_dir.h"

#define SUBFOLDER "devices"
#define FILE_SIZE (PT_NAME_SIZE + 8)
#define WHO_SIZE  128
#define ASIDE	  ".new" /* what is being written */

/* The message is set. */
static int add_remedy(const char *path, int code, struct pt_error *err)
{
	if (code == -EACCES || code == -EPERM)
		return pt_error_remedy(err, code, "do it as root");
	if (code == -ENOSPC || code == -EDQUOT)
		return pt_error_remedy(err, code, "make room there: df %s; df -i %s", path, path);
	if (code == -EROFS)
		return pt_error_remedy(err, code, "make it writable: findmnt -T %s", path);
	return code;
}

static int fail(const char *path, int code, struct pt_error *err)
{
	pt_error_set(err, code, "%s: %s", path, strerror(-code));
	return add_remedy(path, code, err);
}

/* What anybody else can write is not believed. */
static int check_folder(int fd, const char *path, struct pt_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(path, -errno, err);
	if (st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	return pt_error_remedy(
		err,
		pt_error_set(err, -EPERM, "%s: belongs to another user, or others can write to it",
			     path),
		"look at who made it, and remove it: rm -r %s", path);
}

/* A folder in @parent, made if @create. */
static int open_folder(int parent, const char *name, const char *path, mode_t mode, bool create,
		       int *ret_fd, struct pt_error *err)
{
	CLEANUP_CLOSE int fd = -1;
	int ret;

	if (create && mkdirat(parent, name, mode) < 0 && errno != EEXIST)
		return fail(path, -errno, err);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return pt_error_remedy(
			err,
			pt_error_set(err, -EPERM, "%s: is not a folder, but must be one", path),
			"look at who made it, and remove it: rm %s", path);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fail(path, -errno, err);
	ret = check_folder(fd, path, err);
	if (ret < 0)
		return ret;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int no_parent(struct pt_error *err)
{
	pt_error_set(err, -ENOENT, "XDG_RUNTIME_DIR does not name a folder");
	return pt_error_remedy(err, -ENOENT, "do it as root, or log in, which sets it");
}

int journal_open(const char *parent, bool create, struct journal *ret_journal, struct pt_error *err)
{
	struct journal journal = {.dir = -1};
	CLEANUP_CLOSE int parent_fd = -1;
	CLEANUP_CLOSE int folder = -1;
	size_t folder_len;
	int ret;

	*ret_journal = journal;
	if (!parent)
		parent = run_dir_parent();
	if (!parent)
		return create ? no_parent(err) : 0;
	parent_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent_fd < 0)
		return fail(parent, -errno, err);
	if (snprintf(journal.path, sizeof(journal.path), "%s/" RUN_DIR_NAME, parent) >=
	    (int)(sizeof(journal.path) - sizeof("/" SUBFOLDER)))
		return fail(parent, -ENAMETOOLONG, err);
	ret = open_folder(parent_fd, RUN_DIR_NAME, journal.path, 0755, create, &folder, err);
	folder_len = strlen(journal.path);
	(void)snprintf(journal.path + folder_len, sizeof(journal.path) - folder_len, "/" SUBFOLDER);
	if (ret == 0)
		ret = open_folder(folder, SUBFOLDER, journal.path, 0700, create, &journal.dir, err);
	if (ret == -ENOENT && !create)
		ret = 0;
	if (ret == -ENOENT)
		return fail(journal.path, ret, err);
	if (ret == 0)
		*ret_journal = journal;
	return ret;
}

void journal_close(struct journal *journal)
{
	if (journal->dir >= 0)
		(void)close(journal->dir);
	journal->dir = -1;
}

/* Says who holds it, as that one wrote down. */
static int held(int fd, const char *name, struct pt_error *err)
{
	char who[WHO_SIZE];
	ssize_t len = pread(fd, who, sizeof(who) - 1, 0);

	who[len > 0 ? len : 0] = '\0';
	who[strcspn(who, "\n")] = '\0';
	pt_error_set(err, -EBUSY, "%s: %s has it", name, who[0] ? who : "another tenon");
	return pt_error_remedy(err, -EBUSY, "end that one first, or wait for it");
}

int journal_lock(const struct journal *journal, const char *name, const char *who, int *ret_fd,
		 struct pt_error *err)
{
	char file[FILE_SIZE], text[WHO_SIZE];
	CLEANUP_CLOSE int fd = -1;
	int len;

	(void)snprintf(file, sizeof(file), "%s.lock", name);
	fd = openat(journal->dir, file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		int code = -errno;

		(void)pt_error_set(err, code, "%s: its lock %s/%s: %s", name, journal->path, file,
				   strerror(-code));
		return add_remedy(journal->path, code, err);
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? held(fd, name, err) : fail(file, -errno, err);
	/* Only for people: a lock without it is one too. */
	len = snprintf(text, sizeof(text), "%s\n", who);
	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1,
			      0);
	/* Of one who was killed while it wrote: the record before is the one that counts. */
	(void)snprintf(file, sizeof(file), "%s" ASIDE, name);
	(void)unlinkat(journal->dir, file, 0);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int damaged(const struct journal *journal, const char *name, struct pt_error *err)
{
	pt_error_set(err, -EBADMSG,
		     "%s: what it was before is not known any more: %s/%s is damaged", name,
		     journal->path, name);
	return pt_error_remedy(
		err, -EBADMSG,
		"tenon unbind %s gives it to the driver that the kernel chooses, and forgets the "
		"rest",
		name);
}

int journal_read(const struct journal *journal, const char *name, struct journal_record *ret_record,
		 struct pt_error *err)
{
	char text[JOURNAL_TEXT_SIZE];
	struct journal_record record;
	CLEANUP_CLOSE int fd = -1;
	struct stat st;
	ssize_t len;

	if (journal->dir < 0)
		return -ENOENT;
	fd = openat(journal->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 && errno == ELOOP)
		return damaged(journal, name, err);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(name, -errno, err);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return damaged(journal, name, err);
	len = pread(fd, text, sizeof(text) - 1, 0);
	if (len < 0)
		return fail(name, -errno, err);
	text[len] = '\0';
	if (journal_record_parse(text, (size_t)len, &record) < 0 || strcmp(record.name, name) != 0)
		return damaged(journal, name, err);
	*ret_record = record;
	return 0;
}

static int write_whole(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t put = write(fd, text, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		text += put;
		size -= (size_t)put;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int write_aside(int dir, const char *file, const char *text, size_t size)
{
	int fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write_whole(fd, text, size);
	if (close(fd) < 0 && ret == 0)
		ret = -errno;
	return ret;
}

int journal_write(const struct journal *journal, const struct journal_record *record,
		  struct pt_error *err)
{
	char text[JOURNAL_TEXT_SIZE], aside[FILE_SIZE];
	size_t size = journal_record_format(record, text);
	int ret;

	(void)snprintf(aside, sizeof(aside), "%s" ASIDE, record->name);
	ret = write_aside(journal->dir, aside, text, size);
	if (ret == 0 && renameat(journal->dir, aside, journal->dir, record->name) < 0)
		ret = -errno;
	if (ret == 0)
		return fsync(journal->dir) < 0 ? fail(journal->path, -errno, err) : 0;
	(void)unlinkat(journal->dir, aside, 0);
	pt_error_set(err, ret, "%s: what it is now cannot be written down in %s: %s", record->name,
		     journal->path, strerror(-ret));
	return add_remedy(journal->path, ret, err);
}

int journal_remove(const struct journal *journal, const char *name, struct pt_error *err)
{
	if (journal->dir < 0)
		return 0;
	if (unlinkat(journal->dir, name, 0) < 0)
		return errno == ENOENT ? 0 : fail(journal->path, -errno, err);
	return fsync(journal->dir) < 0 ? fail(journal->path, -errno, err) : 0;
}

int journal_list(const struct journal *journal, int (*each)(void *arg, const char *name), void *arg)
{
	struct dirent *entry;
	char name[PT_NAME_SIZE];
	int fd, ret = 0;
	DIR *dir;

	if (journal->dir < 0)
		return 0;
	fd = openat(journal->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		ret = -errno;
		(void)close(fd);
		return ret;
	}
	while (ret == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		char *end = strstr(entry->d_name, ASIDE);

		if (end && !end[strlen(ASIDE)])
			*end = '\0';
		/* Locks have other names. */
		if (pt_bdf_parse(entry->d_name, name) == 0 && strcmp(name, entry->d_name) == 0)
			ret = each(arg, name);
	}
	(void)closedir(dir);
	return ret;
}
