/* SPDX-License-Identifier: MIT */
/*
 * struct qmp_fds: the descriptors that a client of the control socket has sent (SCM_RIGHTS): those that no command has asked for
 * yet, those that getfd gave a name, and those that add-fd put into sets.
 *
 * They are the client's: no other one sees them, and they are closed when it hangs up, when they were not taken for something
 * before. However many it sends, it has few of them open here.
 */
#ifndef TENON_CONTROL_QMP_FDS_H
#define TENON_CONTROL_QMP_FDS_H

#include <passthrough/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QMP_FDS_UNCLAIMED_MAX 16u
#define QMP_FDS_KEPT_MAX      32u /* named, and in sets */
#define QMP_FDS_NAMED	      (-1)

/** struct qmp_fd - @set: its set's number, QMP_FDS_NAMED for none; @text: its name, or what add-fd was told for people */
struct qmp_fd {
	int fd;
	int64_t set;
	char text[256];
};

/** struct qmp_fds - zeroed at first; @unclaimed in the order in which they came */
struct qmp_fds {
	int unclaimed[QMP_FDS_UNCLAIMED_MAX];
	unsigned unclaimed_count;
	struct qmp_fd *kept; /* QMP_FDS_KEPT_MAX of them; NULL: none yet */
	unsigned kept_count;
};

/** qmp_fds_done() - close all; accepts one that was only zeroed */
void qmp_fds_done(struct qmp_fds *fds);

/** qmp_fds_came() - @fd was sent, and is taken over. Return: false when there are too many; it is closed then. */
bool qmp_fds_came(struct qmp_fds *fds, int fd);

/** qmp_fds_drop() - close those that nobody has asked for */
void qmp_fds_drop(struct qmp_fds *fds);

/** qmp_fds_name() - give the first that came a name; one that had it is closed. Errors: -EINVAL; -ENOENT none came; -EMFILE. */
int qmp_fds_name(struct qmp_fds *fds, const char *name, struct pt_error *err);

/** qmp_fds_take() - what is called so, which is the caller's now. Errors: -ENOENT. */
int qmp_fds_take(struct qmp_fds *fds, const char *name, int *ret_fd, struct pt_error *err);

/**
 * qmp_fds_add() - put the first that came into a set
 * @set: a number, or QMP_FDS_NAMED for a set of its own
 * @ret_fd: which it is; stays in the set
 *
 * Errors: -EINVAL; -ENOENT none came; -EMFILE.
 */
int qmp_fds_add(struct qmp_fds *fds, int64_t set, const char *text, const struct qmp_fd **ret_fd,
		struct pt_error *err);

/** qmp_fds_remove() - close one of a set, or, with @fd -1, all of it. Errors: -ENOENT. */
int qmp_fds_remove(struct qmp_fds *fds, int64_t set, int fd, struct pt_error *err);

/** qmp_fds_find() - one of a set that can be used so: @flags as of open(2). Return: it stays in the set; -ENOENT. */
int qmp_fds_find(const struct qmp_fds *fds, int64_t set, int flags, struct pt_error *err);

#endif
