/* SPDX-License-Identifier: MIT */
#include "control/qmp_fd_commands.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "control/qmp_fds.h"
#include "control/qmp_session.h"

static const char *text_of(const json_t *arguments, const char *key)
{
	const char *text = json_string_value(json_object_get(arguments, key));

	return text ? text : "";
}

json_t *qmp_getfd(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)qmp_fds_name(&session->fds, text_of(arguments, "fdname"), &err->error);
	return NULL;
}

json_t *qmp_closefd(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	int fd;

	if (!qmp_fds_take(&session->fds, text_of(arguments, "fdname"), &fd, &err->error))
		(void)close(fd);
	return NULL;
}

/* Of a set; @missing where it is not given. Errors: -EINVAL. */
static int number_of(const json_t *arguments, const char *key, int64_t missing, int64_t max,
		     int64_t *ret_number, struct pt_error *err)
{
	const json_t *value = json_object_get(arguments, key);

	*ret_number = value ? json_integer_value(value) : missing;
	if (value && (*ret_number < 0 || *ret_number > max))
		return pt_error_set(err, -EINVAL,
				    "Parameter '%s' expects a number from 0 to %" PRId64, key, max);
	return 0;
}

json_t *qmp_add_fd(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct qmp_fd *added;
	int64_t set;

	if (number_of(arguments, "fdset-id", QMP_FDS_NAMED, INT64_MAX, &set, &err->error) ||
	    qmp_fds_add(&session->fds, set, text_of(arguments, "opaque"), &added, &err->error))
		return NULL;
	return json_pack("{s:I, s:i}", "fdset-id", (json_int_t)added->set, "fd", added->fd);
}

json_t *qmp_remove_fd(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	int64_t set, fd;

	if (!number_of(arguments, "fdset-id", 0, INT64_MAX, &set, &err->error) &&
	    !number_of(arguments, "fd", -1, INT_MAX, &fd, &err->error))
		(void)qmp_fds_remove(&session->fds, set, (int)fd, &err->error);
	return NULL;
}

/* The list of a set's descriptors; it is made with the first of them. */
static json_t *set_of(json_t *sets, int64_t number)
{
	json_t *set, *list;
	size_t i;

	json_array_foreach(sets, i, set)
	{
		if (json_integer_value(json_object_get(set, "fdset-id")) == number)
			return json_object_get(set, "fds");
	}
	list = json_array();
	(void)json_array_append_new(
		sets, json_pack("{s:I, s:o}", "fdset-id", (json_int_t)number, "fds", list));
	return list;
}

json_t *qmp_query_fdsets(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct qmp_fds *fds = &session->fds;
	json_t *sets = json_array();

	(void)arguments, (void)err;
	for (unsigned i = 0; i < fds->kept_count; i++) {
		const struct qmp_fd *fd = &fds->kept[i];
		json_t *row = fd->set == QMP_FDS_NAMED ? NULL : json_pack("{s:i}", "fd", fd->fd);

		if (row && fd->text[0])
			(void)json_object_set_new(row, "opaque", json_string(fd->text));
		if (row)
			(void)json_array_append_new(set_of(sets, fd->set), row);
	}
	return sets;
}
