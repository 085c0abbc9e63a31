/* SPDX-License-Identifier: MIT */
#include "control/qmp_fds.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void qmp_fds_drop(struct qmp_fds *fds)
{
	while (fds->unclaimed_count)
		(void)close(fds->unclaimed[--fds->unclaimed_count]);
}

void qmp_fds_done(struct qmp_fds *fds)
{
	qmp_fds_drop(fds);
	while (fds->kept_count)
		(void)close(fds->kept[--fds->kept_count].fd);
	free(fds->kept);
	*fds = (struct qmp_fds){0};
}

bool qmp_fds_came(struct qmp_fds *fds, int fd)
{
	if (fds->unclaimed_count == QMP_FDS_UNCLAIMED_MAX) {
		(void)close(fd);
		return false;
	}
	fds->unclaimed[fds->unclaimed_count++] = fd;
	return true;
}

static int first(struct qmp_fds *fds)
{
	int fd = fds->unclaimed[0];

	fds->unclaimed_count--;
	memmove(fds->unclaimed, fds->unclaimed + 1,
		fds->unclaimed_count * sizeof(fds->unclaimed[0]));
	return fd;
}

static void forget(struct qmp_fds *fds, unsigned index)
{
	fds->kept_count--;
	memmove(fds->kept + index, fds->kept + index + 1,
		(fds->kept_count - index) * sizeof(fds->kept[0]));
}

/* Return: fds->kept_count for none. */
static unsigned find_name(const struct qmp_fds *fds, const char *name)
{
	unsigned i = 0;

	while (i < fds->kept_count &&
	       (fds->kept[i].set != QMP_FDS_NAMED || strcmp(fds->kept[i].text, name) != 0))
		i++;
	return i;
}

/* The first that came, kept; what there is to say of it is the caller's to fill in. */
static int keep(struct qmp_fds *fds, struct qmp_fd **ret_kept, struct pt_error *err)
{
	if (!fds->unclaimed_count)
		return pt_error_set(err, -ENOENT, "No file descriptor supplied via SCM_RIGHTS");
	if (fds->kept_count == QMP_FDS_KEPT_MAX)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EMFILE, "There are %u file descriptors already",
				     QMP_FDS_KEPT_MAX),
			"close some that are not needed any more: closefd, remove-fd");
	if (!fds->kept)
		fds->kept = calloc(QMP_FDS_KEPT_MAX, sizeof(*fds->kept));
	if (!fds->kept)
		return pt_error_set(err, -ENOMEM, "Out of memory");
	*ret_kept = &fds->kept[fds->kept_count++];
	**ret_kept = (struct qmp_fd){.fd = first(fds)};
	return 0;
}

static int check_text(const char *text, const char *what, struct pt_error *err)
{
	if (strlen(text) < sizeof(((struct qmp_fd *)NULL)->text))
		return 0;
	return pt_error_set(err, -EINVAL, "Parameter '%s' is too long", what);
}

int qmp_fds_name(struct qmp_fds *fds, const char *name, struct pt_error *err)
{
	struct qmp_fd *kept = NULL;
	unsigned same;
	int r = check_text(name, "fdname", err);

	if (r)
		return r;
	/* It could not be told from the number of a descriptor. */
	if (!*name || isdigit((unsigned char)*name))
		return pt_error_set(err, -EINVAL,
				    "Parameter 'fdname' expects a name not starting with a digit");
	same = find_name(fds, name);
	if (fds->unclaimed_count && same < fds->kept_count) {
		(void)close(fds->kept[same].fd);
		forget(fds, same);
	}
	r = keep(fds, &kept, err);
	if (r || !kept)
		return r;
	kept->set = QMP_FDS_NAMED;
	(void)snprintf(kept->text, sizeof(kept->text), "%s", name);
	return 0;
}

int qmp_fds_take(struct qmp_fds *fds, const char *name, int *ret_fd, struct pt_error *err)
{
	unsigned i = find_name(fds, name);

	if (i == fds->kept_count)
		return pt_error_set(err, -ENOENT, "File descriptor named '%s' has not been found",
				    name);
	*ret_fd = fds->kept[i].fd;
	forget(fds, i);
	return 0;
}

static bool has_set(const struct qmp_fds *fds, int64_t set)
{
	for (unsigned i = 0; i < fds->kept_count; i++) {
		if (fds->kept[i].set == set)
			return true;
	}
	return false;
}

int qmp_fds_add(struct qmp_fds *fds, int64_t set, const char *text, const struct qmp_fd **ret_fd,
		struct pt_error *err)
{
	struct qmp_fd *kept = NULL;
	int r = check_text(text, "opaque", err);

	if (!r)
		r = keep(fds, &kept, err);
	if (r || !kept)
		return r;
	kept->set = QMP_FDS_NAMED;
	if (set == QMP_FDS_NAMED) {
		for (set = 0; has_set(fds, set);)
			set++;
	}
	kept->set = set;
	(void)snprintf(kept->text, sizeof(kept->text), "%s", text);
	*ret_fd = kept;
	return 0;
}

int qmp_fds_remove(struct qmp_fds *fds, int64_t set, int fd, struct pt_error *err)
{
	bool found = false;

	for (unsigned i = fds->kept_count; i-- > 0;) {
		if (fds->kept[i].set != set || (fd >= 0 && fds->kept[i].fd != fd))
			continue;
		(void)close(fds->kept[i].fd);
		forget(fds, i);
		found = true;
	}
	if (found)
		return 0;
	if (fd < 0)
		return pt_error_set(err, -ENOENT,
				    "File descriptor named 'fdset-id:%" PRId64 "' not found", set);
	return pt_error_set(err, -ENOENT,
			    "File descriptor named 'fdset-id:%" PRId64 ", fd:%d' not found", set,
			    fd);
}

int qmp_fds_find(const struct qmp_fds *fds, int64_t set, int flags, struct pt_error *err)
{
	for (unsigned i = 0; i < fds->kept_count; i++) {
		int has = fcntl(fds->kept[i].fd, F_GETFL);

		if (fds->kept[i].set == set && has >= 0 &&
		    ((has & O_ACCMODE) == O_RDWR || (has & O_ACCMODE) == (flags & O_ACCMODE)))
			return fds->kept[i].fd;
	}
	return pt_error_set(err, -ENOENT, "No file descriptor of set %" PRId64 " was opened for %s",
			    set,
			    (flags & O_ACCMODE) == O_RDONLY ? "reading" : "reading and writing");
}
