/* SPDX-License-Identifier: MIT */
#include "virtio/console.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Even queues are to the guest, odd ones from it: those of port 0, the control queues, those of port 1 and so on (5.3.2). */
#define TO_GUEST     2u /* the control queues */
#define FROM_GUEST   3u
#define QUEUES_ALONE 2u	 /* of a console without control queues */
#define CHAINS_MAX   64u /* at a time: a guest that talks does not keep the loop from the others */

/* What there is to say of a port, in the order in which it is said. */
enum {
	SAY_ADD,
	SAY_CONSOLE,
	SAY_NAME,
	SAY_OPEN,
	SAYINGS,
};

static unsigned queue_to_guest(const struct console_port *port)
{
	return port->plan->number ? 2 * port->plan->number + 2 : 0;
}

static unsigned queue_from_guest(const struct console_port *port)
{
	return queue_to_guest(port) + 1;
}

static struct console_port *port_of_queue(struct virtio_console *console, unsigned index)
{
	for (unsigned i = 0; i < console->port_count; i++) {
		if (queue_to_guest(&console->ports[i]) == (index & ~1u))
			return &console->ports[i];
	}
	return NULL;
}

static struct console_port *port_find(struct virtio_console *console, uint32_t number)
{
	for (unsigned i = 0; i < console->port_count; i++) {
		if (console->ports[i].plan->number == number)
			return &console->ports[i];
	}
	return NULL;
}

static bool has_control(const struct virtio_console *console)
{
	return virtio_has(&console->virtio, VIRTIO_CONSOLE_F_MULTIPORT);
}

static void broken(struct virtio_console *console, int code, const char *what)
{
	struct pt_error err;

	(void)pt_error_set(&err, code, "%s", what);
	virtio_broken(&console->virtio, &err);
}

/* Return: whether its memory is there. */
static bool check(struct virtio_console *console, const struct virtqueue_chain *chain)
{
	if (chain->unreachable)
		broken(console, -EFAULT, "a buffer is not in the guest's memory");
	return !chain->unreachable;
}

/* What came, into what the guest has for it. */
static void give(struct console_port *port)
{
	struct console_end *end = &port->end;
	struct virtio *virtio = &port->console->virtio;
	const unsigned index = queue_to_guest(port);
	struct virtqueue_chain chain;
	bool given = false;

	if (has_control(port->console) && !port->open)
		return;
	while (end->input_done < end->input_size && virtio_pop(virtio, index, &chain)) {
		size_t done;

		if (!check(port->console, &chain))
			return;
		done = virtqueue_chain_write(&chain, end->input + end->input_done,
					     end->input_size - end->input_done);
		end->input_done += done;
		virtqueue_push(&virtio->queues[index].ring, chain.head, (uint32_t)done);
		given = true;
	}
	if (!virtio_queue_running(virtio, index))
		return;
	if (given)
		virtio_tell(virtio, index);
	if (end->input_done == end->input_size)
		console_end_taken(end);
	else if (virtqueue_unmute(&virtio->queues[index].ring))
		virtio_again(virtio, index);
}

/* From where it stopped. Return: whether all of it was taken. */
static bool take_chain(struct console_port *port, const struct virtqueue_chain *chain)
{
	uint64_t skip = port->taken;

	for (unsigned i = 0; i < chain->readable; i++) {
		const char *at = chain->iov[i].iov_base;
		size_t size = chain->iov[i].iov_len, taken;

		if (skip >= size) {
			skip -= size;
			continue;
		}
		size -= skip;
		taken = console_end_put(&port->end, at + skip, size);
		port->taken += taken;
		if (taken < size)
			return false;
		skip = 0;
	}
	port->taken = 0;
	return true;
}

