/* SPDX-License-Identifier: MIT */
/* The MSI capability as the guest programs it. PCI 3.0, 6.8.1. */
#include "function_internal.h"

#define CONTROL	       0x02
#define CONTROL_ENABLE 0x0001u
#define CONTROL_CAPABLE(control) \
	((control) >> 1 & 7) /* log2 of the messages that the device can send */
#define CONTROL_ALLOWED(control) \
	((control) >> 4 & 7) /* log2 of the messages that the guest gave it */
#define CONTROL_64BIT	 0x0080u
#define CONTROL_MASKABLE 0x0100u
#define ADDRESS		 0x04

static unsigned control(const struct pt_function *function)
{
	return pt_vconfig_get(&function->config, function->config.msi + CONTROL, 2);
}

bool pt_msi_enabled(const struct pt_function *function)
{
	return function->msi.vectors.count > 0 && control(function) & CONTROL_ENABLE;
}

unsigned pt_msi_allowed(const struct pt_function *function)
{
	return 1u << CONTROL_ALLOWED(control(function));
}

/* With several messages the device changes the low bits of the data. */
static struct pt_wanted wanted(const struct pt_function *function, unsigned v)
{
	const struct pt_vconfig *config = &function->config;
	const struct pt_msi *at = &function->msi;
	unsigned count = pt_msi_allowed(function);
	struct pt_wanted want = {0};

	if (!pt_msi_enabled(function) || v >= count)
		return want;
	want.live = !(at->mask && pt_vconfig_get(config, config->msi + at->mask, 4) >> v & 1);
	want.address = pt_vconfig_get(config, config->msi + ADDRESS, 4);
	if (at->upper)
		want.address |= (uint64_t)pt_vconfig_get(config, config->msi + at->upper, 4) << 32;
	want.data = (pt_vconfig_get(config, config->msi + at->data, 2) & ~(count - 1)) | v;
	return want;
}

int pt_msi_init(struct pt_function *function, const uint8_t *raw, struct pt_error *err)
{
	struct pt_msi *msi = &function->msi;
	unsigned flags, count, host = pt_device_irq(function->device, PT_IRQ_MSI)->count;

	if (function->config.msi == 0)
		return 0;
	flags = pt_load_le(raw + function->config.msi + CONTROL, 2);
	msi->upper = flags & CONTROL_64BIT ? 0x08 : 0;
	msi->data = flags & CONTROL_64BIT ? 0x0c : 0x08;
	msi->mask = flags & CONTROL_MASKABLE ? msi->data + 4 : 0;
	msi->pending = flags & CONTROL_MASKABLE ? msi->data + 8 : 0;
	count = 1u << CONTROL_CAPABLE(flags);
	if (count > 32)
		count = 32;
	msi->vectors.wanted = wanted;
	return pt_vectors_init(function, &function->msi.vectors, PT_IRQ_MSI,
			       count < host ? count : host, err);
}

void pt_msi_update_pending(struct pt_function *function, unsigned offset, unsigned size)
{
	struct pt_vconfig *config = &function->config;
	unsigned pending = function->msi.pending;
	uint8_t *bits;

	if (config->msi == 0 || pending == 0 ||
	    !pt_overlaps(offset, size, config->msi + pending, 4))
		return;
	bits = config->value + config->msi + pending;
	memset(bits, 0, 4);
	for (unsigned v = 0; v < function->msi.vectors.count; v++) {
		if (pt_vectors_pending(function, &function->msi.vectors, v))
			bits[v / 8] |= (uint8_t)(1u << v % 8);
	}
}
