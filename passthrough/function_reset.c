/* SPDX-License-Identifier: MIT */
/*
 * A function on its way to and from power-on state.
 *
 * Down: into D0, since a function elsewhere has no BARs to quiet and some resets do not work there;
 * bus mastering off, so that nothing of the device's is under way when its interrupts and BARs go;
 * interrupts; BARs out of the guest; decoding off. Only then the reset, which revokes what is mapped
 * and restores COMMAND as it was: all clear.
 */
#include "function_internal.h"

#define PCIE_CAPABILITIES 4u /* of the device */
#define PCIE_CAPABLE_FLR  0x10000000u
#define PCIE_CONTROL	  8u
#define PCIE_CONTROL_FLR  0x8000u
#define AF_CAPABILITIES	  3u
#define AF_CAPABLE_FLR	  0x02u
#define AF_CONTROL	  4u
#define AF_CONTROL_FLR	  0x01u

/* A failure to look is reported: what the guest asked for is not done. */
static bool capable(struct pt_function *function, unsigned offset, unsigned size, uint32_t bit)
{
	struct pt_error err = PT_ERROR_INIT;
	uint8_t bytes[4];
	int r = pt_device_read(function->device, PT_REGION_CONFIG, offset, bytes, size);

	if (r == 0)
		return pt_load_le(bytes, size) & bit;
	pt_error_set(&err, r, "%s: reading whether it can be reset: %s",
		     pt_device_name(function->device), strerror(-r));
	pt_report(function, &err);
	return false;
}

/* A function that cannot be reset ignores the bit. PCI Express base 7.5.3.4; PCI Advanced
 * Capabilities ECN. */
bool pt_function_asked_to_reset(struct pt_function *function, unsigned offset, unsigned size,
				uint32_t value)
{
	unsigned pcie = function->config.pcie, af = function->config.af;

	if (pcie != 0 &&
	    pt_byte_at(offset, size, value, pcie + PCIE_CONTROL + 1, 0) & PCIE_CONTROL_FLR >> 8)
		return capable(function, pcie + PCIE_CAPABILITIES, 4, PCIE_CAPABLE_FLR);
	if (af != 0 && pt_byte_at(offset, size, value, af + AF_CONTROL, 0) & AF_CONTROL_FLR)
		return capable(function, af + AF_CAPABILITIES, 1, AF_CAPABLE_FLR);
	return false;
}

static int write_command(struct pt_function *function, uint16_t command, struct pt_error *err)
{
	const uint8_t bytes[2] = {(uint8_t)command, (uint8_t)(command >> 8)};
	int r = pt_device_write(function->device, PT_REGION_CONFIG, PT_CONFIG_COMMAND, bytes,
				sizeof(bytes));

	if (r < 0)
		return pt_error_set(err, r, "%s: writing its command register: %s",
				    pt_device_name(function->device), strerror(-r));
	return 0;
}

static bool lost(const struct pt_function *function)
{
	return pt_device_state(function->device) == PT_DEVICE_LOST;
}

static void quiesce(struct pt_function *function)
{
	uint16_t no_master = function->command & (uint16_t)~PT_COMMAND_MASTER;
	struct pt_error err = PT_ERROR_INIT;
	bool gone = lost(function);

	pt_power_on(function);
	if (write_command(function, no_master, &err) < 0 && !gone)
		pt_report(function, &err);
	pt_irq_stop(function);
	pt_bars_withdraw(function, 0, false);
	if (write_command(function, 0, &err) < 0 && !gone)
		pt_report(function, &err);
}

/* @stays: the guest uses it at once again, so that nobody else will do what is left undone. */
static void reset_device(struct pt_function *function, bool stays)
{
	struct pt_error err = PT_ERROR_INIT;
	bool waits = false;

	if (!lost(function) && pt_reset_ladder(function->device, &waits, &err) < 0 &&
	    (stays || !waits))
		pt_report(function, &err);
}

/* The function as at power-on, for a guest that has not touched it. */
static int reset_view(struct pt_function *function, struct pt_error *err)
{
	int r;

	pt_vconfig_reset(&function->config);
	pt_msix_reset(function);
	function->command = 0;
	function->dead_reported = false;
	r = write_command(function, 0, err);
	/* A reset that failed may have left it where its BARs must not be. */
	return r < 0 ? r : pt_power_learn(function, err);
}

/* What was left undone when it was stopped. */
static void reset_if_owed(struct pt_function *function)
{
	struct pt_error err = PT_ERROR_INIT;
	bool waits;
	int r;

	if (!function->device->reset_owed)
		return;
	r = pt_reset_ladder(function->device, &waits, &err);
	if (r < 0) {
		(void)pt_error_prefix(&err, r, "it starts without a reset");
		/* It can do no more than it could before; what it lacks was told when it was stopped. */
		pt_warn(function, &err);
	}
}

static int start(struct pt_function *function, struct pt_error *err)
{
	int r;

	reset_if_owed(function);
	r = reset_view(function, err);
	if (r < 0)
		return r;
	function->running = true;
	r = pt_irq_sync(function, err);
	if (r < 0)
		function->running = false;
	return r;
}

PT_PUBLIC int pt_function_start(struct pt_function *function, struct pt_error *err)
{
	int r = pt_device_run(function->device, err);

	if (r < 0)
		return r;
	r = start(function, err);
	if (r < 0 && !lost(function))
		pt_device_move(function->device, PT_DEVICE_ATTACHED);
	return r;
}

PT_PUBLIC void pt_function_stop(struct pt_function *function)
{
	if (!function->running)
		return;
	quiesce(function);
	function->running = false;
	if (!lost(function))
		pt_device_move(function->device, PT_DEVICE_ATTACHED);
	reset_device(function, false);
	pt_reset_waiting(function->device);
}

PT_PUBLIC void pt_function_reset(struct pt_function *function)
{
	struct pt_error err = PT_ERROR_INIT;
	bool gone;

	if (!function->running)
		return;
	quiesce(function);
	reset_device(function, true);
	gone = lost(function);
	if ((reset_view(function, &err) < 0 || pt_irq_sync(function, &err) < 0) && !gone)
		pt_report(function, &err);
}