/* What the guest says; what its end has no room for stays in the queue, and the guest is not asked to say that there is more. */
static void take(struct console_port *port)
{
	struct virtio *virtio = &port->console->virtio;
	const unsigned index = queue_from_guest(port);
	struct virtqueue *ring = &virtio->queues[index].ring;
	struct virtqueue_chain chain;
	unsigned taken = 0;
	bool full = false;

	virtqueue_mute(ring);
	while (taken < CHAINS_MAX && !full && virtio_pop(virtio, index, &chain)) {
		if (!check(port->console, &chain))
			return;
		full = !take_chain(port, &chain);
		if (full) {
			virtqueue_postpone(ring);
			continue;
		}
		virtqueue_push(ring, chain.head, 0);
		taken++;
	}
	if (!virtio_queue_running(virtio, index))
		return;
	virtio_tell(virtio, index);
	if (!full && (taken == CHAINS_MAX || virtqueue_unmute(ring)))
		virtio_again(virtio, index);
}

static void tell_listener(struct virtio_console *console)
{
	const uint64_t one = 1;

	(void)!write(console->news.fd, &one, sizeof(one));
}

static void set_open(struct console_port *port, bool open)
{
	if (port->open == open)
		return;
	port->open = open;
	tell_listener(port->console);
	/* Buffers may be there already. */
	if (open && virtio_queue_running(&port->console->virtio, queue_to_guest(port)))
		virtio_again(&port->console->virtio, queue_to_guest(port));
}

/* Return: bytes of a message. */
static size_t message(const struct console_port *port, unsigned saying,
		      char buf[sizeof(struct virtio_console_control) + PLAN_CHANNEL_NAME_SIZE])
{
	static const uint16_t events[SAYINGS] = {
		[SAY_ADD] = VIRTIO_CONSOLE_PORT_ADD,
		[SAY_CONSOLE] = VIRTIO_CONSOLE_CONSOLE_PORT,
		[SAY_NAME] = VIRTIO_CONSOLE_PORT_NAME,
		[SAY_OPEN] = VIRTIO_CONSOLE_PORT_OPEN,
	};
	const struct virtio_console_control control = {
		.id = port->plan->number,
		.event = events[saying],
		/* A console's driver waits until what it says is taken, and so it is. */
		.value = saying != SAY_OPEN || !port->plan->channel ||
			 console_end_joined(&port->end),
	};
	const size_t size = saying == SAY_NAME ? strlen(port->plan->name) : 0;

	memcpy(buf, &control, sizeof(control));
	memcpy(buf + sizeof(control), port->plan->name, size);
	return sizeof(control) + size;
}

/* Return: whether the driver had a buffer. */
static bool say(struct console_port *port, unsigned saying)
{
	char buf[sizeof(struct virtio_console_control) + PLAN_CHANNEL_NAME_SIZE];
	struct virtio_console *console = port->console;
	const size_t size = message(port, saying, buf);
	struct virtqueue_chain chain;

	if (!virtio_pop(&console->virtio, TO_GUEST, &chain) || !check(console, &chain))
		return false;
	if (chain.writable_bytes < size) {
		broken(console, -EMSGSIZE, "a buffer for a control message is too small");
		return false;
	}
	(void)virtqueue_chain_write(&chain, buf, size);
	virtqueue_push(&console->virtio.queues[TO_GUEST].ring, chain.head, (uint32_t)size);
	port->to_say &= ~(1u << saying);
	return true;
}

static bool say_all_of(struct console_port *port)
{
	for (unsigned saying = 0; saying < SAYINGS; saying++) {
		if (port->to_say >> saying & 1 && !say(port, saying))
			return false;
	}
	return true;
}

static void say_all(struct virtio_console *console)
{
	struct virtio *virtio = &console->virtio;
	bool all = true;

	if (!has_control(console) || !virtio_queue_running(virtio, TO_GUEST))
		return;
	for (unsigned i = 0; i < console->port_count && all; i++)
		all = say_all_of(&console->ports[i]);
	if (!virtio_queue_running(virtio, TO_GUEST))
		return;
	virtio_tell(virtio, TO_GUEST);
	if (!all && virtqueue_unmute(&virtio->queues[TO_GUEST].ring))
		virtio_again(virtio, TO_GUEST);
}

