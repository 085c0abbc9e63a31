/* SPDX-License-Identifier: MIT */
#include "function_internal.h"

#define PM_CONTROL	  4u
#define PM_STATE	  0x3u
#define PCIE_CAPABILITIES 4u /* of the device */
#define PCIE_CAPABLE_FLR  0x10000000u
#define PCIE_CONTROL	  8u
#define PCIE_CONTROL_FLR  0x8000u
#define AF_CAPABILITIES	  3u
#define AF_CAPABLE_FLR	  0x02u
#define AF_CONTROL	  4u
#define AF_CONTROL_FLR	  0x01u

/* Of COMMAND, what the guest reads is what it wrote. */
#define COMMAND_SHADOWED ((uint32_t)(PT_COMMAND_IO | PT_COMMAND_MEMORY | PT_COMMAND_MASTER))

void pt_report(struct pt_function *function, const struct pt_error *err)
{
	if (function->ops->report)
		function->ops->report(function->ctx, err);
}

void pt_report_callback(struct pt_function *function, struct pt_error *err)
{
	(void)pt_error_prefix(err, err->code, "%s", pt_device_name(function->device));
	pt_report(function, err);
}

static bool lost(const struct pt_function *function)
{
	return pt_device_state(function->device) == PT_DEVICE_LOST;
}

static void report_dead(struct pt_function *function)
{
	struct pt_error err = PT_ERROR_INIT;

	if (function->dead_reported)
		return;
	function->dead_reported = true;
	pt_error_set(&err, -EIO, "%s: the device does not answer: its config space reads all ones",
		     pt_device_name(function->device));
	pt_error_remedy(
		&err, -EIO,
		"see the host's kernel log; a device that fell off its bus needs a bus reset or a power cycle");
	pt_report(function, &err);
}

/* Beyond its end, which with a mediated device is at byte 255, config space reads 0. */
static int device_config_read(struct pt_function *function, unsigned offset, unsigned size,
			      uint32_t *ret_value)
{
	uint64_t end = pt_device_region(function->device, PT_REGION_CONFIG)->size;
	uint8_t bytes[4] = {0};
	int r = 0;

	if (offset < end)
		r = pt_device_read(function->device, PT_REGION_CONFIG, offset, bytes,
				   size < end - offset ? size : end - offset);
	if (r < 0)
		return r;
	*ret_value = pt_load_le(bytes, size);
	return 0;
}

static int device_config_write(struct pt_function *function, unsigned offset, unsigned size,
			       uint32_t value, struct pt_error *err)
{
	uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
			    (uint8_t)(value >> 24)};
	uint64_t end = pt_device_region(function->device, PT_REGION_CONFIG)->size;
	int r = 0;

	if (offset < end)
		r = pt_device_write(function->device, PT_REGION_CONFIG, offset, bytes,
				    size < end - offset ? size : end - offset);
	if (r < 0)
		return pt_error_set(err, r, "%s: writing config space at 0x%x: %s",
				    pt_device_name(function->device), offset, strerror(-r));
	return 0;
}

/* Reads the device's config space, as 256 or 4096 bytes. @raw is zeroed. */
static int read_config(struct pt_function *function, uint8_t *raw, unsigned *ret_size,
		       struct pt_error *err)
{
	const char *bdf = pt_device_name(function->device);
	uint64_t size = pt_device_region(function->device, PT_REGION_CONFIG)->size;
	int r;

