/* SPDX-License-Identifier: MIT */
#include "virtio/pci.h"

#include <linux/virtio_pci.h>
#include <string.h>

/* Header, PCI Express base 7.5.1. */
#define COMMAND		     0x04
#define COMMAND_MEMORY	     0x0002u
#define COMMAND_MASTER	     0x0004u
#define COMMAND_INTX_DISABLE 0x0400u
#define STATUS		     0x06
#define STATUS_INTERRUPT     0x08u
#define BAR0		     0x10
#define CAPS		     0x34

#define CAP_VENDOR  0x09u
#define EXP	    0x40
#define MSIX	    0x80
#define MSIX_SIZE   12u
#define COMMON_CAP  0x90
#define ISR_CAP	    0xa0
#define CONFIG_CAP  0xb0
#define NOTIFY_CAP  0xc0
#define NOTIFY_SIZE 20u
#define ACCESS_CAP  0xd4 /* a window into the BAR, 4.1.4.9 */
#define ACCESS_DATA (ACCESS_CAP + 16)

/* The BAR's parts; each has a page. */
#define PART	    0x1000u
#define COMMON	    0x0000u
#define COMMON_SIZE 0x40u
#define ISR	    0x1000u
#define CONFIG	    0x2000u
#define NOTIFY	    0x3000u
#define TABLE	    0x4000u
#define PENDING	    0x5000u

#define NOTIFY_STEP 4u
#define ISR_QUEUE   1u
#define ISR_CONFIG  2u

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

struct rule {
	uint8_t offset;
	uint8_t size;
	uint32_t value;
	uint32_t writable;
	const char *reason;
};

static const struct rule rules[] = {
	{0x00, 2, 0x1af4, 0, "virtio's vendor"},
	{COMMAND, 2, COMMAND_MEMORY, 0x0546, "decoding on; interrupt and bus master can be set"},
	{STATUS, 2, 0x0010, 0, "there is a capability list; no error is ever signalled"},
	{0x08, 1, 0x01, 0, "revision 1: modern (4.1.2.1)"},
	{0x0c, 1, 0, 0xff, "cache line size: a note without effect"},
	{BAR0, 4, 0, ~(VIRTIO_PCI_BAR_SIZE - 1), "memory, 32-bit, 32 KiB"},
	{0x2c, 4, 0x11001af4, 0, "subsystem: a virtual machine"},
	{0x3c, 1, 0, 0xff, "interrupt line: a note of the guest's"},
	{0x3d, 1, 0x01, 0, "interrupt pin: INTA#"},

	{EXP + 0x02, 2, 0x0002, 0, "PCI Express capability: version 2, endpoint"},
	{EXP + 0x04, 4, 0x8000, 0, "role-based error reporting, which is mandatory"},
	{EXP + 0x08, 2, 0x2000, 0x70ff, "device control: kept without effect"},
	{EXP + 0x0c, 4, 0x00400011, 0, "link: 2.5 GT/s, one lane, ASPM optionality"},
	{EXP + 0x10, 2, 0, 0x00c3, "link control: kept without effect"},
	{EXP + 0x12, 2, 0x0011, 0, "link: as it can"},
	{EXP + 0x2c, 4, 0x0002, 0, "link: 2.5 GT/s is the one speed"},
	{EXP + 0x30, 2, 0x0001, 0x000f, "target speed: kept"},

	{MSIX + 0x02, 2, 0, VECTOR_ENABLE | VECTOR_MASKALL,
	 "MSI-X; the number of vectors is added"},
	{MSIX + 0x04, 4, TABLE, 0, "table: in BAR 0"},
	{MSIX + 0x08, 4, PENDING, 0, "pending bits: in BAR 0"},

	{NOTIFY_CAP + 16, 4, NOTIFY_STEP, 0, "a word for each queue"},
	{ACCESS_CAP + 4, 1, 0, 0xff, "window: BAR"},
	{ACCESS_CAP + 8, 4, 0, 0xffffffff, "window: offset"},
	{ACCESS_CAP + 12, 4, 0, 0xffffffff, "window: length"},
};

static void put(struct virtio_pci *pci, unsigned offset, unsigned size, uint32_t value,
		uint32_t writable)
{
	store(pci->initial, offset, size, value);
	store(pci->writable, offset, size, writable);
}

