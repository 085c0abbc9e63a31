/* SPDX-License-Identifier: MIT */
/*
 * The capability lists of a device that cannot be trusted, and the guest's view that is made of them.
 *
 * Whatever the bytes are: the lists end; the guest is shown the capabilities that are not hidden, all of them, in the
 * device's order, and cannot change the links; of what is hidden no byte is shown; a bit that the guest may write is
 * virtual; and the bits that reset the function or enable its interrupts are never the device's own.
 */
#include "config_input.h"
#include "vconfig.h"

#define HIDDEN_MSI  1u
#define HIDDEN_MSIX 2u

struct view {
	uint8_t raw[PT_CONFIG_SIZE];
	unsigned size;
	unsigned hide;
	struct pt_vconfig config;
};

static unsigned shown(const struct view *view, unsigned at, unsigned size)
{
	uint32_t virt = pt_vconfig_virt(&view->config, at, size);

	return (pt_load_le(view->raw + at, size) & ~virt) | pt_vconfig_get(&view->config, at, size);
}

/* What a guest must never be shown, whatever else is hidden. */
static bool must_hide(const struct view *view, unsigned id)
{
	return id == PT_CAP_EA || (view->hide & HIDDEN_MSI && id == PT_CAP_MSI) ||
	       (view->hide & HIDDEN_MSIX && id == PT_CAP_MSIX);
}

static bool must_hide_ext(unsigned id)
{
	return id == PT_EXT_CAP_SRIOV || id == PT_EXT_CAP_ATS || id == PT_EXT_CAP_PRI ||
	       id == PT_EXT_CAP_PASID;
}

/* What the guest depends on cannot go missing. */
static bool must_show(const struct view *view, unsigned id)
{
	return id == PT_CAP_PM || id == PT_CAP_PCIE ||
	       (id == PT_CAP_MSI && !(view->hide & HIDDEN_MSI)) ||
	       (id == PT_CAP_MSIX && !(view->hide & HIDDEN_MSIX));
}

static void require_list(const struct pt_cap *caps, unsigned count, unsigned first, unsigned end)
{
	fuzz_require(count <= PT_CAPS_MAX, "%u capabilities", count);
	for (unsigned i = 0; i < count; i++) {
		fuzz_require(caps[i].offset >= first && caps[i].offset + 4u <= end &&
				     caps[i].offset % 4 == 0,
			     "a capability at 0x%x", caps[i].offset);
		for (unsigned k = 0; k < i; k++)
			fuzz_require(caps[k].offset != caps[i].offset, "0x%x is listed twice",
				     caps[i].offset);
	}
}

/* Where a capability ends: at the next of its list, or at the list's end. */
static unsigned end_of(const struct pt_cap *caps, unsigned count, unsigned at, unsigned end)
{
	for (unsigned i = 0; i < count; i++) {
		if (caps[i].offset > at && caps[i].offset < end)
			end = caps[i].offset;
	}
	return end;
}

static void require_covered(const struct view *view, unsigned at, unsigned end)
{
	for (; at < end; at++)
		fuzz_require(view->config.virt[at] == 0xff,
			     "0x%x is of a hidden capability and is the device's", at);
}

/* The guest can read a link, and not change it. */
static unsigned follow(const struct view *view, unsigned at, unsigned size, uint32_t mask)
{
	fuzz_require((pt_vconfig_virt(&view->config, at, size) & mask) == mask,
		     "the link at 0x%x is the device's", at);
	fuzz_require((pt_load_le(view->config.writable + at, size) & mask) == 0,
		     "the link at 0x%x can be written", at);
	return shown(view, at, size) & mask;
}

static void require_owned(const struct view *view, unsigned at, unsigned size, uint32_t bits,
			  const char *what)
{
	fuzz_require((pt_vconfig_virt(&view->config, at, size) & bits) == bits,
		     "at 0x%x: %s is the device's", at, what);
}

static void require_safe(const struct view *view, const struct pt_cap *cap, unsigned room)
{
	if (cap->id == PT_CAP_MSI)
		require_owned(view, cap->offset + 2u, 2, 0x0071, "MSI enable");
	if (cap->id == PT_CAP_MSIX)
		require_owned(view, cap->offset + 2u, 2, 0xc000, "MSI-X enable");
	if (cap->id == PT_CAP_PCIE && room >= 0x0a)
		require_owned(view, cap->offset + 8u, 2, 0x8000, "function-level reset");
	if (cap->id == PT_CAP_AF && room >= 5)
		require_owned(view, cap->offset + 4u, 1, 0x01, "function-level reset");
}

