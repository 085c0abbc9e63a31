/* SPDX-License-Identifier: MIT */
#include "virtio/virtio.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "report.h"

#define COMMON_SIZE   0x40u
#define RING_FEATURES (1ull << VIRTIO_RING_F_INDIRECT_DESC | 1ull << VIRTIO_RING_F_EVENT_IDX)

/* A field of the common configuration: where, how long, and whether the driver may write it. */
struct field {
	uint8_t offset;
	uint8_t size;
	bool writable;
};

static const struct field fields[] = {
	{VIRTIO_PCI_COMMON_DFSELECT, 4, true},	{VIRTIO_PCI_COMMON_DF, 4, false},
	{VIRTIO_PCI_COMMON_GFSELECT, 4, true},	{VIRTIO_PCI_COMMON_GF, 4, true},
	{VIRTIO_PCI_COMMON_MSIX, 2, true},	{VIRTIO_PCI_COMMON_NUMQ, 2, false},
	{VIRTIO_PCI_COMMON_STATUS, 1, true},	{VIRTIO_PCI_COMMON_CFGGENERATION, 1, false},
	{VIRTIO_PCI_COMMON_Q_SELECT, 2, true},	{VIRTIO_PCI_COMMON_Q_SIZE, 2, true},
	{VIRTIO_PCI_COMMON_Q_MSIX, 2, true},	{VIRTIO_PCI_COMMON_Q_ENABLE, 2, true},
	{VIRTIO_PCI_COMMON_Q_NOFF, 2, false},	{VIRTIO_PCI_COMMON_Q_DESCLO, 4, true},
	{VIRTIO_PCI_COMMON_Q_DESCHI, 4, true},	{VIRTIO_PCI_COMMON_Q_AVAILLO, 4, true},
	{VIRTIO_PCI_COMMON_Q_AVAILHI, 4, true}, {VIRTIO_PCI_COMMON_Q_USEDLO, 4, true},
	{VIRTIO_PCI_COMMON_Q_USEDHI, 4, true},
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static uint64_t offered(const struct virtio *virtio)
{
	return virtio->offered | RING_FEATURES | 1ull << VIRTIO_F_VERSION_1;
}

static struct virtio_queue *selected(struct virtio *virtio)
{
	return virtio->queue_select < virtio->queue_count ? &virtio->queues[virtio->queue_select]
							  : NULL;
}

static void forget(struct virtio *virtio)
{
	virtio->features = 0;
	virtio->offered_select = virtio->accepted_select = 0;
	virtio->config_vector = VIRTIO_NO_VECTOR;
	virtio->queue_select = 0;
	virtio->status = 0;
	for (unsigned i = 0; i < virtio->queue_count; i++) {
		struct virtio_queue *queue = &virtio->queues[i];

		queue->place = (struct virtqueue_place){.size = VIRTQUEUE_SIZE_MAX};
		queue->vector = VIRTIO_NO_VECTOR;
		queue->enabled = false;
	}
}

static enum loop_next on_kick(void *ctx)
{
	struct virtio_queue *queue = ctx;
	struct virtio *virtio = queue->virtio;
	unsigned index = (unsigned)(queue - virtio->queues);
	bool again;

	pthread_mutex_lock(&virtio->lock);
	virtio->kicked = queue;
	if (virtio_queue_running(virtio, index))
		virtio->ops->kick(virtio->device, index);
	/* See virtio_again(). */
	again = !virtio->kicked;
	virtio->kicked = NULL;
	pthread_mutex_unlock(&virtio->lock);
	return again ? LOOP_SOON : LOOP_AGAIN;
}

int virtio_init(struct virtio *virtio, struct pt_error *err)
{
	virtio->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	if (virtio->queue_count > VIRTIO_QUEUES_MAX)
		return pt_error_set(err, -E2BIG, "%s: %u queues, and there can be %u", virtio->name,
				    virtio->queue_count, VIRTIO_QUEUES_MAX);
	for (unsigned i = 0; i < virtio->queue_count; i++)
		virtio->queues[i].kick_fd = -1;
	for (unsigned i = 0; i < virtio->queue_count; i++) {
		struct virtio_queue *queue = &virtio->queues[i];

		queue->virtio = virtio;
		queue->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (queue->kick_fd < 0)
			return pt_error_set(err, -errno, "%s: no eventfd: %m", virtio->name);
		queue->watch = (struct loop_watch){
			.fd = queue->kick_fd,
			.each = true,
			.ready = on_kick,
			.ctx = queue,
		};
	}
	forget(virtio);
	return 0;
}

int virtio_watch(struct virtio *virtio, struct loop *loop, struct pt_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < virtio->queue_count && !r; i++) {
		if (!virtio->queues[i].elsewhere)
			r = loop_watch_start(loop, &virtio->queues[i].watch, err);
	}
	return r;
}