/* The list grows at its front. */
static void link_cap(struct virtio_pci *pci, unsigned at, unsigned id)
{
	store(pci->initial, at, 2, id | load(pci->initial, CAPS, 1) << 8);
	store(pci->initial, CAPS, 1, at);
}

static void put_part(struct virtio_pci *pci, unsigned at, unsigned type, unsigned cap_size,
		     unsigned offset, unsigned size)
{
	link_cap(pci, at, CAP_VENDOR);
	store(pci->initial, at + 2, 1, cap_size);
	store(pci->initial, at + 3, 1, type);
	store(pci->initial, at + 8, 4, offset);
	store(pci->initial, at + 12, 4, size);
}

static void build_space(struct virtio_pci *pci, uint32_t bar)
{
	const struct virtio *virtio = pci->virtio;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		put(pci, rules[i].offset, rules[i].size, rules[i].value, rules[i].writable);
	store(pci->initial, 0x02, 2, 0x1040u + virtio->ops->type);
	store(pci->initial, 0x09, 3, virtio->ops->class_code);
	store(pci->initial, BAR0, 4, bar);
	store(pci->initial, MSIX + 0x02, 2, pci->vectors.count - 1);
	link_cap(pci, ACCESS_CAP, CAP_VENDOR);
	store(pci->initial, ACCESS_CAP + 2, 2, VIRTIO_PCI_CAP_PCI_CFG << 8 | 20);
	put_part(pci, NOTIFY_CAP, VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY_SIZE, NOTIFY,
		 virtio->queue_count * NOTIFY_STEP);
	if (virtio->config_size)
		put_part(pci, CONFIG_CAP, VIRTIO_PCI_CAP_DEVICE_CFG, 16, CONFIG,
			 virtio->config_size);
	put_part(pci, ISR_CAP, VIRTIO_PCI_CAP_ISR_CFG, 16, ISR, 1);
	put_part(pci, COMMON_CAP, VIRTIO_PCI_CAP_COMMON_CFG, 16, COMMON, COMMON_SIZE);
	link_cap(pci, MSIX, 0x11);
	link_cap(pci, EXP, 0x10);
	memcpy(pci->value, pci->initial, sizeof(pci->value));
}

static void update_line(struct virtio_pci *pci)
{
	bool level = pci->isr && !pci->vectors.enabled &&
		     !(load(pci->value, COMMAND, 2) & COMMAND_INTX_DISABLE);
	uint32_t status = load(pci->value, STATUS, 2) & ~STATUS_INTERRUPT;

	store(pci->value, STATUS, 2, status | (pci->isr ? STATUS_INTERRUPT : 0));
	if (level != pci->asserted)
		pci->host.line(pci->host.ctx, level);
	pci->asserted = level;
}

static void interrupt_by(struct virtio_pci *pci, uint16_t vector, uint8_t isr)
{
	if (pci->vectors.enabled) {
		virtio_vectors_raise(&pci->vectors, vector);
		return;
	}
	pci->isr |= isr;
	update_line(pci);
}

static void interrupt(void *transport, uint16_t vector)
{
	interrupt_by(transport, vector, ISR_QUEUE);
}

static void config_interrupt(void *transport, uint16_t vector)
{
	interrupt_by(transport, vector, ISR_CONFIG);
}

static int call_fd(void *transport, uint16_t vector)
{
	const struct virtio_pci *pci = transport;

	return virtio_vectors_fd(&pci->vectors, vector);
}

const struct virtio_transport_ops virtio_pci_transport_ops = {
	.interrupt = interrupt,
	.config_interrupt = config_interrupt,
	.call_fd = call_fd,
};

/* Reading it is what acknowledges INTA# (4.1.4.5). */
static uint8_t take_isr(struct virtio_pci *pci)
{
	uint8_t isr = pci->isr;

	pci->isr = 0;
	update_line(pci);
	return isr;
}

/* Of the BAR, under the lock. */
static void part_read(struct virtio_pci *pci, uint64_t offset, void *data, unsigned size)
{
	uint64_t within = offset % PART;

	memset(data, 0, size);
	switch (offset - within) {
	case COMMON:
		virtio_common_read(pci->virtio, within, data, size);
		break;
	case ISR:
		if (!within)
			*(uint8_t *)data = take_isr(pci);
		break;
	case CONFIG:
		virtio_config_read(pci->virtio, within, data, size);
		break;
	case TABLE:
		virtio_vectors_read(&pci->vectors, within, data, size);
		break;
	case PENDING:
		virtio_vectors_pending(&pci->vectors, within, data, size);
		break;
	default:
		break;
	}
}

