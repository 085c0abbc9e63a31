/* SPDX-License-Identifier: MIT */
/* Which process has a device node open: looked up in /proc. */
#include <ctype.h>
#include <stdlib.h>

#include "internal.h"

struct holder_walk {
	const struct pt_sys *sys;
	const char *node_path;
	char self[16];
	char own[16]; /* descriptor of this process that does not count; empty: none of it does */
	char process[16];
	int pid;
};

static int match_descriptor(void *arg, const char *name)
{
	struct holder_walk *walk = arg;
	char path[PT_PATH_SIZE], target[PT_PATH_SIZE];

	if (!strcmp(walk->process, walk->self) && !strcmp(name, walk->own))
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%s/fd/%s", walk->process, name);
	return walk->sys->readlink(walk->sys->ctx, path, target, sizeof(target)) >= 0 &&
	       !strcmp(target, walk->node_path);
}

static int match_process(void *arg, const char *name)
{
	struct holder_walk *walk = arg;
	char path[PT_PATH_SIZE];

	if (!isdigit((unsigned char)name[0]) || strlen(name) >= sizeof(walk->process))
		return 0;
	if (walk->own[0] == '\0' && !strcmp(name, walk->self))
		return 0;
	(void)snprintf(walk->process, sizeof(walk->process), "%s", name);
	(void)snprintf(path, sizeof(path), "/proc/%s/fd", name);
	if (walk->sys->list(walk->sys->ctx, path, match_descriptor, walk) <= 0)
		return 0;
	walk->pid = atoi(name);
	return 1;
}

int pt_node_holder(const struct pt_sys *sys, const char *node_path, int own_fd, char *ret_text,
		   size_t size)
{
	struct holder_walk walk = {.sys = sys, .node_path = node_path};
	char path[PT_PATH_SIZE], comm[64];

	ret_text[0] = '\0';
	if (sys->readlink(sys->ctx, "/proc/self", walk.self, sizeof(walk.self)) < 0)
		walk.self[0] = '\0';
	if (own_fd >= 0)
		(void)snprintf(walk.own, sizeof(walk.own), "%d", own_fd);
	(void)sys->list(sys->ctx, "/proc", match_process, &walk);
	if (walk.pid == 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", walk.pid);
	if (pt_read_file(sys, path, comm, sizeof(comm)) < 0)
		comm[0] = '\0';
	if (!strcmp(walk.process, walk.self))
		(void)snprintf(ret_text, size, "this process, by another descriptor");
	else
		(void)snprintf(ret_text, size, "%s (pid %d)", comm, walk.pid);
	return walk.pid;
}

PT_PUBLIC int pt_host_holder(const struct pt_sys *sys, const char *node_path, char *ret_text,
			     size_t size)
{
	return pt_node_holder(sys, node_path, -1, ret_text, size);
}

bool pt_self_holds(const struct pt_sys *sys, const char *node_path)
{
	struct holder_walk walk = {.sys = sys, .node_path = node_path, .process = "self"};

	return sys->list(sys->ctx, "/proc/self/fd", match_descriptor, &walk) > 0;
}

struct holders_walk {
	const struct pt_sys *sys;
	const char *prefix;
	char self[16];
	int (*each)(void *arg, const struct pt_holder *holder);
	void *arg;
	struct pt_holder holder;
};

static int match_prefix(void *arg, const char *name)
{
	struct holders_walk *walk = arg;
	struct pt_holder *holder = &walk->holder;
	char path[PT_PATH_SIZE];

	(void)snprintf(holder->link, sizeof(holder->link), "/proc/%d/fd/%s", holder->pid, name);
	if (walk->sys->readlink(walk->sys->ctx, holder->link, holder->path, sizeof(holder->path)) <
		    0 ||
	    strncmp(holder->path, walk->prefix, strlen(walk->prefix)))
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", holder->pid);
	if (pt_read_file(walk->sys, path, holder->comm, sizeof(holder->comm)) < 0)
		holder->comm[0] = '\0';
	return walk->each(walk->arg, holder);
}

static int match_holder(void *arg, const char *name)
{
	struct holders_walk *walk = arg;
	char path[PT_PATH_SIZE];

	if (!isdigit((unsigned char)name[0]) || !strcmp(name, walk->self))
		return 0;
	walk->holder.pid = atoi(name);
	(void)snprintf(path, sizeof(path), "/proc/%s/fd", name);
	return walk->sys->list(walk->sys->ctx, path, match_prefix, walk) > 0;
}

PT_PUBLIC int pt_host_holders(const struct pt_sys *sys, const char *prefix,
			      int (*each)(void *arg, const struct pt_holder *holder), void *arg)
{
	struct holders_walk walk = {.sys = sys, .prefix = prefix, .each = each, .arg = arg};

	if (sys->readlink(sys->ctx, "/proc/self", walk.self, sizeof(walk.self)) < 0)
		walk.self[0] = '\0';
	return sys->list(sys->ctx, "/proc", match_holder, &walk);
}
