/* SPDX-License-Identifier: MIT */
#include "virtio/vectors.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "report.h"

#define CONTROL_MASKED 1u

int virtio_vectors_init(struct virtio_vectors *vectors, const struct kvm *kvm,
			struct kvm_routes *routes, unsigned count, struct pt_error *err)
{
	*vectors = (struct virtio_vectors){.kvm = kvm, .routes = routes};
	vectors->list = calloc(count, sizeof(*vectors->list));
	if (!vectors->list)
		return pt_error_set(err, -ENOMEM, "no memory for %u interrupt vectors", count);
	for (unsigned i = 0; i < count; i++) {
		int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		if (fd < 0)
			return pt_error_set(err, -errno, "no eventfd: %m");
		vectors->list[i] = (struct virtio_vector){.masked = true, .fd = fd};
		vectors->count++;
	}
	return 0;
}

static void disconnect(struct virtio_vectors *vectors, struct virtio_vector *vector)
{
	if (vector->connected)
		kvm_irqfd_del(vectors->kvm, vector->gsi, vector->fd);
	vector->connected = false;
}

void virtio_vectors_done(struct virtio_vectors *vectors)
{
	for (unsigned i = 0; i < vectors->count; i++) {
		struct virtio_vector *vector = &vectors->list[i];

		disconnect(vectors, vector);
		if (vector->gsi)
			kvm_routes_free(vectors->routes, vector->gsi);
		(void)close(vector->fd);
	}
	free(vectors->list);
	vectors->list = NULL;
	vectors->count = 0;
}

static bool wanted(const struct virtio_vectors *vectors, const struct virtio_vector *vector)
{
	return vectors->enabled && !vectors->masked && !vector->masked;
}

static int route(struct virtio_vectors *vectors, struct virtio_vector *vector, struct pt_error *err)
{
	int r = 0;

	if (!vector->gsi)
		r = kvm_routes_alloc(vectors->routes, &vector->gsi, err);
	return r ? r
		 : kvm_routes_set(vectors->routes, vector->gsi, vector->address, vector->data, err);
}

/* However many change, the routes are set once. A vector that cannot be had is reported, once
 * since the guest may be the cause, and its interrupts stay pending. */
static void update(struct virtio_vectors *vectors, struct virtio_vector *first, unsigned count)
{
	struct pt_error err = PT_ERROR_INIT;
	int r = 0;

	for (unsigned i = 0; i < count && !r; i++) {
		if (wanted(vectors, &first[i]))
			r = route(vectors, &first[i], &err);
		else
			disconnect(vectors, &first[i]);
	}
	if (!r)
		r = kvm_routes_commit(vectors->routes, &err);
	for (unsigned i = 0; i < count && !r; i++) {
		if (!wanted(vectors, &first[i]) || first[i].connected)
			continue;
		r = kvm_irqfd_add(vectors->kvm, first[i].gsi, first[i].fd, -1, &err);
		first[i].connected = !r;
	}
	if (r && !vectors->reported)
		report_error(&err, stderr);
	vectors->reported = vectors->reported || r;
}

void virtio_vectors_control(struct virtio_vectors *vectors, uint16_t control)
{
	vectors->enabled = control & VECTOR_ENABLE;
	vectors->masked = control & VECTOR_MASKALL;
	update(vectors, vectors->list, vectors->count);
}

void virtio_vectors_reset(struct virtio_vectors *vectors)
{
	virtio_vectors_control(vectors, 0);
	for (unsigned i = 0; i < vectors->count; i++) {
		struct virtio_vector *vector = &vectors->list[i];
		uint64_t pending;

		vector->address = 0;
		vector->data = 0;
		vector->masked = true;
		(void)!read(vector->fd, &pending, sizeof(pending));
	}
}

static uint32_t get(const struct virtio_vector *vector, uint64_t offset)
{
	switch (offset % VECTOR_ENTRY) {
	case 0:
		return (uint32_t)vector->address;
	case 4:
		return (uint32_t)(vector->address >> 32);
	case 8:
		return vector->data;
	default:
		return vector->masked ? CONTROL_MASKED : 0;
	}
}

void virtio_vectors_read(const struct virtio_vectors *vectors, uint64_t offset, void *data,
			 unsigned size)
{
	memset(data, 0, size);
	for (unsigned done = 0; !(offset & 3) && !(size & 3) && done < size; done += 4) {
		uint64_t index = (offset + done) / VECTOR_ENTRY;
		uint32_t value;

		if (index >= vectors->count)
			return;
		value = get(&vectors->list[index], offset + done);
		memcpy((char *)data + done, &value, 4);
	}
}

static void set(struct virtio_vector *vector, uint64_t offset, uint32_t value)
{
	switch (offset % VECTOR_ENTRY) {
	case 0:
		vector->address = (vector->address & ~0xffffffffull) | (value & ~3u);
		break;
	case 4:
		vector->address = (vector->address & 0xffffffffull) | (uint64_t)value << 32;
		break;
	case 8:
		vector->data = value;
		break;
	default:
		vector->masked = value & CONTROL_MASKED;
		break;
	}
}

void virtio_vectors_write(struct virtio_vectors *vectors, uint64_t offset, const void *data,
			  unsigned size)
{
	uint64_t index = offset / VECTOR_ENTRY;

	/* 8 bytes at most, so one entry. */
	if (offset & 3 || size & 3 || offset & (size - 1) || index >= vectors->count)
		return;
	for (unsigned done = 0; done < size; done += 4) {
		uint32_t value;

		memcpy(&value, (const char *)data + done, 4);
		set(&vectors->list[index], offset + done, value);
	}
	update(vectors, &vectors->list[index], 1);
}

static bool pending(const struct virtio_vector *vector)
{
	struct pollfd fd = {.fd = vector->fd, .events = POLLIN};

	return !vector->connected && poll(&fd, 1, 0) == 1;
}

void virtio_vectors_pending(const struct virtio_vectors *vectors, uint64_t offset, void *data,
			    unsigned size)
{
	uint8_t *bytes = data;

	memset(data, 0, size);
	for (unsigned i = 0; i < vectors->count; i++) {
		uint64_t byte = i / 8;

		if (byte >= offset && byte - offset < size && pending(&vectors->list[i]))
			bytes[byte - offset] |= (uint8_t)(1u << i % 8);
	}
}

int virtio_vectors_fd(const struct virtio_vectors *vectors, uint16_t vector)
{
	return vectors->enabled && vector < vectors->count ? vectors->list[vector].fd : -1;
}

void virtio_vectors_raise(const struct virtio_vectors *vectors, uint16_t vector)
{
	const uint64_t one = 1;

	if (vector < vectors->count)
		(void)!write(vectors->list[vector].fd, &one, sizeof(one));
}