static void part_write(struct virtio_pci *pci, uint64_t offset, const void *data, unsigned size)
{
	uint64_t within = offset % PART;

	switch (offset - within) {
	case COMMON:
		virtio_common_write(pci->virtio, within, data, size);
		break;
	case NOTIFY: /* past its ioeventfd */
		if (within / NOTIFY_STEP < pci->virtio->queue_count)
			virtio_again(pci->virtio, (unsigned)(within / NOTIFY_STEP));
		break;
	case TABLE:
		virtio_vectors_write(&pci->vectors, within, data, size);
		break;
	default:
		break;
	}
}

static bool here(const struct virtio_pci *pci)
{
	return !pci->gone && !pci->virtio->held;
}

static void bar_read(void *state, uint64_t offset, void *data, unsigned size)
{
	struct virtio_pci *pci = state;

	pthread_mutex_lock(&pci->virtio->lock);
	if (here(pci))
		part_read(pci, offset, data, size);
	else
		memset(data, 0xff, size);
	pthread_mutex_unlock(&pci->virtio->lock);
}

static void bar_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	struct virtio_pci *pci = state;

	pthread_mutex_lock(&pci->virtio->lock);
	if (here(pci))
		part_write(pci, offset, data, size);
	pthread_mutex_unlock(&pci->virtio->lock);
}

static const struct device_ops bar_ops = {
	.name = "BAR of a virtio device",
	.read = bar_read,
	.write = bar_write,
};

static void unmap(struct virtio_pci *pci)
{
	if (!pci->mapped)
		return;
	for (unsigned i = 0; i < pci->notifications; i++)
		kvm_ioeventfd_del(pci->host.kvm, pci->base + NOTIFY + i * NOTIFY_STEP,
				  pci->virtio->queues[i].kick_fd);
	pci->notifications = 0;
	bus_remove(pci->host.memory, pci->base, VIRTIO_PCI_BAR_SIZE, pci);
	pci->mapped = false;
}

/* What cannot be had is done without: notifications without an ioeventfd come out of the guest, and a BAR that is nowhere
 * does not answer, as on a bus. */
static void map(struct virtio_pci *pci, uint64_t base)
{
	struct pt_error err;

	if (base > pci->host.memory_end - VIRTIO_PCI_BAR_SIZE ||
	    bus_add(pci->host.memory, base, VIRTIO_PCI_BAR_SIZE, &bar_ops, pci, &err))
		return;
	pci->mapped = true;
	pci->base = base;
	while (pci->notifications < pci->virtio->queue_count) {
		uint64_t gpa = base + NOTIFY + pci->notifications * NOTIFY_STEP;
		int fd = pci->virtio->queues[pci->notifications].kick_fd;

		if (kvm_ioeventfd_add(pci->host.kvm, gpa, fd, &err))
			break;
		pci->notifications++;
	}
}

/* After the header was written, or is as at power-on. */
static void apply(struct virtio_pci *pci)
{
	uint32_t command = load(pci->value, COMMAND, 2);
	uint64_t base = load(pci->value, BAR0, 4) & ~(VIRTIO_PCI_BAR_SIZE - 1);
	bool wanted = command & COMMAND_MEMORY && base && !pci->virtio->held;

	if (pci->mapped && (!wanted || base != pci->base))
		unmap(pci);
	if (wanted && !pci->mapped)
		map(pci, base);
	if (!!(command & COMMAND_MASTER) != pci->virtio->master)
		virtio_set_master(pci->virtio, command & COMMAND_MASTER);
	update_line(pci);
}

/* Who has a vector's descriptor from before has to be told. */
static void apply_msix(struct virtio_pci *pci)
{
	bool was = pci->vectors.enabled;

	virtio_vectors_control(&pci->vectors, (uint16_t)load(pci->value, MSIX + 2, 2));
	if (was != pci->vectors.enabled)
		virtio_restart(pci->virtio);
}