	if (size < PT_CONFIG_HEADER)
		return pt_error_set(err, -EIO, "%s: its config space has %u bytes, fewer than %u",
				    bdf, (unsigned)size, PT_CONFIG_HEADER);
	if (size > PT_CONFIG_SIZE)
		size = PT_CONFIG_SIZE;
	else if (size > 256 && size < PT_CONFIG_SIZE)
		size = 256;
	r = pt_device_read(function->device, PT_REGION_CONFIG, 0, raw, size);
	if (r < 0)
		return pt_error_set(err, r, "%s: reading config space: %s", bdf, strerror(-r));
	if (pt_load_le(raw + PT_CONFIG_VENDOR, 4) == UINT32_MAX) {
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

/* Without an IOMMU the guest's addresses are not the device's: it must never be a bus master. */
static bool no_dma(const struct pt_function *function)
{
	return function->device->space->setup.unsafe_noiommu;
}

static void report_no_dma(struct pt_function *function)
{
	struct pt_error err = PT_ERROR_INIT;

	if (function->no_dma_reported)
		return;
	function->no_dma_reported = true;
	pt_error_set(
		&err, -EPERM,
		"%s: the guest turns its DMA on, and it stays off: no IOMMU would keep it to the guest's memory",
		pt_device_name(function->device));
	pt_error_remedy(
		&err, -EPERM,
		"what needs DMA or message-signalled interrupts does not work with noiommu=unsafe; use a host "
		"with an IOMMU");
	pt_report(function, &err);
}

static void report_hidden(struct pt_function *function, const char *what)
{
	struct pt_error err = PT_ERROR_INIT;

	pt_error_set(&err, -EINVAL,
		     "%s: its %s capability is not usable and is not shown to the guest",
		     pt_device_name(function->device), what);
	pt_report(function, &err);
}

static void build_config(struct pt_function *function, const uint8_t *raw, unsigned size)
{
	struct pt_cap caps[PT_CAPS_MAX];
	unsigned count = pt_caps_walk(raw, size, caps);
	/* A message is a write to memory, which the device must be a bus master for. */
	bool hide_msi = no_dma(function) || pt_device_irq(function->device, PT_IRQ_MSI)->count == 0;
	bool hide_msix = no_dma(function);

	for (unsigned i = 0; i < count; i++) {
		/* The longest form of the MSI capability has 24 bytes. */
		if (caps[i].id == PT_CAP_MSI && caps[i].offset > 0x100 - 24)
			hide_msi = true;
		if (caps[i].id == PT_CAP_MSIX && !hide_msix &&
		    !pt_msix_usable(function, raw, caps[i].offset)) {
			hide_msix = true;
			report_hidden(function, "MSI-X");
		}
	}
	pt_vconfig_build(&function->config, raw, size, function->setup.root_bus, hide_msi,
			 hide_msix);
}

static int build(struct pt_function *function, struct pt_error *err)
{
	uint8_t *raw = pt_alloc(function->sys, PT_CONFIG_SIZE);
	unsigned size = 0;
	int r;

	if (!raw)
		return pt_no_memory(err, pt_device_name(function->device));
	r = read_config(function, raw, &size, err);
	if (r == 0)
		r = pt_bars_init(function, raw, err);
	if (r == 0) {
		build_config(function, raw, size);
		function->pin =
			raw[PT_CONFIG_INTERRUPT_PIN] <= 4 ? raw[PT_CONFIG_INTERRUPT_PIN] : 0;
		if (pt_device_irq(function->device, PT_IRQ_INTX)->count == 0)
			function->pin = 0;
		r = pt_msi_init(function, raw, err);
	}
	if (r == 0)
		r = pt_msix_init(function, raw, err);
	if (r == 0)
		r = pt_bars_map(function, err);
	pt_free(function->sys, raw);
	return r;
}

PT_PUBLIC int pt_function_create(struct pt_device *device, const struct pt_function_setup *setup,
				 const struct pt_guest_ops *ops, void *ctx,
				 struct pt_function **ret_function, struct pt_error *err)
{
	struct pt_function *function;
	int r = pt_device_require(device, 1u << PT_DEVICE_ATTACHED, "make a guest function of it",
				  err);

	if (r < 0)
		return r;
	function = pt_alloc(device->sys, sizeof(*function));
	if (!function)
		return pt_no_memory(err, device->host.name);
	function->sys = device->sys;
	function->device = device;
	function->setup = *setup;
	function->ops = ops;
	function->ctx = ctx;
	function->intx.trigger = function->intx.resample = -1;
	r = build(function, err);
	if (r < 0) {
		pt_function_destroy(function);
		return r;
	}
	*ret_function = function;
	return 0;
}

PT_PUBLIC void pt_function_destroy(struct pt_function *function)
{
	if (!function)
		return;
	pt_function_stop(function);
	pt_vectors_done(function, &function->msi.vectors);
	pt_msix_done(function);
	pt_free(function->sys, function);
}

/* The function as at power-on, for a guest that has not touched it. */
static int reset_view(struct pt_function *function, struct pt_error *err)
{
	pt_vconfig_reset(&function->config);
	pt_msix_reset(function);
	function->command = 0;
	function->powered = true;
	return device_config_write(function, PT_CONFIG_COMMAND, 2, 0, err);
}

PT_PUBLIC int pt_function_start(struct pt_function *function, struct pt_error *err)
{
	int r = pt_device_require(function->device, 1u << PT_DEVICE_ATTACHED, "start it", err);

	if (r == 0)
		r = reset_view(function, err);
	if (r < 0)
		return r;
	function->running = true;
	r = pt_irq_sync(function, err);
	if (r < 0) {
		function->running = false;
		return r;
	}
	pt_device_move(function->device, PT_DEVICE_RUNNING);
	return 0;
}

/*
 * Bus mastering goes first, so that nothing of the device's is under way when its interrupts and
 * BARs go; the kernel's reset restores COMMAND as it was, so it is all clear before.
 */
static void quiesce_and_reset(struct pt_function *function)
{
	uint16_t no_master = function->command & (uint16_t)~PT_COMMAND_MASTER;
	struct pt_error err = PT_ERROR_INIT;
	bool gone = lost(function);

	if (device_config_write(function, PT_CONFIG_COMMAND, 2, no_master, &err) < 0 && !gone)
		pt_report(function, &err);
	pt_irq_stop(function);
	pt_bars_withdraw(function, 0, false);
	if (device_config_write(function, PT_CONFIG_COMMAND, 2, 0, &err) < 0 && !gone)
		pt_report(function, &err);
	if (!lost(function) && pt_device_reset(function->device, &err) < 0)
		pt_report(function, &err);
}

PT_PUBLIC void pt_function_stop(struct pt_function *function)
{
	if (!function->running)
		return;
	quiesce_and_reset(function);
	function->running = false;
	if (pt_device_state(function->device) == PT_DEVICE_RUNNING)
		pt_device_move(function->device, PT_DEVICE_ATTACHED);
}

/* The guest asked for a function-level reset. It loses what a reset loses; the function stays
 * started. */
static void guest_reset(struct pt_function *function)
{
	struct pt_error err = PT_ERROR_INIT;

	quiesce_and_reset(function);
	if (reset_view(function, &err) < 0 || pt_irq_sync(function, &err) < 0)
		pt_report(function, &err);
}

static bool valid_access(const struct pt_function *function, unsigned offset, unsigned size)
{
	return (size == 1 || size == 2 || size == 4) && offset % size == 0 &&
	       offset < function->config.size;
}

static uint32_t ones(unsigned size)
{
	return UINT32_MAX >> (32 - 8 * size);
}

PT_PUBLIC uint32_t pt_function_config_read(struct pt_function *function, unsigned offset,
					   unsigned size)
{
	uint32_t virt, value = 0;

	function->stats.config_accesses++;
	if (!valid_access(function, offset, size) || lost(function))
		return size >= 1 && size <= 4 ? ones(size) : UINT32_MAX;
	pt_msi_update_pending(function, offset, size);
	virt = pt_vconfig_virt(&function->config, offset, size);
	if (virt != ones(size) && device_config_read(function, offset, size, &value) < 0)
		return ones(size);
	/* What decodes is what the guest wrote, whatever a device makes of it: a mediated one may not keep it. */
	if (offset == PT_CONFIG_COMMAND)
		value = (value & ~COMMAND_SHADOWED) | (function->command & COMMAND_SHADOWED);
	if (offset == PT_CONFIG_VENDOR && (uint16_t)value == UINT16_MAX)
		report_dead(function);
	return (value & ~virt) | pt_vconfig_get(&function->config, offset, size);
}

/* The byte of an access that lands on @offset, or @otherwise when it does not reach it. */
static uint8_t byte_at(unsigned at, unsigned size, uint32_t value, unsigned offset,
		       uint8_t otherwise)
{
	if (offset < at || offset >= at + size)
		return otherwise;
	return (uint8_t)(value >> (8 * (offset - at)));
}

/* A function that cannot be reset ignores the bit. PCI Express base 7.5.3.4; PCI Advanced
 * Capabilities ECN. */
static bool asks_for_reset(struct pt_function *function, unsigned offset, unsigned size,
			   uint32_t value)
{
	unsigned pcie = function->config.pcie, af = function->config.af;
	uint32_t capable;

	if (pcie != 0 &&
	    byte_at(offset, size, value, pcie + PCIE_CONTROL + 1, 0) & PCIE_CONTROL_FLR >> 8)
		return device_config_read(function, pcie + PCIE_CAPABILITIES, 4, &capable) == 0 &&
		       capable & PCIE_CAPABLE_FLR;
	if (af != 0 && byte_at(offset, size, value, af + AF_CONTROL, 0) & AF_CONTROL_FLR)
		return device_config_read(function, af + AF_CAPABILITIES, 1, &capable) == 0 &&
		       capable & AF_CAPABLE_FLR;
	return false;
}

/* What the write makes of COMMAND and of the power state. */
static void look_ahead(const struct pt_function *function, unsigned offset, unsigned size,
		       uint32_t value, uint16_t *ret_command, bool *ret_powered)
{
	unsigned pm = function->config.pm;
	uint8_t low = byte_at(offset, size, value, PT_CONFIG_COMMAND, (uint8_t)function->command);
	uint8_t high = byte_at(offset, size, value, PT_CONFIG_COMMAND + 1,
			       (uint8_t)(function->command >> 8));

	*ret_command = (uint16_t)(low | high << 8);
	*ret_powered = function->powered;
	if (pm != 0 && offset <= pm + PM_CONTROL && offset + size > pm + PM_CONTROL)
		*ret_powered = (byte_at(offset, size, value, pm + PM_CONTROL, 0) & PM_STATE) == 0;
}

PT_PUBLIC void pt_function_config_write(struct pt_function *function, unsigned offset,
					unsigned size, uint32_t value)
{
	struct pt_error err = PT_ERROR_INIT;
	uint16_t command;
	uint32_t virt;
	bool powered;

	function->stats.config_accesses++;
	if (!function->running || !valid_access(function, offset, size))
		return;
	if (asks_for_reset(function, offset, size, value)) {
		guest_reset(function);
		return;
	}
	look_ahead(function, offset, size, value, &command, &powered);
	pt_vconfig_put(&function->config, offset, size, value);
	pt_bars_withdraw(function, command, powered);
	if (offset == PT_CONFIG_COMMAND && no_dma(function) && command & PT_COMMAND_MASTER) {
		value &= ~PT_COMMAND_MASTER;
		report_no_dma(function);
	}
	virt = pt_vconfig_virt(&function->config, offset, size);
	if (virt != ones(size) &&
	    device_config_write(function, offset, size, value & ~virt, &err) < 0) {
		/* Whether the device decodes is not known: what was taken out stays out. */
		pt_report(function, &err);
		return;
	}
	function->command = command;
	function->powered = powered;
	pt_bars_place(function);
	if (pt_irq_sync(function, &err) < 0)
		pt_report(function, &err);
}

PT_PUBLIC void pt_function_bar_read(struct pt_function *function, unsigned bar, uint64_t offset,
				    void *buf, size_t size)
{
	function->stats.bar_accesses++;
	pt_intx_poll(function);
	if (bar < PT_BARS && !lost(function) && pt_msix_read(function, bar, offset, buf, size))
		return;
	if (bar >= PT_BARS ||
	    pt_device_read(function->device, PT_REGION_BAR0 + bar, offset, buf, size) < 0)
		memset(buf, 0xff, size);
}

PT_PUBLIC void pt_function_bar_write(struct pt_function *function, unsigned bar, uint64_t offset,
				     const void *buf, size_t size)
{
	function->stats.bar_accesses++;
	pt_intx_poll(function);
	if (bar >= PT_BARS || pt_msix_write(function, bar, offset, buf, size))
		return;
	(void)pt_device_write(function->device, PT_REGION_BAR0 + bar, offset, buf, size);
}

PT_PUBLIC struct pt_bar pt_function_bar(const struct pt_function *function, unsigned index)
{
	struct pt_bar bar = {0};

	if (index >= PT_BARS)
		return bar;
	bar = function->bars[index].bar;
	/* While it is placed, where it is placed; else where the guest's register would have it. */
	if (!bar.mapped)
		bar.address = pt_bar_address(function, index);
	return bar;
}

PT_PUBLIC struct pt_function_stats pt_function_stats(const struct pt_function *function)
{
	struct pt_function_stats stats = function->stats;

	stats.intx = function->mode == PT_MODE_INTX;
	stats.msi_vectors = pt_vectors_connected(&function->msi.vectors);
	stats.msix_vectors = pt_vectors_connected(&function->msix.vectors);
	return stats;
}
