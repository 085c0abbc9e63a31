/* SPDX-License-Identifier: MIT */
/*
 * The journal: what was, written down before anything of a device is changed, so that it can be restored whatever
 * happens to who changed it. And a lock a device, so that two of them never do so at once.
 *
 * A folder in the run-time directory, /run/tenon/devices for root, $XDG_RUNTIME_DIR/tenon/devices for others. In it, for a
 * device that is not as it was, a file of its name; it is written aside, brought to the disk and renamed, so that it is there
 * whole or not at all. Beside it NAME.lock, which stays: a lock is held by whoever has the file locked (flock(2)), and gone
 * with the last process that has it open, however that ends. A child that the kernel keeps waiting has it still.
 */
#ifndef TENON_HOST_JOURNAL_H
#define TENON_HOST_JOURNAL_H

#include <passthrough/error.h>
#include <stdbool.h>

#include "host/journal_record.h"

#define JOURNAL_PATH_SIZE 256

/** struct journal - @dir is -1 where there is no journal, which is an empty one */
struct journal {
	int dir;
	char path[JOURNAL_PATH_SIZE];
};

/**
 * journal_open() - the journal of this user
 * @parent: the run-time directory; NULL for the user's: /run, or $XDG_RUNTIME_DIR
 * @create: it is going to be written
 *
 * Errors: -ENOENT no run-time directory; -EPERM a folder of it is another user's, a link, or writable for others; else from
 * mkdir(2) and open(2). Inverse: journal_close().
 */
int journal_open(const char *parent, bool create, struct journal *ret_journal,
		 struct pt_error *err);

/** journal_close() - accepts one that was only zeroed and its @dir set to -1 */
void journal_close(struct journal *journal);

/**
 * journal_lock() - nobody else touches the device; what one who was killed has left half written goes
 * @name: canonical
 * @who: for others to read: "tenon run (pid 123)"
 * @ret_fd: the lock is held until it is closed, by this process and every child that has it
 *
 * Errors: -EBUSY somebody else has it, and the message says who.
 */
int journal_lock(const struct journal *journal, const char *name, const char *who, int *ret_fd,
		 struct pt_error *err);

/** journal_read() - Errors: -ENOENT, without a message: there is none; -EBADMSG it is damaged. */
int journal_read(const struct journal *journal, const char *name, struct journal_record *ret_record,
		 struct pt_error *err);

/**
 * journal_write() - before a device is changed; takes the place of its record before
 *
 * With the device's lock held. When it fails, for want of room or whatever, the record before is there unchanged. Inverse:
 * journal_remove().
 */
int journal_write(const struct journal *journal, const struct journal_record *record,
		  struct pt_error *err);

/** journal_remove() - the device is as it was; none there is none to remove */
int journal_remove(const struct journal *journal, const char *name, struct pt_error *err);

/**
 * journal_list() - call @each with the name of every device that there is a record of, until it returns non-zero
 *
 * One whose record somebody was killed over is named too, perhaps twice: journal_lock() puts that right.
 *
 * Return: what @each returned last, or -errno.
 */
int journal_list(const struct journal *journal, int (*each)(void *arg, const char *name),
		 void *arg);

#endif
