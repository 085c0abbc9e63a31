/* SPDX-License-Identifier: MIT */
#include "devices/root_port.h"

#include <string.h>

/* Header, PCI Express base 7.5.1. */
#define COMMAND		     0x04
#define HEADER_TYPE	     0x0e
#define HEADER_MULTIFUNCTION 0x80
#define COMMAND_INTX_DISABLE 0x0400u
#define STATUS		     0x06
#define STATUS_INTERRUPT     0x08u
#define SECONDARY_BUS	     0x19
#define SUBORDINATE_BUS	     0x1a
#define IO_WINDOW	     0x1c
#define MEMORY_WINDOW	     0x20
#define PREFETCH_WINDOW	     0x24
#define PREFETCH_BASE_HIGH   0x28
#define PREFETCH_LIMIT_HIGH  0x2c
#define BRIDGE_CONTROL	     0x3e
#define BRIDGE_RESET	     0x40u

/* PCI Express capability, 7.5.3. */
#define EXP		    0x40
#define DEVICE_CAPABILITIES (EXP + 0x04)
#define DEVICE_PAYLOAD_MAX  0x07u
#define DEVICE_CONTROL	    (EXP + 0x08)
#define DEVICE_PAYLOAD	    0xe0u
#define LINK_CAPABILITIES   (EXP + 0x0c)
#define LINK_SPEED	    0x0fu
#define LINK_WIDTH	    0x3f0u
#define LINK_CONTROL	    (EXP + 0x10)
#define LINK_DISABLE	    0x10u
#define LINK_STATUS	    (EXP + 0x12)
#define LINK_ACTIVE	    0x2000u
#define SLOT_CAPABILITIES   (EXP + 0x14)
#define SLOT_CONTROL	    (EXP + 0x18)
#define SLOT_BUTTON_ENABLE  0x0001u
#define SLOT_INTERRUPT	    0x0020u
#define SLOT_INDICATOR_ON   0x0100u
#define SLOT_INDICATOR_OFF  0x0300u
#define SLOT_POWER_OFF	    0x0400u
#define SLOT_LINK_ENABLE    0x1000u
#define SLOT_STATUS	    (EXP + 0x1a)
#define SLOT_BUTTON	    0x0001u
#define SLOT_PRESENCE_EVENT 0x0008u
#define SLOT_EVENTS	    0x001fu /* those whose enable bit has the same place in SLOT_CONTROL */
#define SLOT_PRESENT	    0x0040u
#define SLOT_LINK_EVENT	    0x0100u
#define LINK_CAPABILITIES_2 (EXP + 0x2c)
#define LINK_CONTROL_2	    (EXP + 0x30)

/* Message-signalled interrupts, 7.7.1. */
#define MSI	    0x80
#define MSI_CONTROL (MSI + 0x02)
#define MSI_ENABLE  0x0001u
#define MSI_ADDRESS (MSI + 0x04)
#define MSI_DATA    (MSI + 0x0c)

/* A function's own, for link_of(). */
#define FUNCTION_STATUS 0x06
#define FUNCTION_CAPS	0x34
#define STATUS_CAPS	0x10u
#define CAP_EXP		0x10
#define CAPS_MAX	48
#define LINK_SPEED_2_5	0x1u
#define LINK_WIDTH_1	0x10u

#define ALL 0xffffffffu

/* One row: at @offset the register reads @value at power-on; the guest may change the @writable bits, and clears the
 * @clear bits by writing 1. What no row names is 0 and stays it. */
struct rule {
	uint16_t offset;
	uint8_t size;
	uint32_t value;
	uint32_t writable;
	uint32_t clear;
	const char *reason;
};

