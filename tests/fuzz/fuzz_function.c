/* SPDX-License-Identifier: MIT */
/*
 * A guest that does what it likes to the config space and the BARs of a device that is what it likes, while calls to
 * the kernel fail, the machine is reset, and the device dies. What must hold is in rig.h.
 */
#include "config_input.h"
#include "rig.h"

#include <errno.h>

#define STEPS_MAX 150

static const int errors[] = {-ENOMEM, -EIO, -ENODEV, -EINVAL, -EBUSY, -EAGAIN, -ENOSPC, -EMFILE};

enum step {
	STEP_WRITE, /* config space, anywhere and of any size */
	STEP_READ,
	STEP_REGISTER, /* config space, where something happens */
	STEP_BAR_WRITE,
	STEP_BAR_READ,
	STEP_RAISE,
	STEP_LEVEL,
	STEP_EOI,
	STEP_RESTART,
	STEP_HEALTH,
	STEP_FAULT,
	STEP_KINDS,
};

/* Where a device's BARs are of which kind, and what of them the kernel lets be mapped. */
static void bars_input(struct input *input, struct model_pci *pci)
{
	for (unsigned i = 0; i < PT_BARS; i++) {
		uint8_t how = input_u8(input);
		struct model_bar *bar = &pci->bars[i];

		if (!(how & 1))
			continue;
		bar->io = (how & 6) == 6;
		bar->is_64bit = (how & 6) == 4 && i + 1 < PT_BARS;
		bar->prefetchable = (how & 6) == 4 && how & 0x80;
		bar->size = bar->io ? 4ull << (how >> 3 & 7) : 16ull << (how >> 3 & 15);
		bar->no_mmap = (how & 6) == 2 && how & 0x80;
		i += bar->is_64bit;
	}
	if (!(input_u8(input) & 1))
		return;
	pci->sparse_region = input_u8(input) % PT_BARS;
	pci->sparse_count = input_u8(input) % 5;
	for (unsigned i = 0; i < pci->sparse_count; i++) {
		pci->sparse[i].offset = (uint64_t)input_u8(input) << 10;
		pci->sparse[i].size = (uint64_t)input_u8(input) << 10;
	}
}

static struct model_pci device_input(struct input *input, struct model_device *ret_traits)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};
	uint8_t flags = input_u8(input);

	model_config_init(&pci, 0x1234, 0x5678, 0x020000);
	bars_input(input, &pci);
	pci.noresize = flags & 1;
	pci.msix_mappable = flags & 2;
	pci.config[0x3d] = flags >> 2 & 7;
	ret_traits->grant = flags & 0x40 ? 1u + input_u8(input) % 8 : 0;
	ret_traits->no_reset = flags & 0x20;
	config_input(input, &pci);
	if (flags & 0x80)
		pci.config_size = 256;
	return pci;
}

/* A ROM with one image, in which a byte may be wrong. */
static void rom_input(struct input *input, struct model_pci *pci, uint8_t how)
{
	static uint8_t bytes[0x1000];

	if (!(how & 4))
		return;
	memset(bytes, 0xff, sizeof(bytes));
	memcpy(bytes, "\x55\xaa", 2);
	memcpy(bytes + 0x18, "\x1c", 2);
	memcpy(bytes + 0x1c, "PCIR\x34\x12\x78\x56\0\0\x18\0\3\0\0\2\4\0\0\0\0\x80\0", 24);
	if (how & 0x20)
		bytes[input_u8(input) % 64] = input_u8(input);
	pci->rom = bytes;
	pci->rom_size = sizeof(bytes);
	pci->rom_space = 0x1000ull << (how >> 3 & 3);
}

/* Registers behind which something happens: COMMAND, the BARs, and the first registers of capabilities. */
static unsigned register_input(struct input *input, const struct model_pci *pci)
{
	uint8_t which = input_u8(input);
	unsigned at;

	if (which < 32)
		return 0x04;
	if (which < 96)
		return which % 7 == 6 ? 0x30 : 0x10 + which % 7 * 4;
	at = pci->config[0x34] & ~3u;
	for (unsigned i = 0; i < (which >> 4) - 6u && at >= 0x40; i++)
		at = pci->config[at + 1] & ~3u;
	return at + which % 16 * 2;
}