void virtio_unwatch(struct virtio *virtio, struct loop *loop)
{
	for (unsigned i = 0; i < virtio->queue_count; i++)
		loop_watch_stop(loop, &virtio->queues[i].watch);
}

bool virtio_lingers(const struct virtio *virtio)
{
	bool waiting = false;

	for (unsigned i = 0; i < virtio->queue_count && !waiting; i++)
		waiting = virtio->queues[i].watch.waiting;
	return waiting;
}

bool virtio_queue_running(const struct virtio *virtio, unsigned index)
{
	return virtio->started && index < virtio->queue_count && virtio->queues[index].enabled;
}

void virtio_again(struct virtio *virtio, unsigned index)
{
	struct virtio_queue *queue = &virtio->queues[index];
	const uint64_t one = 1;

	/* Who is called for it asks the loop by what it returns, which takes no system call. */
	if (virtio->kicked == queue)
		virtio->kicked = NULL;
	else
		(void)!write(queue->kick_fd, &one, sizeof(one));
}

static void needs_reset(struct virtio *virtio)
{
	virtio->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	virtio->transport_ops->config_interrupt(virtio->transport, virtio->config_vector);
}

static void stop(struct virtio *virtio)
{
	if (virtio->started)
		virtio->ops->stop(virtio->device);
	virtio->started = false;
}

void virtio_done(struct virtio *virtio)
{
	if (!virtio->ops)
		return;
	pthread_mutex_lock(&virtio->lock);
	stop(virtio);
	virtio->ops = NULL;
	pthread_mutex_unlock(&virtio->lock);
	for (unsigned i = 0; i < virtio->queue_count; i++) {
		if (virtio->queues[i].kick_fd >= 0)
			(void)close(virtio->queues[i].kick_fd);
		virtio->queues[i].kick_fd = -1;
	}
}

void virtio_broken(struct virtio *virtio, const struct pt_error *why)
{
	struct pt_error text = *why;

	if (!virtio->reported) {
		pt_error_prefix(&text, text.code, "%s: the guest's %s driver broke the rules",
				virtio->name, virtio->ops->name);
		report_error(&text, stderr);
	}
	virtio->reported = true;
	stop(virtio);
	needs_reset(virtio);
}

static void start(struct virtio *virtio)
{
	struct pt_error err = PT_ERROR_INIT;

	virtio->started = true;
	if (virtio->ops->start(virtio->device, &err)) {
		virtio->started = false;
		pt_error_prefix(&err, err.code, "%s", virtio->name);
		report_error(&err, stderr);
		needs_reset(virtio);
		return;
	}
	/* What was offered before. */
	for (unsigned i = 0; i < virtio->queue_count; i++) {
		if (virtio->queues[i].enabled)
			virtio_again(virtio, i);
	}
}

static void update(struct virtio *virtio)
{
	bool wanted = virtio->status & VIRTIO_CONFIG_S_DRIVER_OK &&
		      !(virtio->status & VIRTIO_CONFIG_S_NEEDS_RESET) && virtio->master &&
		      !virtio->held;

	if (wanted && !virtio->started)
		start(virtio);
	else if (!wanted)
		stop(virtio);
}

void virtio_reset(struct virtio *virtio)
{
	stop(virtio);
	forget(virtio);
	if (virtio->ops && virtio->ops->reset)
		virtio->ops->reset(virtio->device);
}