static const struct rule rules[] = {
	{0x00, 4, 0x000c1b36, 0, 0, "Red Hat's generic PCI Express root port"},
	{COMMAND, 2, 0x0007, 0x0547, 0,
	 "as firmware leaves a bridge: decoding on; the interrupt can be turned off"},
	{STATUS, 2, 0x0010, 0, 0, "there is a capability list; no error is ever signalled"},
	{0x08, 4, 0x06040000, 0, 0, "class: bridge, PCI to PCI; revision 0"},
	{0x0c, 1, 0, 0xff, 0, "cache line size: a note without effect (7.5.1.1.7)"},
	{HEADER_TYPE, 1, 0x01, 0, 0, "type 1 header"},
	{0x18, 3, 0, 0xffffff, 0, "bus numbers: the guest's to change"},
	{MEMORY_WINDOW, 4, 0x0000fff0, 0xfff0fff0, 0,
	 "memory window: always there; closed at first"},
	{0x34, 1, EXP, 0, 0, "capability list"},
	{0x3c, 1, 0, 0xff, 0, "interrupt line: a note of the guest's"},
	{0x3d, 1, 0x01, 0, 0, "interrupt pin: INTA#"},
	{BRIDGE_CONTROL, 2, 0, 0x0003 | BRIDGE_RESET, 0,
	 "parity and SERR# are kept, secondary bus reset acts; there is no VGA and no ISA behind"},

	{EXP + 0x00, 2, MSI << 8 | 0x10, 0, 0, "PCI Express capability, then MSI"},
	{EXP + 0x02, 2, 0x0142, 0, 0,
	 "version 2, root port, slot implemented, interrupt message 0"},
	{DEVICE_CAPABILITIES, 4, 0x8000, 0, 0,
	 "role-based error reporting, which is mandatory; payload as the device's"},
	{DEVICE_CONTROL, 2, 0x2000, 0x70ff, 0, "kept without effect; payload as the device's"},
	{LINK_CAPABILITIES, 4, 0x00500000, 0, 0,
	 "reports when the link is active, which tells the guest of a surprise; no ASPM, to which optionality applies"},
	{LINK_CONTROL, 2, 0, 0x00db, 0,
	 "link disable acts; retraining is over at once and its bit reads 0"},
	{SLOT_CAPABILITIES, 4, 0x000425fb, 0, 0,
	 "attention button, power controller, both indicators, hot-plug with surprise, 75 W; no command completed, since "
	 "commands are done when the write is"},
	{SLOT_CONTROL, 2, 0x00c0, 0x17ff, 0,
	 "attention indicator off; the rest by what is in the slot"},
	{SLOT_STATUS, 2, 0, 0, SLOT_EVENTS | SLOT_LINK_EVENT, "events"},
	{EXP + 0x1c, 2, 0, 0x000f, 0, "root control: kept; no error and no PME reaches the port"},
	{LINK_CONTROL_2, 2, 0, 0x000f, 0, "target speed: kept"},

	{MSI, 2, 0x0005, 0, 0, "MSI, the last capability"},
	{MSI_CONTROL, 2, 0x0080, MSI_ENABLE, 0, "one message, 64-bit address"},
	{MSI_ADDRESS, 4, 0, ~3u, 0, "message address"},
	{MSI_ADDRESS + 4, 4, 0, ALL, 0, "message upper address"},
	{MSI_DATA, 2, 0, 0xffff, 0, "message data"},
};

/* A window that the plan gives the port. One that it does not is not implemented: its registers are 0 and stay it
 * (7.5.1.3.6, 7.5.1.3.9), and the guest does not look for addresses to put there. */
static const struct rule io_rules[] = {
	{IO_WINDOW, 2, 0, 0xf0f0, 0, "I/O window, 16-bit"},
};

static const struct rule prefetch_rules[] = {
	{PREFETCH_WINDOW, 4, 0x00010001, 0xfff0fff0, 0, "prefetchable window, 64-bit"},
	{PREFETCH_BASE_HIGH, 4, 0, ALL, 0, "its base, upper half"},
	{PREFETCH_LIMIT_HIGH, 4, 0, ALL, 0, "its limit, upper half"},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint32_t load(const uint8_t *bytes, unsigned offset, unsigned size)
{
	uint32_t value = 0;

	memcpy(&value, bytes + offset, size);
	return value;
}

static void store(uint8_t *bytes, unsigned offset, unsigned size, uint32_t value)
{
	memcpy(bytes + offset, &value, size);
}

/* 16-bit registers, which all that acts here are. */
static uint16_t get(const struct root_port *port, unsigned offset)
{
	return (uint16_t)load(port->value, offset, 2);
}

static void set(struct root_port *port, unsigned offset, uint16_t bits, bool on)
{
	uint16_t value = get(port, offset);

	store(port->value, offset, 2, on ? value | bits : value & ~(uint32_t)bits);
}

static void apply(struct root_port *port, const struct rule *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		store(port->initial, list[i].offset, list[i].size, list[i].value);
		store(port->writable, list[i].offset, list[i].size, list[i].writable);
		store(port->clear, list[i].offset, list[i].size, list[i].clear);
	}
}

static void fill(struct root_port *port, unsigned offset, unsigned size, uint32_t bits)
{
	store(port->initial, offset, size, load(port->initial, offset, size) | bits);
}

