/* SPDX-License-Identifier: MIT */
#include "config_input.h"

#define PIECES_MAX 64

/* Capabilities that something depends on, and a few of which nothing does. */
static const uint8_t cap_ids[] = {0x01, 0x05, 0x10, 0x11, 0x13, 0x14, 0x09, 0x03};
static const uint16_t ecap_ids[] = {0x01, 0x0b, 0x0e, 0x0f, 0x10, 0x13,
				    0x15, 0x1b, 0x24, 0x02, 0x00, 0xffff};

enum piece { PIECE_END, PIECE_BYTES, PIECE_CAP, PIECE_MSIX, PIECE_ECAP, PIECE_KINDS };

static void put_bytes(struct input *input, struct model_pci *pci)
{
	unsigned at = input_u16(input) % MODEL_CONFIG_SIZE;
	unsigned size = input_u8(input);

	if (size > MODEL_CONFIG_SIZE - at)
		size = MODEL_CONFIG_SIZE - at;
	input_bytes(input, pci->config + at, size);
}

static void put_cap(struct input *input, struct model_pci *pci)
{
	uint8_t id = cap_ids[input_u8(input) % sizeof(cap_ids)];
	unsigned at = 0x40 + input_u8(input) % 48 * 4;
	uint8_t body[14];

	input_bytes(input, body, sizeof(body));
	model_config_cap(pci, at, id, body, 0x100 - at - 2 < sizeof(body) ? 2 : sizeof(body));
}

/* The first memory BAR from @from on; @from when there is none. */
static unsigned memory_bar(const struct model_pci *pci, unsigned from)
{
	for (unsigned i = 0; i < PT_BARS; i++) {
		unsigned bar = (from + i) % PT_BARS;

		if (pci->bars[bar].size > 0 && !pci->bars[bar].io)
			return bar;
	}
	return from % PT_BARS;
}

/* One that has a good chance to be served: of others, many bytes would have to be right at once. */
static void put_msix(struct input *input, struct model_pci *pci)
{
	unsigned at = 0x40 + input_u8(input) % 45 * 4;
	unsigned vectors = 1u + input_u8(input) % 64;
	unsigned bars = input_u8(input);
	uint32_t table = input_u8(input) * 64u;

	model_config_msix(pci, at, vectors, memory_bar(pci, bars % 6), table,
			  memory_bar(pci, bars / 6 % 6), input_u8(input) * 64u);
}

static void put_ecap(struct input *input, struct model_pci *pci)
{
	uint16_t id = ecap_ids[input_u8(input) % (sizeof(ecap_ids) / sizeof(ecap_ids[0]))];
	unsigned at = 0x100 + input_u8(input) * 8u;
	uint8_t body[4];

	input_bytes(input, body, sizeof(body));
	/* The list begins there. */
	model_config_ecap(pci, pci->last_ecap ? at : 0x100, id, body, sizeof(body));
}

void config_input(struct input *input, struct model_pci *pci)
{
	for (unsigned i = 0; i < PIECES_MAX; i++) {
		switch (input_u8(input) % PIECE_KINDS) {
		case PIECE_BYTES:
			put_bytes(input, pci);
			break;
		case PIECE_CAP:
			put_cap(input, pci);
			break;
		case PIECE_MSIX:
			put_msix(input, pci);
			break;
		case PIECE_ECAP:
			put_ecap(input, pci);
			break;
		default:
			return;
		}
	}
}