/* The guest's list is the device's without what is hidden: whoever is not next in it must be all hidden. */
static void check_caps(const struct view *view)
{
	struct pt_cap caps[PT_CAPS_MAX];
	unsigned count = pt_caps_walk(view->raw, view->size, caps);
	unsigned at = follow(view, 0x34, 1, 0xff);

	require_list(caps, count, 0x40, 0x100);
	for (unsigned i = 0; i < count; i++) {
		unsigned end = end_of(caps, count, caps[i].offset, 0x100);

		if (at != caps[i].offset) {
			fuzz_require(!must_show(view, caps[i].id),
				     "0x%x is hidden, the next is 0x%x", caps[i].offset, at);
			require_covered(view, caps[i].offset, end);
			continue;
		}
		fuzz_require(!must_hide(view, caps[i].id), "0x%x is shown", at);
		fuzz_require(shown(view, at, 1) == caps[i].id, "0x%x is not shown as %u", at,
			     caps[i].id);
		require_safe(view, &caps[i], end - at);
		at = follow(view, at + 1, 1, 0xff);
	}
	fuzz_require(at == 0, "the list goes on at 0x%x", at);
}

/* The first has no link to it: hidden, it is shown as a null capability. */
static void check_ext_caps(const struct view *view)
{
	struct pt_cap caps[PT_CAPS_MAX];
	unsigned count = pt_ext_caps_walk(view->raw, view->size, caps);
	unsigned at = 0x100;

	require_list(caps, count, 0x100, view->size);
	for (unsigned i = 0; i < count; i++) {
		unsigned end = end_of(caps, count, caps[i].offset, PT_CONFIG_SIZE);
		bool hidden = at != caps[i].offset || shown(view, at, 2) != caps[i].id;

		fuzz_require(hidden || !must_hide_ext(caps[i].id), "0x%x is shown", at);
		if (hidden)
			require_covered(view, caps[i].offset, end);
		if (at != caps[i].offset)
			continue;
		fuzz_require(!hidden || (i == 0 && shown(view, at, 2) == 0),
			     "0x%x is not shown as %u", at, caps[i].id);
		at = follow(view, at + 2, 2, 0xfff0) >> 4;
	}
	fuzz_require(count == 0 || at == 0, "the extended list goes on at 0x%x", at);
}

static void check_bits(const struct view *view)
{
	const struct pt_vconfig *config = &view->config;

	for (unsigned i = 0; i < PT_CONFIG_SIZE; i++) {
		fuzz_require(!(config->writable[i] & ~config->virt[i]),
			     "0x%x: bits %02x are writable and not virtual", i,
			     config->writable[i] & ~config->virt[i]);
		fuzz_require(!((config->value[i] | config->initial[i]) & ~config->virt[i]),
			     "0x%x: bits %02x have a value and are not virtual", i,
			     (config->value[i] | config->initial[i]) & ~config->virt[i]);
		fuzz_require(i < view->size || config->virt[i] == 0, "0x%x is beyond the end", i);
	}
}

/* A write changes what is writable within it and nothing else; a reset undoes it. */
static void check_write(struct view *view, unsigned at, unsigned size, uint32_t value)
{
	static struct pt_vconfig before;
	uint32_t writable = pt_load_le(view->config.writable + at, size);
	uint32_t old = pt_vconfig_get(&view->config, at, size);

	before = view->config;
	pt_vconfig_put(&view->config, at, size, value);
	fuzz_require(pt_vconfig_get(&view->config, at, size) ==
			     ((old & ~writable) | (value & writable)),
		     "0x%x: a write of 0x%x gives 0x%x", at, value,
		     pt_vconfig_get(&view->config, at, size));
	memcpy(before.value + at, view->config.value + at, size);
	fuzz_require(!memcmp(&before, &view->config, sizeof(before)),
		     "a write at 0x%x changed something else", at);
}

static void check_writes(struct view *view, struct input *input)
{
	for (unsigned i = 0; i < 16 && input->left > 0; i++) {
		unsigned size = 1u << input_u8(input) % 3;
		unsigned at = input_u16(input) % view->size & ~(size - 1);

		check_write(view, at, size, input_u32(input));
	}
	pt_vconfig_reset(&view->config);
	fuzz_require(!memcmp(view->config.value, view->config.initial, sizeof(view->config.value)),
		     "a reset leaves something");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	static struct model_pci pci;
	static struct view view;
	uint8_t flags = input_u8(&input);
	struct pt_vconfig_setup setup = {
		.root_bus = flags & 2,
		.multifunction = flags & 0x10,
		.hide_msi = flags & 4,
		.hide_msix = flags & 8,
		.pin = flags >> 5 & 3,
		.bar_size = {0x4000, 0, 0x100000},
	};

	memset(&pci, 0, sizeof(pci));
	model_config_init(&pci, 0x1234, 0x5678, 0x020000);
	config_input(&input, &pci);
	memcpy(view.raw, pci.config, sizeof(view.raw));
	view.size = flags & 1 ? 256 : PT_CONFIG_SIZE;
	view.hide = (setup.hide_msi ? HIDDEN_MSI : 0) | (setup.hide_msix ? HIDDEN_MSIX : 0);
	pt_vconfig_build(&view.config, view.raw, view.size, &setup);
	check_bits(&view);
	check_caps(&view);
	check_ext_caps(&view);
	check_writes(&view, &input);
	return 0;
}
