/* SPDX-License-Identifier: MIT */
/*
 * The power state that the guest puts a function in. PCI Power Management 1.2, 3.2.4 and 5.4.
 *
 * Low power is the host's affair: with it, the kernel may put a function that the guest has in D3hot
 * lower still, and its root port too. That may be D3cold, where the function loses what it knows. So
 * it is done only where that cannot be noticed: the guest expects the loss (No_Soft_Reset is clear),
 * or the host forbids D3cold. In low power the kernel wakes the function into D0 for each access; so
 * the state that the guest reads is ours meanwhile.
 */
#include "function_internal.h"
#include "refusal.h"

#define PM_CONTROL	 4u
#define PM_STATE	 0x03u
#define PM_NO_SOFT_RESET 0x08u
#define D3HOT		 3u

/* Where the register is, 0 for nowhere: a capability may be cut off by the end of its list's space. */
static unsigned control_at(const struct pt_function *function)
{
	unsigned pm = function->config.pm;

	return pm != 0 && pm < 0x100 - PM_CONTROL ? pm + PM_CONTROL : 0;
}

static bool reaches(const struct pt_function *function, unsigned offset, unsigned size)
{
	unsigned at = control_at(function);

	return at != 0 && pt_overlaps(offset, size, at, 1);
}

unsigned pt_power_asked(const struct pt_function *function, unsigned offset, unsigned size,
			uint32_t value)
{
	if (!reaches(function, offset, size))
		return function->power_state;
	return pt_byte_at(offset, size, value, control_at(function), 0) & PM_STATE;
}

static int read_control(struct pt_function *function, uint8_t *ret_control)
{
	return pt_device_read(function->device, PT_REGION_CONFIG, control_at(function), ret_control,
			      1);
}

static struct pt_error refused(const struct pt_function *function, const char *what, int code)
{
	struct pt_error err = PT_ERROR_INIT;

	(void)pt_refused_call(function->device, PT_CALL_FEATURE, code, &err);
	(void)pt_error_prefix(&err, code, "%s: %s", pt_device_name(function->device), what);
	return err;
}

/* What is not known is reported; false then. */
static bool know_control(struct pt_function *function, uint8_t *ret_control)
{
	struct pt_error err = PT_ERROR_INIT;
	int r = read_control(function, ret_control);

	if (r < 0) {
		pt_error_set(&err, r, "%s: reading its power state: %s",
			     pt_device_name(function->device), strerror(-r));
		pt_report(function, &err);
	}
	return r == 0;
}

bool pt_power_resets(struct pt_function *function, unsigned asked)
{
	uint8_t control;

	if (function->power_state != D3HOT || asked != 0)
		return false;
	return know_control(function, &control) && !(control & PM_NO_SOFT_RESET);
}

/* A state that the function does not have is not entered: PCI Power Management 1.2, 3.2.4. */
void pt_power_written(struct pt_function *function, unsigned offset, unsigned size, unsigned asked)
{
	uint8_t control;

	if (!reaches(function, offset, size))
		return;
	if (know_control(function, &control))
		function->power_state = control & PM_STATE;
	else if (asked != 0)
		function->power_state = asked;
}

int pt_power_learn(struct pt_function *function, struct pt_error *err)
{
	uint8_t control = 0;
	int r = control_at(function) != 0 ? read_control(function, &control) : 0;

	if (r < 0)
		return pt_error_set(err, r, "%s: reading its power state: %s",
				    pt_device_name(function->device), strerror(-r));
	function->power_state = control & PM_STATE;
	return 0;
}

static bool d3cold_forbidden(const struct pt_function *function)
{
	char path[PT_PATH_SIZE], text[8];

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/d3cold_allowed",
		       pt_device_name(function->device));
	return pt_read_file(function->sys, path, text, sizeof(text)) > 0 && !strcmp(text, "0");
}

void pt_power_sleep(struct pt_function *function)
{
	struct pt_error err;
	uint8_t control;
	int r;

	if (!function->setup.low_power || function->low_power || function->power_state != D3HOT)
		return;
	if (!know_control(function, &control) ||
	    (control & PM_NO_SOFT_RESET && !d3cold_forbidden(function)))
		return;
	r = pt_device_low_power(function->device, true);
	function->low_power = r == 0;
	if (r == 0 || r == -ENOTTY)
		return;
	err = refused(function, "entering low power", r);
	pt_warn(function, &err);
}

int pt_power_wake(struct pt_function *function)
{
	struct pt_error err;
	int r;

	if (!function->low_power)
		return 0;
	r = pt_device_low_power(function->device, false);
	if (r < 0) {
		if (pt_device_state(function->device) != PT_DEVICE_LOST) {
			err = refused(function, "leaving low power", r);
			pt_report(function, &err);
		}
		return r;
	}
	function->low_power = false;
	return 0;
}

uint32_t pt_power_shown(const struct pt_function *function, unsigned offset, unsigned size,
			uint32_t value)
{
	unsigned shift;

	if (!function->low_power || !reaches(function, offset, size))
		return value;
	shift = 8 * (control_at(function) - offset);
	return (value & ~(PM_STATE << shift)) | function->power_state << shift;
}

void pt_power_on(struct pt_function *function)
{
	const uint8_t d0 = 0;

	/* When the kernel does not let go of it, it does at close. */
	(void)pt_power_wake(function);
	function->low_power = false;
	if (function->power_state != 0)
		(void)pt_device_write(function->device, PT_REGION_CONFIG, control_at(function), &d0,
				      1);
	function->power_state = 0;
}
