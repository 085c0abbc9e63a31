/* SPDX-License-Identifier: MIT */
/*
 * struct virtio: a virtio device but for what it does and how the guest gets at it: status, features, queues (VIRTIO 1.2,
 * 2.1, 2.2, 3.1).
 *
 * Above it is one of the devices (rng, blk ...), a table of operations and its state; below it the transport, which is PCI
 * and calls it for what the guest writes. Its lock is the device's too: each operation is called under it, on whatever thread
 * the cause comes: a vCPU's for registers, the loop's for requests. So a device's stop() may be called while the loop waits,
 * and must be able to finish what is under way by itself.
 *
 * A device is started when the driver is ready, and it may master the bus, and its slot's link is up; and stopped when one of
 * these ends. Stopped means that nothing of the guest's memory is touched any more. Queues keep their place meanwhile; they
 * lose it in a reset.
 *
 * A driver that breaks a rule finds DEVICE_NEEDS_RESET set, and nothing more is done for it until it resets the device.
 */
#ifndef TENON_VIRTIO_VIRTIO_H
#define TENON_VIRTIO_VIRTIO_H

#include <pthread.h>

#include "loop/loop.h"
#include "virtio/queue.h"

#define VIRTIO_QUEUES_MAX 65u
#define VIRTIO_NO_VECTOR  0xffffu

struct virtio;

/**
 * struct virtio_device_ops - a kind of device; all under the lock
 * @name: for messages: "virtio-blk"
 * @type: its number (5); @class_code: of its PCI function, 24 bits
 * @start: the queues that are enabled may be used. Errors: it stays stopped and needs a reset.
 * @stop: when it returns, nothing of guest memory is touched, and no request is under way
 * @reset: the driver, if it comes again, knows nothing of what was before; while stopped. NULL: nor does the device
 * @kick: there may be requests in queue @index; on the loop's thread, while started
 */
struct virtio_device_ops {
	const char *name;
	uint16_t type;
	uint32_t class_code;
	int (*start)(void *device, struct pt_error *err);
	void (*stop)(void *device);
	void (*reset)(void *device);
	void (*kick)(void *device, unsigned index);
};

/**
 * struct virtio_transport_ops - how the guest is told; under the lock
 * @interrupt: for a queue's @vector
 * @config_interrupt: the configuration or the status changed
 * @call_fd: an eventfd that raises @vector when somebody writes to it, -1 when there is none: use @interrupt
 */
struct virtio_transport_ops {
	void (*interrupt)(void *transport, uint16_t vector);
	void (*config_interrupt)(void *transport, uint16_t vector);
	int (*call_fd)(void *transport, uint16_t vector);
};

/**
 * struct virtio_queue - what the driver said of a queue, and the queue once it is enabled
 * @elsewhere: a thread of the kernel's waits for notifications, not the loop
 * @kick_fd: an eventfd that is written to when the driver notifies; never read, the loop sees each write
 */
struct virtio_queue {
	struct virtio *virtio;
	struct virtqueue_place place;
	uint16_t vector;
	bool enabled;
	bool elsewhere;
	struct virtqueue ring;
	int kick_fd;
	struct loop_watch watch;
};

/**
 * struct virtio - see above
 * @name: what a person knows it by, for messages
 * @offered: features of the device; those of the transport and the rings are added
 * @config: the device's configuration, @config_size bytes, which the driver reads
 */
struct virtio {
	const char *name;
	const struct virtio_device_ops *ops;
	void *device;
	const struct virtio_transport_ops *transport_ops;
	void *transport;
	const struct ram *ram;
	uint64_t offered;
	const void *config;
	unsigned config_size;
	unsigned queue_count;

	pthread_mutex_t lock; /* of what follows */
	uint64_t features;
	uint32_t offered_select;
	uint32_t accepted_select;
	uint16_t config_vector;
	uint16_t queue_select;
	uint8_t generation;
	uint8_t status;
	bool master; /* may the device reach memory? */
	bool held;   /* by its slot */
	bool started;
	struct virtio_queue *kicked; /* whose kick() runs, until it is to be called again */
	bool reported;		     /* that its driver broke a rule */
	struct virtio_queue queues[VIRTIO_QUEUES_MAX];
};

/**
 * virtio_init() - a device as at power-on
 * @virtio: zeroed, with all up to @queue_count filled in; what it points to outlives it
 *
 * Inverse: virtio_done(), after a failure too. Errors: from eventfd(2).
 */
int virtio_init(struct virtio *virtio, struct pt_error *err);

/**
 * virtio_done() - stop it; accepts one that was only zeroed
 *
 * The loop does not run any more, or virtio_unwatch() was called; and its transport is gone.
 */
void virtio_done(struct virtio *virtio);

/** virtio_watch() - have the loop wait for notifications; once. Errors: -EBUSY. */
int virtio_watch(struct virtio *virtio, struct loop *loop, struct pt_error *err);

/** virtio_unwatch() - the loop does not wait for them any more; on its thread */
void virtio_unwatch(struct virtio *virtio, struct loop *loop);

/** virtio_lingers() - whether the loop has not let go of its queues yet */
bool virtio_lingers(const struct virtio *virtio);

/* What the transport calls, under the lock. */

/** virtio_common_read() - @size bytes of the common configuration (4.1.4.3); what is nothing reads 0 */
void virtio_common_read(struct virtio *virtio, uint64_t offset, void *data, unsigned size);

/** virtio_common_write() - ignores what is not one whole field */
void virtio_common_write(struct virtio *virtio, uint64_t offset, const void *data, unsigned size);

/** virtio_config_read() - @size bytes of the device's configuration; what is nothing reads 0 */
void virtio_config_read(const struct virtio *virtio, uint64_t offset, void *data, unsigned size);

/** virtio_reset() - as at power-on, but for what the transport has set; the device is stopped */
void virtio_reset(struct virtio *virtio);

/** virtio_set_master(), virtio_set_held() - may the device reach memory; is it cut off. Starts or stops it. */
void virtio_set_master(struct virtio *virtio, bool master);
void virtio_set_held(struct virtio *virtio, bool held);

/** virtio_restart() - stop and start again, so that the device asks for its vectors' descriptors anew */
void virtio_restart(struct virtio *virtio);

/* What the device calls, under the lock. */

static inline bool virtio_has(const struct virtio *virtio, unsigned feature)
{
	return virtio->features >> feature & 1;
}

/** virtio_queue_running() - whether queue @index is there to be used */
bool virtio_queue_running(const struct virtio *virtio, unsigned index);

/**
 * virtio_pop() - the next request of a queue
 *
 * Return: whether there is one. A driver that broke a rule is told so, and there is none.
 */
bool virtio_pop(struct virtio *virtio, unsigned index, struct virtqueue_chain *ret_chain);

/** virtio_tell() - interrupt the guest, if it wants it, for what was pushed to the queue */
void virtio_tell(struct virtio *virtio, unsigned index);

/** virtio_again() - have kick() called again, when the loop has seen to the others */
void virtio_again(struct virtio *virtio, unsigned index);

/** virtio_config_changed() - what @config points to is not what it was */
void virtio_config_changed(struct virtio *virtio);

/** virtio_broken() - the driver broke a rule: say it once, stop, have the driver reset the device */
void virtio_broken(struct virtio *virtio, const struct pt_error *why);

/** virtio_call_fd() - an eventfd that interrupts for a queue, -1 when it has none: use virtio_tell() */
int virtio_call_fd(const struct virtio *virtio, unsigned index);

#endif
