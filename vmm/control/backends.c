/* SPDX-License-Identifier: MIT */
#include "control/backends.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void backend_close(struct backend *backend)
{
	for (unsigned i = 0; i < PLAN_NET_PAIRS_MAX; i++) {
		if (backend->fds[i] > 0)
			(void)close(backend->fds[i]);
		if (backend->vhost_fds[i] > 0)
			(void)close(backend->vhost_fds[i]);
	}
	*backend = (struct backend){0};
}

void backends_done(struct backends *backends)
{
	for (unsigned i = 0; i < BACKENDS_MAX; i++)
		backend_close(&backends->list[i]);
}

static bool alike(enum backend_kind a, enum backend_kind b)
{
	bool a_block = a == BACKEND_FILE || a == BACKEND_FORMAT;
	bool b_block = b == BACKEND_FILE || b == BACKEND_FORMAT;

	return a == b || (a_block && b_block);
}

struct backend *backends_find(struct backends *backends, enum backend_kind kind, const char *name)
{
	for (unsigned i = 0; i < BACKENDS_MAX; i++) {
		struct backend *backend = &backends->list[i];

		if (alike(backend->kind, kind) && strcmp(backend->name, name) == 0)
			return backend;
	}
	return NULL;
}

int backends_add(struct backends *backends, const struct backend *backend, struct pt_error *err)
{
	if (!backend->name[0])
		return pt_error_set(err, -EINVAL, "A name is missing");
	if (backends_find(backends, backend->kind, backend->name))
		return pt_error_set(err, -EEXIST, "Duplicate name '%s'", backend->name);
	for (unsigned i = 0; i < BACKENDS_MAX; i++) {
		if (backends->list[i].kind != BACKEND_FREE)
			continue;
		backends->list[i] = *backend;
		return 0;
	}
	return pt_error_set(err, -ENOSPC, "There are %d of them already", BACKENDS_MAX);
}

const struct backend *backends_above(const struct backends *backends, const struct backend *file)
{
	for (unsigned i = 0; i < BACKENDS_MAX; i++) {
		const struct backend *format = &backends->list[i];

		if (format->kind == BACKEND_FORMAT && strcmp(format->below, file->name) == 0)
			return format;
	}
	return NULL;
}

const struct backend *backends_file(struct backends *backends, const struct backend *backend)
{
	return backend->kind == BACKEND_FORMAT
		       ? backends_find(backends, BACKEND_FILE, backend->below)
		       : backend;
}

const struct backend *backends_of(const struct backends *backends, const char *device)
{
	for (unsigned i = 0; i < BACKENDS_MAX; i++) {
		if (backends->list[i].kind != BACKEND_FREE && device[0] &&
		    strcmp(backends->list[i].device, device) == 0)
			return &backends->list[i];
	}
	return NULL;
}
