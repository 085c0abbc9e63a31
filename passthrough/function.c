/* SPDX-License-Identifier: MIT */
#include "function_internal.h"

/* Of COMMAND, what the guest reads is what it wrote. */
#define COMMAND_SHADOWED ((uint32_t)(PT_COMMAND_IO | PT_COMMAND_MEMORY | PT_COMMAND_MASTER))

void pt_report(struct pt_function *function, const struct pt_error *err)
{
	if (function->ops->report)
		function->ops->report(function->ctx, PT_ERROR, err);
}

void pt_warn(struct pt_function *function, const struct pt_error *err)
{
	if (function->ops->report)
		function->ops->report(function->ctx, PT_WARNING, err);
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

static void warn_of_no_dma(struct pt_function *function)
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
	pt_warn(function, &err);
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
	r = pt_view_build(function, err);
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
	pt_rom_done(function);
	pt_free(function->sys, function);
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

static bool answers(struct pt_function *function)
{
	uint8_t header[PT_CONFIG_BAR0];

	return pt_device_read(function->device, PT_REGION_CONFIG, 0, header, sizeof(header)) < 0 ||
	       pt_config_answers(header);
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
	/* A guest that looks whether somebody is there is to hear it from the device. */
	if (offset == PT_CONFIG_VENDOR && !answers(function)) {
		report_dead(function);
		return ones(size);
	}
	value = (value & ~virt) | pt_vconfig_get(&function->config, offset, size);
	return pt_power_shown(function, offset, size, value);
}

/* What the write makes of COMMAND. */
static uint16_t command_asked(const struct pt_function *function, unsigned offset, unsigned size,
			      uint32_t value)
{
	uint8_t low =
		pt_byte_at(offset, size, value, PT_CONFIG_COMMAND, (uint8_t)function->command);
	uint8_t high = pt_byte_at(offset, size, value, PT_CONFIG_COMMAND + 1,
				  (uint8_t)(function->command >> 8));

	return (uint16_t)(low | high << 8);
}

PT_PUBLIC void pt_function_config_write(struct pt_function *function, unsigned offset,
					unsigned size, uint32_t value)
{
	struct pt_error err = PT_ERROR_INIT;
	unsigned power;
	uint16_t command;
	uint32_t virt;

	function->stats.config_accesses++;
	if (!function->running || !valid_access(function, offset, size))
		return;
	if (lost(function)) {
		pt_bars_withdraw(function, 0, false);
		return;
	}
	power = pt_power_asked(function, offset, size, value);
	if (pt_function_asked_to_reset(function, offset, size, value) ||
	    pt_power_resets(function, power)) {
		pt_function_reset(function);
		return;
	}
	command = command_asked(function, offset, size, value);
	if (power != function->power_state && pt_power_wake(function) < 0)
		return;
	pt_vconfig_put(&function->config, offset, size, value);
	pt_bars_withdraw(function, command, power == 0);
	if (offset == PT_CONFIG_COMMAND && pt_function_without_dma(function) &&
	    command & PT_COMMAND_MASTER) {
		value &= ~PT_COMMAND_MASTER;
		warn_of_no_dma(function);
	}
	virt = pt_vconfig_virt(&function->config, offset, size);
	if (virt != ones(size) &&
	    device_config_write(function, offset, size,
				(value & ~virt) | pt_vconfig_held(&function->config, offset, size),
				&err) < 0) {
		/* Whether the device decodes is not known: what was taken out stays out. */
		pt_report(function, &err);
		return;
	}
	function->command = command;
	pt_power_written(function, offset, size, power);
	pt_power_sleep(function);
	pt_bars_place(function);
	if (pt_irq_sync(function, &err) < 0)
		pt_report(function, &err);
}

PT_PUBLIC void pt_function_bar_read(struct pt_function *function, unsigned bar, uint64_t offset,
				    void *buf, size_t size)
{
	function->stats.bar_accesses++;
	pt_intx_poll(function);
	if (bar == PT_BAR_ROM && !lost(function)) {
		pt_rom_read(function, offset, buf, size);
		return;
	}
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

	if (index >= PT_BAR_COUNT)
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