/* Return: whether the window is on a register; 4.1.4.9.1: what it is on is at an offset that its length divides. */
static bool window(const struct virtio_pci *pci, uint32_t *ret_offset, unsigned *ret_size)
{
	uint32_t offset = load(pci->value, ACCESS_CAP + 8, 4);
	uint32_t size = load(pci->value, ACCESS_CAP + 12, 4);

	if (pci->value[ACCESS_CAP + 4] || (size != 1 && size != 2 && size != 4) || offset % size ||
	    offset >= VIRTIO_PCI_BAR_SIZE)
		return false;
	*ret_offset = offset;
	*ret_size = size;
	return true;
}

static uint32_t config_read(void *state, unsigned offset, unsigned size)
{
	struct virtio_pci *pci = state;
	uint32_t value = 0;
	uint32_t at;
	unsigned part;

	pthread_mutex_lock(&pci->virtio->lock);
	if (!here(pci)) {
		value = UINT32_MAX;
	} else if (offset == ACCESS_DATA && window(pci, &at, &part)) {
		uint8_t data[4] = {0};

		part_read(pci, at, data, part);
		value = load(data, 0, size);
	} else if (offset < VIRTIO_PCI_SPACE) {
		value = load(pci->value, offset, size);
	}
	pthread_mutex_unlock(&pci->virtio->lock);
	return size < 4 ? value & ((1u << size * 8) - 1) : value;
}

static void write_space(struct virtio_pci *pci, unsigned offset, unsigned size, uint32_t value)
{
	for (unsigned i = offset; i < offset + size; i++, value >>= 8)
		pci->value[i] =
			(uint8_t)((pci->value[i] & ~pci->writable[i]) | (value & pci->writable[i]));
	if (offset < CAPS)
		apply(pci);
	else if (offset >= MSIX && offset < MSIX + MSIX_SIZE)
		apply_msix(pci);
	update_line(pci);
}

static void config_write(void *state, unsigned offset, unsigned size, uint32_t value)
{
	struct virtio_pci *pci = state;
	uint32_t at;
	unsigned part;

	pthread_mutex_lock(&pci->virtio->lock);
	if (here(pci)) {
		if (offset == ACCESS_DATA && window(pci, &at, &part) && part <= size)
			part_write(pci, at, &value, part);
		else if (offset < VIRTIO_PCI_SPACE)
			write_space(pci, offset, size, value);
	}
	pthread_mutex_unlock(&pci->virtio->lock);
}

const struct pci_function_ops virtio_pci_config_ops = {
	.config_read = config_read,
	.config_write = config_write,
};

int virtio_pci_init(struct virtio_pci *pci, const struct virtio_pci_host *host,
		    struct virtio *virtio, uint32_t bar, struct pt_error *err)
{
	int r;

	*pci = (struct virtio_pci){.host = *host, .virtio = virtio};
	r = virtio_vectors_init(&pci->vectors, host->kvm, host->routes, virtio->queue_count + 1,
				err);
	if (r)
		return pt_error_prefix(err, r, "%s", virtio->name);
	build_space(pci, bar);
	pthread_mutex_lock(&virtio->lock);
	apply(pci);
	pthread_mutex_unlock(&virtio->lock);
	return 0;
}

static void power_on(struct virtio_pci *pci)
{
	memcpy(pci->value, pci->initial, sizeof(pci->value));
	virtio_reset(pci->virtio);
	virtio_vectors_reset(&pci->vectors);
	pci->isr = 0;
	apply(pci);
}

void virtio_pci_done(struct virtio_pci *pci)
{
	if (!pci->virtio)
		return;
	pthread_mutex_lock(&pci->virtio->lock);
	pci->gone = true;
	virtio_set_held(pci->virtio, true);
	unmap(pci);
	pci->isr = 0;
	update_line(pci);
	virtio_vectors_done(&pci->vectors);
	pthread_mutex_unlock(&pci->virtio->lock);
}

void virtio_pci_hold(struct virtio_pci *pci)
{
	pthread_mutex_lock(&pci->virtio->lock);
	if (!pci->gone) {
		virtio_set_held(pci->virtio, true);
		power_on(pci);
	}
	pthread_mutex_unlock(&pci->virtio->lock);
}

void virtio_pci_release(struct virtio_pci *pci)
{
	pthread_mutex_lock(&pci->virtio->lock);
	if (!pci->gone) {
		virtio_set_held(pci->virtio, false);
		apply(pci);
	}
	pthread_mutex_unlock(&pci->virtio->lock);
}

void virtio_pci_reset(struct virtio_pci *pci)
{
	virtio_pci_hold(pci);
	virtio_pci_release(pci);
}