/* Base and limit as a window's registers hold them: bits 31 to 20 of an address each (7.5.1.3.8). */
static uint32_t memory_window(const struct plan_range *range)
{
	uint64_t last = range->base + range->size - 1;

	return (uint32_t)(range->base >> 16 & 0xfff0) | (uint32_t)(last & 0xfff00000);
}

static void apply_windows(struct root_port *port)
{
	const struct plan_port *plan = port->plan;

	if (plan->memory.size)
		store(port->initial, MEMORY_WINDOW, 4, memory_window(&plan->memory));
	if (plan->io.size) {
		apply(port, io_rules, COUNT(io_rules));
		fill(port, IO_WINDOW, 2,
		     (uint32_t)(plan->io.base >> 8 & 0xf0) |
			     (uint32_t)((plan->io.base + plan->io.size - 1) & 0xf000));
	}
	if (plan->prefetch.size) {
		uint64_t last = plan->prefetch.base + plan->prefetch.size - 1;

		apply(port, prefetch_rules, COUNT(prefetch_rules));
		fill(port, PREFETCH_WINDOW, 4, memory_window(&plan->prefetch));
		fill(port, PREFETCH_BASE_HIGH, 4, (uint32_t)(plan->prefetch.base >> 32));
		fill(port, PREFETCH_LIMIT_HIGH, 4, (uint32_t)(last >> 32));
	}
}

/* One link for port and device: the device's greatest speed and the width that is wired, or the least there is. */
static void apply_link(struct root_port *port, uint32_t capabilities, uint32_t status)
{
	uint32_t speed = capabilities & LINK_SPEED;
	uint32_t width = status & LINK_WIDTH;

	if (!width)
		width = capabilities & LINK_WIDTH;
	if (!speed || !width) {
		speed = LINK_SPEED_2_5;
		width = LINK_WIDTH_1;
	}
	store(port->initial, LINK_CAPABILITIES, 2,
	      speed | width |
		      (load(port->initial, LINK_CAPABILITIES, 2) & ~(LINK_SPEED | LINK_WIDTH)));
	store(port->initial, LINK_STATUS, 2, speed | width);
	store(port->initial, LINK_CAPABILITIES_2, 4, ((1u << speed) - 1) << 1 & 0xfe);
	store(port->initial, LINK_CONTROL_2, 2, speed);
}

/* Return: where a function's PCI Express capability is, 0 when it has none. */
static unsigned find_express(const struct pci_function *function)
{
	const struct pci_function_ops *ops = function->ops;
	unsigned at = 0;

	if (ops->config_read(function->state, FUNCTION_STATUS, 2) & STATUS_CAPS)
		at = ops->config_read(function->state, FUNCTION_CAPS, 1) & 0xfc;
	for (unsigned i = 0; at >= 0x40 && i < CAPS_MAX; i++) {
		uint32_t header = ops->config_read(function->state, at, 2);

		if ((header & 0xff) == CAP_EXP)
			return at;
		at = header >> 8 & 0xfc;
	}
	return 0;
}

static uint32_t read_express(const struct pci_function *function, unsigned express, unsigned offset)
{
	return express ? function->ops->config_read(function->state, express + (offset - EXP), 2)
		       : 0;
}

static void clear(struct root_port *port, unsigned offset, unsigned size, uint32_t bits)
{
	store(port->initial, offset, size, load(port->initial, offset, size) & ~bits);
}

/* A payload that differs would make the guest set the device's, which is not its to set. */
static void adopt_link(struct root_port *port, const struct pci_function *function)
{
	unsigned express = find_express(function);
	uint32_t payload_max = read_express(function, express, DEVICE_CAPABILITIES);
	uint32_t payload = read_express(function, express, DEVICE_CONTROL);

	apply_link(port, read_express(function, express, LINK_CAPABILITIES),
		   read_express(function, express, LINK_STATUS));
	clear(port, DEVICE_CAPABILITIES, 2, DEVICE_PAYLOAD_MAX);
	clear(port, DEVICE_CONTROL, 2, DEVICE_PAYLOAD);
	fill(port, DEVICE_CAPABILITIES, 2, payload_max & DEVICE_PAYLOAD_MAX);
	fill(port, DEVICE_CONTROL, 2, payload & DEVICE_PAYLOAD);
}

