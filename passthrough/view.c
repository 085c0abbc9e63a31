/* SPDX-License-Identifier: MIT */
/*
 * The guest's view of a function, made of what its device says once, when the function is created.
 *
 * A device may say anything, and something else the next time: what is decided here is not asked for
 * again.
 */
#include "clique.h"
#include "function_internal.h"

/* Reads the device's config space, as 256 or 4096 bytes; that of a mediated device may be shorter. @raw is zeroed. */
static int read_config(struct pt_function *function, uint8_t *raw, unsigned *ret_size,
		       struct pt_error *err)
{
	const char *bdf = pt_device_name(function->device);
	uint64_t size = pt_device_region(function->device, PT_REGION_CONFIG)->size;
	int r;

	if (size < PT_CONFIG_HEADER)
		return pt_error_set(err, -EIO, "%s: its config space has %u bytes, fewer than %u",
				    bdf, (unsigned)size, PT_CONFIG_HEADER);
	if (size > 256)
		size = size >= PT_CONFIG_SIZE ? PT_CONFIG_SIZE : 256;
	r = pt_device_read(function->device, PT_REGION_CONFIG, 0, raw, size);
	if (r < 0)
		return pt_error_set(err, r, "%s: reading config space: %s", bdf, strerror(-r));
	if (!pt_config_answers(raw)) {
		pt_error_set(err, -EIO,
			     "%s: the device does not answer: its config space reads all ones",
			     bdf);
		return pt_error_remedy(
			err, -EIO,
			"it may be in a low-power state it cannot leave, or off the bus: see the host's "
			"kernel log; a power cycle of the host brings it back");
	}
	*ret_size = size == PT_CONFIG_SIZE ? PT_CONFIG_SIZE : 256;
	return 0;
}

static void warn_of_hidden(struct pt_function *function, const char *what)
{
	struct pt_error err = PT_ERROR_INIT;

	pt_error_set(&err, -EINVAL,
		     "%s: its %s capability is not usable and is not shown to the guest",
		     pt_device_name(function->device), what);
	pt_warn(function, &err);
}

/* A pin that nothing would be delivered from is not shown. */
static unsigned usable_pin(const struct pt_function *function, const uint8_t *raw)
{
	unsigned pin = raw[PT_CONFIG_INTERRUPT_PIN];

	return pin <= 4 && pt_device_irq(function->device, PT_IRQ_INTX)->count > 0 ? pin : 0;
}

/* Whether an interrupt capability can be served; true for any other. */
static bool usable(const struct pt_function *function, const uint8_t *raw, const struct pt_cap *cap,
		   unsigned room)
{
	if (cap->id != PT_CAP_MSI && cap->id != PT_CAP_MSIX)
		return true;
	if (room < pt_cap_size(raw, cap, room))
		return false;
	if (cap->id == PT_CAP_MSI)
		return pt_device_irq(function->device, PT_IRQ_MSI)->count > 0;
	return pt_msix_usable(function, raw, cap->offset);
}

static void check_caps(struct pt_function *function, const uint8_t *raw, unsigned size,
		       struct pt_vconfig_setup *setup)
{
	struct pt_cap caps[PT_CAPS_MAX];
	unsigned count = pt_caps_walk(raw, size, caps);

	for (unsigned i = 0; i < count; i++) {
		unsigned room = pt_cap_room(caps, count, caps[i].offset, 0x100);

		if (usable(function, raw, &caps[i], room))
			continue;
		if (caps[i].id == PT_CAP_MSI)
			setup->hide_msi = true;
		else
			setup->hide_msix = true;
		warn_of_hidden(function, caps[i].id == PT_CAP_MSI ? "MSI" : "MSI-X");
	}
}

static int place_clique(struct pt_function *function, const uint8_t *raw, unsigned size,
			struct pt_vconfig_setup *setup, struct pt_error *err)
{
	const char *bdf = pt_device_name(function->device);

	if (!function->setup.has_gpudirect_clique)
		return 0;
	setup->clique = function->setup.gpudirect_clique;
	if (setup->clique > PT_CLIQUE_MAX)
		return pt_error_set(err, -EINVAL, "%s: GPUDirect clique %u: they are 0 to %u", bdf,
				    setup->clique, PT_CLIQUE_MAX);
	if (!pt_clique_device(raw))
		return pt_error_set(err, -EINVAL,
				    "%s: a GPUDirect clique is for NVIDIA display controllers, and "
				    "this is [%04x:%04x], class %06x",
				    bdf, pt_load_le(raw + PT_CONFIG_VENDOR, 2),
				    pt_load_le(raw + PT_CONFIG_VENDOR + 2, 2),
				    pt_load_le(raw + PT_CONFIG_CLASS, 3));
	setup->clique_at = pt_clique_place(raw, size);
	if (setup->clique_at == 0)
		return pt_error_set(err, -ENOSPC,
				    "%s: its own capabilities take the places that a GPUDirect "
				    "clique can be in",
				    bdf);
	return 0;
}

static int build_config(struct pt_function *function, const uint8_t *raw, unsigned size,
			struct pt_error *err)
{
	struct pt_vconfig_setup setup = {
		.root_bus = function->setup.root_bus,
		.multifunction = function->setup.multifunction,
		.pin = function->pin,
	};
	int r = place_clique(function, raw, size, &setup, err);

	if (r < 0)
		return r;
	/* A message is a write to memory, which the device must be a bus master for. */
	if (pt_function_without_dma(function))
		setup.hide_msi = setup.hide_msix = true;
	else
		check_caps(function, raw, size, &setup);
	for (unsigned i = 0; i < PT_BARS; i++)
		setup.bar_size[i] = function->bars[i].bar.size;
	pt_vconfig_build(&function->config, raw, size, &setup);
	return 0;
}

int pt_view_build(struct pt_function *function, struct pt_error *err)
{
	uint8_t *raw = pt_alloc(function->sys, PT_CONFIG_SIZE);
	unsigned size = 0;
	int r;

	if (!raw)
		return pt_no_memory(err, pt_device_name(function->device));
	r = read_config(function, raw, &size, err);
	if (r == 0)
		r = pt_bars_init(function, raw, err);
	if (r == 0)
		r = pt_rom_init(function, raw, err);
	if (r == 0) {
		function->pin = usable_pin(function, raw);
		r = build_config(function, raw, size, err);
	}
	if (r == 0)
		r = pt_msi_init(function, raw, err);
	if (r == 0)
		r = pt_msix_init(function, raw, err);
	if (r == 0)
		r = pt_bars_map(function, err);
	pt_free(function->sys, raw);
	return r;
}