void virtio_set_master(struct virtio *virtio, bool master)
{
	virtio->master = master;
	update(virtio);
}

void virtio_set_held(struct virtio *virtio, bool held)
{
	virtio->held = held;
	update(virtio);
}

void virtio_restart(struct virtio *virtio)
{
	stop(virtio);
	update(virtio);
}

/* 2.1.2, 3.1.1: bits are added; FEATURES_OK stays unset when what the driver accepted is nothing to go on with. */
static void write_status(struct virtio *virtio, uint8_t status)
{
	uint8_t had = virtio->status;

	if (!status) {
		virtio_reset(virtio);
		return;
	}
	status |= had;
	if (status & VIRTIO_CONFIG_S_FEATURES_OK && !(had & VIRTIO_CONFIG_S_FEATURES_OK) &&
	    (virtio->features & ~offered(virtio) || !(virtio->features >> VIRTIO_F_VERSION_1 & 1)))
		status &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
	if (!(status & VIRTIO_CONFIG_S_FEATURES_OK))
		status &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
	virtio->status = status;
	update(virtio);
}

static void accept_features(struct virtio *virtio, uint32_t value)
{
	unsigned shift = virtio->accepted_select * 32;

	if (virtio->accepted_select > 1 || virtio->status & VIRTIO_CONFIG_S_FEATURES_OK)
		return;
	virtio->features &= ~(0xffffffffull << shift);
	virtio->features |= (uint64_t)value << shift;
}

static void enable(struct virtio *virtio, struct virtio_queue *queue)
{
	struct pt_error err = PT_ERROR_INIT;

	if (queue->enabled || virtio->status & VIRTIO_CONFIG_S_DRIVER_OK)
		return;
	if (virtqueue_open(&queue->ring, virtio->ram, &queue->place, virtio->features, &err)) {
		pt_error_prefix(&err, err.code, "queue %u", (unsigned)(queue - virtio->queues));
		virtio_broken(virtio, &err);
		return;
	}
	queue->enabled = true;
}

static void set_half(uint64_t *address, uint32_t value, bool high)
{
	unsigned shift = high ? 32 : 0;

	*address = (*address & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

static uint64_t *address_of(struct virtio_queue *queue, unsigned offset)
{
	switch (offset & ~7u) {
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		return &queue->place.desc;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		return &queue->place.avail;
	default:
		return &queue->place.used;
	}
}

static uint32_t queue_field(struct virtio *virtio, unsigned offset)
{
	struct virtio_queue *queue = selected(virtio);

	if (!queue) /* 4.1.4.3.1: a queue that is not there has size 0 */
		return offset == VIRTIO_PCI_COMMON_Q_MSIX ? VIRTIO_NO_VECTOR : 0;
	switch (offset) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		return queue->place.size;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		return queue->vector;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		return queue->enabled;
	case VIRTIO_PCI_COMMON_Q_NOFF:
		return virtio->queue_select;
	default:
		return (uint32_t)(*address_of(queue, offset) >> (offset & 4 ? 32 : 0));
	}
}

static uint32_t get_field(struct virtio *virtio, unsigned offset)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		return virtio->offered_select;
	case VIRTIO_PCI_COMMON_DF:
		return virtio->offered_select > 1
			       ? 0
			       : (uint32_t)(offered(virtio) >> virtio->offered_select * 32);
	case VIRTIO_PCI_COMMON_GFSELECT:
		return virtio->accepted_select;
	case VIRTIO_PCI_COMMON_GF:
		return virtio->accepted_select > 1
			       ? 0
			       : (uint32_t)(virtio->features >> virtio->accepted_select * 32);
	case VIRTIO_PCI_COMMON_MSIX:
		return virtio->config_vector;
	case VIRTIO_PCI_COMMON_NUMQ:
		return virtio->queue_count;
	case VIRTIO_PCI_COMMON_STATUS:
		return virtio->status;
	case VIRTIO_PCI_COMMON_CFGGENERATION:
		return virtio->generation;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		return virtio->queue_select;
	default:
		return queue_field(virtio, offset);
	}
}