/* 6.7.3.4: an interrupt is pending as long as an enabled event is; a message is sent when that becomes so. */
static void update_interrupt(struct root_port *port)
{
	uint16_t control = get(port, SLOT_CONTROL), status = get(port, SLOT_STATUS);
	bool event = (control & status & SLOT_EVENTS) ||
		     (control & SLOT_LINK_ENABLE && status & SLOT_LINK_EVENT);
	bool pending = event && control & SLOT_INTERRUPT;
	bool by_message = get(port, MSI_CONTROL) & MSI_ENABLE;
	bool line = pending && !by_message && !(get(port, COMMAND) & COMMAND_INTX_DISABLE);

	set(port, STATUS, STATUS_INTERRUPT, pending);
	if (pending && by_message && !port->pending)
		port->ops->message(port->ctx,
				   load(port->value, MSI_ADDRESS, 4) |
					   (uint64_t)load(port->value, MSI_ADDRESS + 4, 4) << 32,
				   load(port->value, MSI_DATA, 2));
	port->pending = pending && by_message;
	if (line != port->asserted)
		port->ops->line(port->ctx, line);
	port->asserted = line;
}

/* The device is quiet before the guest is told, and answers before the guest is told. */
static void update_link(struct root_port *port)
{
	bool up = port->present && !(get(port, SLOT_CONTROL) & SLOT_POWER_OFF) &&
		  !(get(port, LINK_CONTROL) & LINK_DISABLE) &&
		  !(get(port, BRIDGE_CONTROL) & BRIDGE_RESET);

	if (up == atomic_load(&port->link))
		return;
	if (up)
		port->ops->release(port->ctx);
	atomic_store(&port->link, up);
	if (!up)
		port->ops->hold(port->ctx);
	set(port, LINK_STATUS, LINK_ACTIVE, up);
	set(port, SLOT_STATUS, SLOT_LINK_EVENT, true);
}

static void power_on(struct root_port *port)
{
	memcpy(port->value, port->initial, sizeof(port->value));
	set(port, SLOT_STATUS, SLOT_PRESENT, port->present);
	set(port, LINK_STATUS, LINK_ACTIVE, port->present);
	if (!port->present)
		set(port, LINK_STATUS, LINK_SPEED | LINK_WIDTH, false);
	set(port, SLOT_CONTROL,
	    port->present ? SLOT_INDICATOR_ON : SLOT_INDICATOR_OFF | SLOT_POWER_OFF, true);
	atomic_store(&port->bus, port->value[SECONDARY_BUS]);
	atomic_store(&port->link, port->present);
	update_interrupt(port);
}

static uint32_t config_read(void *state, unsigned offset, unsigned size)
{
	struct root_port *port = state;
	uint32_t value;

	if (offset >= ROOT_PORT_SPACE)
		return 0; /* no extended capability */
	pthread_mutex_lock(&port->lock);
	value = load(port->value, offset, size);
	pthread_mutex_unlock(&port->lock);
	return value;
}

static void config_write(void *state, unsigned offset, unsigned size, uint32_t value)
{
	struct root_port *port = state;

	if (offset >= ROOT_PORT_SPACE)
		return;
	pthread_mutex_lock(&port->lock);
	for (unsigned i = offset; i < offset + size; i++, value >>= 8) {
		uint8_t kept = port->value[i] & (uint8_t)~port->writable[i];

		port->value[i] = (kept & (uint8_t) ~(value & port->clear[i])) |
				 (uint8_t)(value & port->writable[i]);
	}
	atomic_store(&port->bus, port->value[SECONDARY_BUS]);
	update_link(port);
	update_interrupt(port);
	pthread_mutex_unlock(&port->lock);
}

/* There is one device on a link, device 0, and no bridge in it. */
static const struct pci_function *below(void *state, unsigned bus, unsigned devfn)
{
	struct root_port *port = state;

	/* The link is looked at first: what is behind it changes only while it is down. */
	if (!atomic_load(&port->link) || bus != atomic_load(&port->bus) ||
	    devfn >= PLAN_FUNCTIONS_MAX || !port->functions[devfn].ops)
		return NULL;
	return &port->functions[devfn];
}

const struct pci_function_ops root_port_config_ops = {
	.config_read = config_read,
	.config_write = config_write,
	.below = below,
};

void root_port_init(struct root_port *port, const struct plan_port *plan,
		    const struct root_port_ops *ops, void *ctx)
{
	memset(port, 0, sizeof(*port));
	port->plan = plan;
	port->ops = ops;
	port->ctx = ctx;
	pthread_mutex_init(&port->lock, NULL);
	apply(port, rules, COUNT(rules));
	apply_windows(port);
	apply_link(port, 0, 0);
	fill(port, HEADER_TYPE, 1, plan->multifunction ? HEADER_MULTIFUNCTION : 0);
	fill(port, SECONDARY_BUS, 1, plan->bus);
	fill(port, SUBORDINATE_BUS, 1, plan->bus);
	fill(port, LINK_CAPABILITIES, 4, plan->slot << 24); /* port number */
	fill(port, SLOT_CAPABILITIES, 4, plan->slot << 19); /* physical slot number */
	power_on(port);
}