static void port_ready(struct console_port *port)
{
	port->ready = true;
	port->to_say |= 1u << SAY_OPEN;
	if (!port->plan->channel)
		port->to_say |= 1u << SAY_CONSOLE;
	if (port->plan->name[0])
		port->to_say |= 1u << SAY_NAME;
}

/* What is of no port, or of no kind that is known, is passed over. */
static void hear(struct virtio_console *console, const struct virtio_console_control *control)
{
	struct console_port *port = port_find(console, control->id);

	if (control->event == VIRTIO_CONSOLE_DEVICE_READY && control->value) {
		for (unsigned i = 0; i < console->port_count; i++)
			console->ports[i].to_say |= 1u << SAY_ADD;
	} else if (control->event == VIRTIO_CONSOLE_PORT_READY && control->value && port) {
		port_ready(port);
	} else if (control->event == VIRTIO_CONSOLE_PORT_OPEN && port) {
		set_open(port, control->value);
	}
}

static void hear_all(struct virtio_console *console)
{
	struct virtio *virtio = &console->virtio;
	struct virtqueue *ring = &virtio->queues[FROM_GUEST].ring;
	struct virtio_console_control control;
	struct virtqueue_chain chain;
	unsigned heard = 0;

	virtqueue_mute(ring);
	for (; heard < CHAINS_MAX && virtio_pop(virtio, FROM_GUEST, &chain); heard++) {
		if (!check(console, &chain))
			return;
		if (virtqueue_chain_read(&chain, &control, sizeof(control)) < sizeof(control)) {
			broken(console, -EMSGSIZE, "a control message is too short");
			return;
		}
		hear(console, &control);
		virtqueue_push(ring, chain.head, 0);
	}
	if (!virtio_queue_running(virtio, FROM_GUEST))
		return;
	virtio_tell(virtio, FROM_GUEST);
	if (heard == CHAINS_MAX || virtqueue_unmute(ring))
		virtio_again(virtio, FROM_GUEST);
	say_all(console);
}

static void console_kick(void *device, unsigned index)
{
	struct virtio_console *console = device;
	struct console_port *port = port_of_queue(console, index);

	/* The control queues of a device that has none are nobody's: it has no queue of this number. */
	if (index == TO_GUEST)
		say_all(console);
	else if (index == FROM_GUEST && has_control(console))
		hear_all(console);
	else if (port && index & 1)
		take(port);
	else if (port)
		give(port);
}

static int console_start(void *device, struct pt_error *err)
{
	(void)device, (void)err;
	return 0;
}

static void console_stop(void *device)
{
	(void)device;
}

static void console_reset(void *device)
{
	struct virtio_console *console = device;

	for (unsigned i = 0; i < console->port_count; i++) {
		struct console_port *port = &console->ports[i];

		set_open(port, false);
		port->ready = false;
		port->to_say = 0;
		port->taken = 0;
	}
}

static const struct virtio_device_ops console_ops = {
	.name = "virtio-console",
	.type = VIRTIO_ID_CONSOLE,
	.class_code = 0x078000,
	.start = console_start,
	.stop = console_stop,
	.reset = console_reset,
	.kick = console_kick,
};

static void on_came(void *ctx)
{
	struct console_port *port = ctx;
	struct virtio *virtio = &port->console->virtio;

	pthread_mutex_lock(&virtio->lock);
	if (virtio_queue_running(virtio, queue_to_guest(port)))
		give(port);
	pthread_mutex_unlock(&virtio->lock);
}

static void on_room(void *ctx)
{
	struct console_port *port = ctx;
	struct virtio *virtio = &port->console->virtio;

	pthread_mutex_lock(&virtio->lock);
	if (virtio_queue_running(virtio, queue_from_guest(port)))
		take(port);
	pthread_mutex_unlock(&virtio->lock);
}

static void on_joined(void *ctx)
{
	struct console_port *port = ctx;
	struct virtio *virtio = &port->console->virtio;

	pthread_mutex_lock(&virtio->lock);
	if (port->ready && port->plan->channel) {
		port->to_say |= 1u << SAY_OPEN;
		say_all(port->console);
	}
	pthread_mutex_unlock(&virtio->lock);
}