static void write_register(struct rig *rig, struct input *input)
{
	unsigned at = register_input(input, &rig->host->pci);
	uint8_t how = input_u8(input);
	unsigned size = at % 4 == 0 && how & 1 ? 4 : 2;
	uint32_t value = how & 2 ? input_u32(input) : input_u16(input);

	pt_function_config_write(rig->function, at, size, how & 4 ? value << 16 : value);
}

static void access_bar(struct rig *rig, struct input *input, bool write)
{
	uint8_t which = input_u8(input);
	size_t size = 1 + which / 8 % 8;
	uint64_t offset = which & 0x80 ? input_u64(input) : input_u16(input);
	uint8_t bytes[8];

	if (write) {
		input_bytes(input, bytes, sizeof(bytes));
		pt_function_bar_write(rig->function, which % 8, offset, bytes, size);
	} else {
		pt_function_bar_read(rig->function, which % 8, offset, bytes, size);
	}
}

/* A model that said where a call failed says it of one call only, so there is one a life. */
static void arm_fault(struct rig *rig, struct input *input)
{
	struct model_fault *fault = model_fault(rig->model);
	unsigned countdown = input_u8(input) % 64;

	if (fault->countdown > 0 || fault->fired)
		return;
	fault->error = errors[input_u8(input) % (sizeof(errors) / sizeof(errors[0]))];
	fault->countdown = countdown;
}

static void change_health(struct rig *rig, struct input *input)
{
	uint8_t how = input_u8(input);

	switch (how % 4) {
	case 0:
		rig->host->reset_eagain = how >> 2;
		break;
	case 1:
		rig->host->reset_error = how & 4 ? -EIO : 0;
		break;
	case 2:
		rig->host->grant = how >> 2;
		break;
	default:
		rig->host->dead = how & 0xfc;
		break;
	}
}

static void step(struct rig *rig, struct input *input)
{
	uint16_t at;
	uint8_t size;

	switch (input_u8(input) % STEP_KINDS) {
	case STEP_WRITE:
		at = input_u16(input);
		size = input_u8(input);
		pt_function_config_write(rig->function, at % 8192, size % 8, input_u32(input));
		break;
	case STEP_READ:
		at = input_u16(input);
		(void)pt_function_config_read(rig->function, at % 8192, input_u8(input) % 8);
		break;
	case STEP_REGISTER:
		write_register(rig, input);
		break;
	case STEP_BAR_WRITE:
		access_bar(rig, input, true);
		break;
	case STEP_BAR_READ:
		access_bar(rig, input, false);
		break;
	case STEP_RAISE:
		model_raise(rig->host, input_u16(input) % MODEL_VECTORS);
		break;
	case STEP_LEVEL:
		model_intx(rig->host, input_u8(input) & 1);
		break;
	case STEP_EOI:
		guest_eoi(rig->guest);
		break;
	case STEP_RESTART:
		pt_function_stop(rig->function);
		(void)pt_function_start(rig->function, &rig->err);
		break;
	case STEP_HEALTH:
		change_health(rig, input);
		break;
	case STEP_FAULT:
		arm_fault(rig, input);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct model_device traits = {0};
	struct model_pci pci = device_input(&input, &traits);
	struct pt_function_setup setup = rig_setup(&pci);
	uint8_t how = input_u8(&input);
	struct rig rig;
	int r;

	rom_input(&input, &pci, how);
	rig_new(&rig, &pci);
	rig.host->grant = traits.grant;
	rig.host->no_reset = traits.no_reset;
	setup.root_bus = how & 1;
	setup.low_power = how & 2;
	setup.multifunction = how & 0x40;
	setup.rom.address = 0xb0000000;
	setup.rom.source = how & 0x80 ? PT_ROM_NONE : PT_ROM_DEVICE;
	if (input_u8(&input) & 1)
		arm_fault(&rig, &input);
	r = rig_up(&rig, &setup);
	rig_check(&rig);
	for (unsigned i = 0; r == 0 && i < STEPS_MAX && input.left > 0; i++) {
		step(&rig, &input);
		rig_check(&rig);
	}
	rig_down(&rig);
	return 0;
}