void root_port_done(struct root_port *port)
{
	if (port->plan)
		pthread_mutex_destroy(&port->lock);
	port->plan = NULL;
}

void root_port_plug(struct root_port *port, unsigned number, const struct pci_function_ops *ops,
		    void *state)
{
	port->functions[number] = (struct pci_function){.ops = ops, .state = state};
	if (number == 0)
		adopt_link(port, &port->functions[0]);
	port->present = true;
	power_on(port);
}

/* What of the registers is the device's: read only, so that the guest has nothing to lose in them. */
static void show_link(struct root_port *port)
{
	static const struct {
		uint8_t offset, size;
	} shown[] = {{DEVICE_CAPABILITIES, 4}, {LINK_CAPABILITIES, 4}, {LINK_CAPABILITIES_2, 4}};
	uint16_t payload = (uint16_t)(load(port->initial, DEVICE_CONTROL, 2) & DEVICE_PAYLOAD);
	uint16_t link = (uint16_t)load(port->initial, LINK_STATUS, 2);

	for (size_t i = 0; i < COUNT(shown); i++)
		store(port->value, shown[i].offset, shown[i].size,
		      load(port->initial, shown[i].offset, shown[i].size));
	set(port, DEVICE_CONTROL, DEVICE_PAYLOAD, false);
	set(port, DEVICE_CONTROL, payload, true);
	set(port, LINK_STATUS, LINK_SPEED | LINK_WIDTH, false);
	set(port, LINK_STATUS, link & (LINK_SPEED | LINK_WIDTH), true);
}

void root_port_forget(struct root_port *port, unsigned number)
{
	pthread_mutex_lock(&port->lock);
	port->functions[number] = (struct pci_function){0};
	pthread_mutex_unlock(&port->lock);
}

/* The link is down, so that nobody looks. */
void root_port_stage(struct root_port *port, unsigned number, const struct pci_function_ops *ops,
		     void *state)
{
	pthread_mutex_lock(&port->lock);
	port->functions[number] = (struct pci_function){.ops = ops, .state = state};
	pthread_mutex_unlock(&port->lock);
}

void root_port_insert(struct root_port *port, const struct pci_function_ops *ops, void *state)
{
	pthread_mutex_lock(&port->lock);
	port->functions[0] = (struct pci_function){.ops = ops, .state = state};
	adopt_link(port, &port->functions[0]);
	show_link(port);
	port->present = true;
	set(port, SLOT_STATUS, SLOT_PRESENT, true);
	set(port, SLOT_STATUS, SLOT_PRESENCE_EVENT | SLOT_BUTTON, true);
	update_link(port);
	update_interrupt(port);
	pthread_mutex_unlock(&port->lock);
}

void root_port_reset(struct root_port *port)
{
	pthread_mutex_lock(&port->lock);
	power_on(port);
	pthread_mutex_unlock(&port->lock);
}

bool root_port_press(struct root_port *port)
{
	uint16_t listens = SLOT_BUTTON_ENABLE | SLOT_INTERRUPT;
	bool heard;

	pthread_mutex_lock(&port->lock);
	set(port, SLOT_STATUS, SLOT_BUTTON, true);
	update_interrupt(port);
	heard = (get(port, SLOT_CONTROL) & listens) == listens;
	pthread_mutex_unlock(&port->lock);
	return heard;
}

bool root_port_powered(struct root_port *port)
{
	bool powered;

	pthread_mutex_lock(&port->lock);
	powered = !(get(port, SLOT_CONTROL) & SLOT_POWER_OFF);
	pthread_mutex_unlock(&port->lock);
	return powered;
}

void root_port_remove(struct root_port *port)
{
	pthread_mutex_lock(&port->lock);
	if (port->present) {
		port->present = false;
		set(port, SLOT_STATUS, SLOT_PRESENT, false);
		set(port, SLOT_STATUS, SLOT_PRESENCE_EVENT, true);
		update_link(port);
		set(port, LINK_STATUS, LINK_SPEED | LINK_WIDTH, false);
		update_interrupt(port);
	}
	pthread_mutex_unlock(&port->lock);
}