static const struct console_end_ops end_ops = {
	.came = on_came,
	.room = on_room,
	.joined = on_joined,
};

const char *console_port_id(const struct console_port *port)
{
	return port->plan->id[0] ? port->plan->id : port->console->virtio.name;
}

const char *console_port_label(const struct console_port *port)
{
	return port->plan->label[0] ? port->plan->label : console_port_id(port);
}

bool console_port_is_open(const struct console_port *port)
{
	return !port->plan->channel || port->told;
}

static enum loop_next on_news(void *ctx)
{
	struct virtio_console *console = ctx;

	for (unsigned i = 0; i < console->port_count; i++) {
		struct console_port *port = &console->ports[i];
		bool open;

		pthread_mutex_lock(&console->virtio.lock);
		open = port->open;
		pthread_mutex_unlock(&console->virtio.lock);
		if (open == port->told)
			continue;
		port->told = open;
		if (console->changed && port->plan->channel)
			console->changed(console->ctx, port);
	}
	return LOOP_AGAIN;
}

/* A console that is alone is what every driver knows. */
static bool wants_control(const struct plan_console *plan)
{
	return plan->port_count != 1 || plan->ports[0].channel || plan->ports[0].number;
}

static void set_up(struct virtio_console *console, const struct plan_console *plan)
{
	uint32_t last = 0;

	for (unsigned i = 0; i < plan->port_count; i++)
		last = plan->ports[i].number > last ? plan->ports[i].number : last;
	console->config = (struct virtio_console_config){.max_nr_ports = last + 1};
	console->virtio.ops = &console_ops;
	console->virtio.device = console;
	console->virtio.config = &console->config;
	console->virtio.config_size = sizeof(console->config);
	console->virtio.queue_count = QUEUES_ALONE;
	if (!wants_control(plan))
		return;
	console->virtio.offered = 1ull << VIRTIO_CONSOLE_F_MULTIPORT;
	console->virtio.queue_count = 2 * (last + 2);
}

int virtio_console_open(struct virtio_console *console, const struct plan_console *plan,
			struct pt_error *err)
{
	int r = 0;

	console->news =
		(struct loop_watch){.fd = -1, .each = true, .ready = on_news, .ctx = console};
	if (wants_control(plan)) {
		console->news.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		r = console->news.fd < 0 ? pt_error_set(err, -errno, "no eventfd: %m") : 0;
	}
	for (unsigned i = 0; i < plan->port_count && !r; i++) {
		struct console_port *port = &console->ports[console->port_count++];

		port->console = console;
		port->plan = &plan->ports[i];
		r = console_end_open(&port->end, port->plan, &end_ops, port, err);
	}
	if (!r)
		set_up(console, plan);
	return r;
}

void virtio_console_done(struct virtio_console *console)
{
	for (unsigned i = 0; i < console->port_count; i++)
		console_end_done(&console->ports[i].end);
	if (console->news.fd > 0)
		(void)close(console->news.fd);
	console->news.fd = -1;
}

int virtio_console_watch(struct virtio_console *console, struct loop *loop, struct pt_error *err)
{
	int r = console->news.fd < 0 ? 0 : loop_watch_start(loop, &console->news, err);

	for (unsigned i = 0; i < console->port_count && !r; i++)
		r = console_end_watch(&console->ports[i].end, loop, err);
	return r;
}

void virtio_console_unwatch(struct virtio_console *console, struct loop *loop)
{
	loop_watch_stop(loop, &console->news);
	for (unsigned i = 0; i < console->port_count; i++)
		console_end_unwatch(&console->ports[i].end, loop);
}

bool virtio_console_lingers(const struct virtio_console *console)
{
	bool waiting = console->news.waiting;

	for (unsigned i = 0; i < console->port_count && !waiting; i++)
		waiting = console_end_lingers(&console->ports[i].end);
	return waiting;
}