/* 4.1.5.1.2.1: a vector that is not there reads back as none. One for each queue, and one for the configuration. */
static uint16_t vector_of(const struct virtio *virtio, uint32_t vector)
{
	return vector <= virtio->queue_count ? (uint16_t)vector : VIRTIO_NO_VECTOR;
}

static void set_queue_field(struct virtio *virtio, unsigned offset, uint32_t value)
{
	struct virtio_queue *queue = selected(virtio);

	if (!queue)
		return;
	if (offset == VIRTIO_PCI_COMMON_Q_MSIX) {
		queue->vector = vector_of(virtio, value);
		return;
	}
	if (queue->enabled)
		return;
	if (offset == VIRTIO_PCI_COMMON_Q_SIZE)
		queue->place.size = (uint16_t)value;
	else if (offset == VIRTIO_PCI_COMMON_Q_ENABLE && value == 1)
		enable(virtio, queue);
	else if (offset >= VIRTIO_PCI_COMMON_Q_DESCLO)
		set_half(address_of(queue, offset), value, offset & 4);
}

static void set_field(struct virtio *virtio, unsigned offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		virtio->offered_select = value;
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		virtio->accepted_select = value;
		break;
	case VIRTIO_PCI_COMMON_GF:
		accept_features(virtio, value);
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		virtio->config_vector = vector_of(virtio, value);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		write_status(virtio, (uint8_t)value);
		break;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		virtio->queue_select = (uint16_t)value;
		break;
	default:
		set_queue_field(virtio, offset, value);
		break;
	}
}

void virtio_common_read(struct virtio *virtio, uint64_t offset, void *data, unsigned size)
{
	uint8_t bytes[COMMON_SIZE] = {0};

	memset(data, 0, size);
	if (offset >= COMMON_SIZE || size > COMMON_SIZE - offset)
		return;
	for (unsigned i = 0; i < FIELDS; i++) {
		uint32_t value = get_field(virtio, fields[i].offset);

		memcpy(bytes + fields[i].offset, &value, fields[i].size);
	}
	memcpy(data, bytes + offset, size);
}

void virtio_common_write(struct virtio *virtio, uint64_t offset, const void *data, unsigned size)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < FIELDS; i++) {
		if (fields[i].offset != offset || fields[i].size != size || !fields[i].writable)
			continue;
		memcpy(&value, data, size);
		set_field(virtio, fields[i].offset, value);
		return;
	}
}

void virtio_config_read(const struct virtio *virtio, uint64_t offset, void *data, unsigned size)
{
	memset(data, 0, size);
	if (offset >= virtio->config_size)
		return;
	if (size > virtio->config_size - offset)
		size = (unsigned)(virtio->config_size - offset);
	memcpy(data, (const char *)virtio->config + offset, size);
}

bool virtio_pop(struct virtio *virtio, unsigned index, struct virtqueue_chain *ret_chain)
{
	struct pt_error err = PT_ERROR_INIT;
	int r;

	if (!virtio_queue_running(virtio, index))
		return false;
	r = virtqueue_pop(&virtio->queues[index].ring, ret_chain, &err);
	if (r < 0) {
		pt_error_prefix(&err, r, "queue %u", index);
		virtio_broken(virtio, &err);
	}
	return r > 0;
}

void virtio_tell(struct virtio *virtio, unsigned index)
{
	struct virtio_queue *queue = &virtio->queues[index];

	if (virtqueue_must_tell(&queue->ring))
		virtio->transport_ops->interrupt(virtio->transport, queue->vector);
}

void virtio_config_changed(struct virtio *virtio)
{
	virtio->generation++;
	if (virtio->status & VIRTIO_CONFIG_S_DRIVER_OK)
		virtio->transport_ops->config_interrupt(virtio->transport, virtio->config_vector);
}

int virtio_call_fd(const struct virtio *virtio, unsigned index)
{
	return virtio->transport_ops->call_fd(virtio->transport, virtio->queues[index].vector);
}
