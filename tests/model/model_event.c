/* SPDX-License-Identifier: MIT */
/* Eventfds and memfds. */
#include "model_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct waiter {
	void (*ready)(void *arg);
	void *arg;
	struct waiter *next;
};

struct event {
	struct model_file file;
	uint64_t count;
	struct waiter *waiters; /* those that wait for it inside the kernel: a device's unmask */
	void (*listen)(void *arg, int fd);
	void *listen_arg;
	int listen_fd;
};

static struct event *to_event(struct model_file *file)
{
	return container_of(file, struct event, file);
}

struct model_file *model_event_new(struct model *model)
{
	struct event *event = model_xalloc(sizeof(*event));

	model_file_init(model, &event->file, &model_event_ops, "");
	return &event->file;
}

static void event_release(struct model_file *file)
{
	struct event *event = to_event(file);

	while (event->waiters) {
		struct waiter *waiter = event->waiters;

		event->waiters = waiter->next;
		free(waiter);
	}
	free(event);
}

void model_event_signal(struct model_file *file)
{
	struct event *event = to_event(file);

	event->count++;
	for (struct waiter *waiter = event->waiters; waiter; waiter = waiter->next)
		waiter->ready(waiter->arg);
	if (event->listen) {
		event->count = 0;
		event->listen(event->listen_arg, event->listen_fd);
	}
}

void model_event_wait(struct model_file *file, void (*ready)(void *arg), void *arg)
{
	struct event *event = to_event(file);
	struct waiter **link = &event->waiters;

	while (*link && (*link)->arg != arg)
		link = &(*link)->next;
	if (ready) {
		struct waiter *waiter = model_xalloc(sizeof(*waiter));

		*waiter = (struct waiter){ready, arg, event->waiters};
		event->waiters = waiter;
	} else if (*link) {
		struct waiter *waiter = *link;

		*link = waiter->next;
		free(waiter);
	}
}

static int64_t event_read(struct model_file *file, void *buf, size_t size)
{
	struct event *event = to_event(file);

	if (size < sizeof(event->count))
		return -EINVAL;
	if (event->count == 0)
		return -EAGAIN;
	memcpy(buf, &event->count, sizeof(event->count));
	event->count = 0;
	return sizeof(event->count);
}

static int64_t event_write(struct model_file *file, const void *buf, size_t size)
{
	struct event *event = to_event(file);
	uint64_t value;

	if (size < sizeof(value))
		return -EINVAL;
	memcpy(&value, buf, sizeof(value));
	if (value == UINT64_MAX)
		return -EINVAL;
	if (value == 0)
		return sizeof(value);
	event->count += value - 1;
	model_event_signal(file);
	return sizeof(value);
}

const struct model_file_ops model_event_ops = {
	.name = "eventfd",
	.read = event_read,
	.write = event_write,
	.release = event_release,
};

uint64_t model_event_count(const struct model_file *file)
{
	return container_of(file, const struct event, file)->count;
}

uint64_t model_eventfd_count(const struct model *model, int fd)
{
	struct model_file *file = model_fd_file(model, fd);

	return file && file->ops == &model_event_ops ? to_event(file)->count : 0;
}

void model_signal(struct model *model, int fd)
{
	struct model_file *file = model_fd_file(model, fd);

	if (file && file->ops == &model_event_ops)
		model_event_signal(file);
	else
		model_violate(model, "descriptor %d is not an eventfd", fd);
}

void model_listen(struct model *model, int fd, void (*ready)(void *arg, int fd), void *arg)
{
	struct model_file *file = model_fd_file(model, fd);
	struct event *event;

	if (!file || file->ops != &model_event_ops) {
		model_violate(model, "descriptor %d is not an eventfd", fd);
		return;
	}
	event = to_event(file);
	if (ready && event->listen)
		model_violate(model, "eventfd %d is listened to twice", fd);
	event->listen = ready;
	event->listen_arg = arg;
	event->listen_fd = fd;
	if (ready && event->count > 0) {
		event->count = 0;
		ready(arg, fd);
	}
}

/* Memfds: only their size matters. */

struct memfd {
	struct model_file file;
	uint64_t size;
};

static void memfd_release(struct model_file *file)
{
	free(container_of(file, struct memfd, file));
}

const struct model_file_ops model_memfd_ops = {
	.name = "memfd",
	.release = memfd_release,
};

int model_memfd(struct model *model, uint64_t size)
{
	struct memfd *memfd = model_xalloc(sizeof(*memfd));

	model_file_init(model, &memfd->file, &model_memfd_ops, "");
	memfd->size = size;
	return model_fd_new(model, &memfd->file);
}

uint64_t model_memfd_size(const struct model_file *file)
{
	return container_of(file, const struct memfd, file)->size;
}
