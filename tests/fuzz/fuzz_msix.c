/* SPDX-License-Identifier: MIT */
/*
 * A guest that programs MSI-X in every order, while the device interrupts.
 *
 * What it has written is kept beside. As long as no call was made to fail, what the guest gets is exactly what that
 * asks for: the vectors that are enabled and unmasked are connected, with the message of the table; the table reads
 * back; an interrupt is delivered at once, or is pending until the vector is unmasked.
 */
#include "rig.h"

#include <errno.h>

#define STEPS_MAX 150
#define VECTORS	  80u
#define CAP	  0x40u
#define CONTROL	  (CAP + 2)
#define ENABLE	  0x8000u
#define MASK_ALL  0x4000u
#define PAGE	  0x1000u
#define BAR_SIZE  0x4000u

#define ENTRY	      16u
#define ENTRY_CONTROL 12u

struct programmed {
	struct rig rig;
	unsigned count;
	unsigned table_bar, pba_bar;
	uint32_t table, pba;
	uint16_t control;
	uint8_t entries[VECTORS * ENTRY];
	bool pending[VECTORS];
};

enum step {
	STEP_TABLE,
	STEP_MASK,
	STEP_CONTROL,
	STEP_RAISE,
	STEP_PBA,
	STEP_MSI,
	STEP_COMMAND,
	STEP_RESET,
	STEP_RESTART,
	STEP_FAULT,
	STEP_KINDS,
};

static uint32_t load(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

static bool exact(const struct programmed *p)
{
	return !model_fault(p->rig.model)->fired;
}

static bool masked(const struct programmed *p, unsigned v)
{
	return p->control & MASK_ALL || p->entries[v * ENTRY + ENTRY_CONTROL] & 1;
}

static bool live(const struct programmed *p, unsigned v)
{
	return p->control & ENABLE && !masked(p, v);
}

static bool pba_bit(const struct programmed *p, unsigned v)
{
	uint8_t byte = 0;

	pt_function_bar_read(p->rig.function, p->pba_bar, p->pba + v / 8, &byte, 1);
	return byte >> v % 8 & 1;
}

/* After whatever may have connected or ended vectors. */
static void settle(struct programmed *p)
{
	for (unsigned v = 0; v < p->count; v++) {
		if (live(p, v) || !(p->control & ENABLE))
			p->pending[v] = false;
	}
}

static void forget(struct programmed *p)
{
	p->control = 0;
	memset(p->entries, 0, sizeof(p->entries));
	for (unsigned v = 0; v < p->count; v++)
		p->entries[v * ENTRY + ENTRY_CONTROL] = 1;
	settle(p);
}

static void check_vector(const struct programmed *p, unsigned v)
{
	const struct guest_vector *vector = &p->rig.guest->vectors[v];
	const uint8_t *entry = p->entries + v * ENTRY;
	uint64_t address = load(entry) | (uint64_t)load(entry + 4) << 32;

	rig_require(&p->rig, (vector->fd >= 0) == live(p, v),
		    "vector %u: connected is %d, wanted is %d", v, vector->fd >= 0, live(p, v));
	if (!live(p, v))
		return;
	rig_require(&p->rig, vector->address == address && vector->data == load(entry + 8),
		    "vector %u delivers another message than the table has", v);
}

/* All that is connected is armed. Looking for it takes long. */
static void check_armed(const struct programmed *p)
{
	for (unsigned v = 0; exact(p) && !p->rig.host->grant && v < p->count; v++)
		rig_require(&p->rig,
			    !live(p, v) || model_trigger_fd(p->rig.host, PT_IRQ_MSIX, v) ==
						   p->rig.guest->vectors[v].fd,
			    "vector %u is connected and not armed", v);
}

static void check(struct programmed *p)
{
	rig_check(&p->rig);
	if (!exact(p))
		return;
	settle(p);
	if (p->control & ENABLE) {
		for (unsigned v = 0; v < p->count; v++)
			check_vector(p, v);
	} else {
		rig_require(&p->rig, pt_function_stats(p->rig.function).msix_vectors == 0,
			    "vectors of what is not enabled are connected");
	}
}

/* Within the table and aligned, as the specification wants it. */
static void write_table(struct programmed *p, struct input *input)
{
	uint8_t how = input_u8(input);
	size_t size = 1u << how % 4;
	uint64_t at = input_u16(input) % (p->count * ENTRY) & ~(size - 1);
	uint8_t bytes[8], back[8];

	input_bytes(input, bytes, sizeof(bytes));
	pt_function_bar_write(p->rig.function, p->table_bar, p->table + at, bytes, size);
	for (size_t i = 0; i < size; i++) {
		if ((at + i) % ENTRY == ENTRY_CONTROL)
			p->entries[at + i] = bytes[i] & 1;
		else if ((at + i) % ENTRY < ENTRY_CONTROL)
			p->entries[at + i] = bytes[i];
	}
	pt_function_bar_read(p->rig.function, p->table_bar, p->table + at, back, size);
	rig_require(&p->rig, !exact(p) || !memcmp(back, p->entries + at, size),
		    "the table at 0x%x does not read back", (unsigned)at);
}

static void mask(struct programmed *p, struct input *input)
{
	uint8_t how = input_u8(input);
	unsigned v = input_u8(input) % p->count;
	const uint8_t bytes[4] = {how & 1};

	pt_function_bar_write(p->rig.function, p->table_bar, p->table + v * ENTRY + ENTRY_CONTROL,
			      bytes, sizeof(bytes));
	p->entries[v * ENTRY + ENTRY_CONTROL] = how & 1;
}

static void write_control(struct programmed *p, struct input *input)
{
	uint8_t how = input_u8(input);

	p->control = (uint16_t)((how & 3) << 14);
	if (how & 4)
		pt_function_config_write(p->rig.function, CONTROL + 1, 1, p->control >> 8);
	else if (how & 8)
		pt_function_config_write(p->rig.function, CAP, 4, (uint32_t)p->control << 16);
	else
		pt_function_config_write(p->rig.function, CONTROL, 2, p->control);
}

static void raise(struct programmed *p, struct input *input)
{
	unsigned v = input_u8(input) % p->count;
	unsigned before = p->rig.guest->vectors[v].delivered;
	bool armed = model_trigger_fd(p->rig.host, PT_IRQ_MSIX, v) >= 0;

	model_raise(p->rig.host, v);
	if (!exact(p) || !(p->control & ENABLE) || !armed)
		return;
	if (live(p, v))
		rig_require(&p->rig, p->rig.guest->vectors[v].delivered == before + 1,
			    "vector %u is live and was not delivered", v);
	else
		p->pending[v] = true;
}

/*
 * A device whose vectors are all armed anew may show an interrupt more, never one less. Looking makes calls, of which
 * one may be the one to fail.
 */
static void check_pba(struct programmed *p)
{
	for (unsigned v = 0; exact(p) && v < p->count; v++) {
		bool bit = pba_bit(p, v);

		rig_require(&p->rig, !exact(p) || bit || !p->pending[v],
			    "vector %u is pending and not shown", v);
		rig_require(&p->rig,
			    !exact(p) || !bit || p->pending[v] || p->rig.host->pci.noresize,
			    "vector %u is shown as pending", v);
	}
}

static void arm_fault(struct programmed *p, struct input *input)
{
	static const int errors[] = {-ENOMEM, -EIO, -ENODEV, -EINVAL, -ENOSPC, -EMFILE};
	struct model_fault *fault = model_fault(p->rig.model);
	uint8_t countdown = input_u8(input) % 32;

	if (fault->countdown > 0 || fault->fired)
		return;
	fault->error = errors[input_u8(input) % (sizeof(errors) / sizeof(errors[0]))];
	fault->countdown = countdown;
}

static void step(struct programmed *p, struct input *input)
{
	struct pt_function *function = p->rig.function;

	switch (input_u8(input) % STEP_KINDS) {
	case STEP_TABLE:
		write_table(p, input);
		break;
	case STEP_MASK:
		mask(p, input);
		break;
	case STEP_CONTROL:
		write_control(p, input);
		break;
	case STEP_RAISE:
		raise(p, input);
		break;
	case STEP_PBA:
		check_pba(p);
		break;
	case STEP_MSI:
		pt_function_config_write(function, 0x62, 2, input_u8(input));
		break;
	case STEP_COMMAND:
		pt_function_config_write(function, 0x04, 2, input_u16(input));
		break;
	case STEP_RESET:
		pt_function_config_write(function, 0x88, 2, 0x8000);
		forget(p);
		break;
	case STEP_RESTART:
		pt_function_stop(function);
		if (pt_function_start(function, &p->rig.err) < 0)
			input->left = 0;
		forget(p);
		break;
	case STEP_FAULT:
		arm_fault(p, input);
		break;
	}
}

static struct model_pci device_input(struct programmed *p, struct input *input)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};
	uint8_t flags = input_u8(input);

	p->count = 1 + input_u8(input) % VECTORS;
	p->pba_bar = flags & 1 ? 2 : 0;
	p->table = input_u8(input) * 8u;
	p->pba = (flags & 2 ? 2 * PAGE : 0) + (p->pba_bar ? 0 : p->table + p->count * ENTRY);
	model_config_init(&pci, 0x1234, 0x5678, 0x020000);
	pci.bars[0] = (struct model_bar){.size = BAR_SIZE, .is_64bit = flags & 4};
	pci.bars[2] = (struct model_bar){.size = BAR_SIZE};
	pci.config[0x3d] = 1;
	pci.noresize = flags & 8;
	model_config_msix(&pci, CAP, p->count, p->table_bar, p->table, p->pba_bar, p->pba);
	model_config_msi(&pci, 0x60, flags >> 4 & 7, true, flags & 0x80);
	model_config_express(&pci, 0x80);
	return pci;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	static struct programmed p;
	struct model_pci pci;
	struct pt_function_setup setup;
	int r;

	memset(&p, 0, sizeof(p));
	pci = device_input(&p, &input);
	setup = rig_setup(&pci);
	rig_new(&p.rig, &pci);
	p.rig.host->grant = input_u8(&input) % 64;
	forget(&p);
	r = rig_up(&p.rig, &setup);
	rig_require(&p.rig, r == 0, "%s", p.rig.err.message);
	for (unsigned i = 0; i < STEPS_MAX && input.left > 0; i++) {
		step(&p, &input);
		check(&p);
	}
	check_armed(&p);
	check_pba(&p);
	rig_down(&p.rig);
	return 0;
}
