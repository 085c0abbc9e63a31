/* SPDX-License-Identifier: MIT */
/* The power state that the guest puts a function in. PCI Power Management 1.2, 3.2.4 and 5.4. */
#include "function_internal.h"

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

bool pt_power_resets(struct pt_function *function, unsigned asked)
{
	uint8_t control;

	if (function->power_state != D3HOT || asked != 0)
		return false;
	return read_control(function, &control) == 0 && !(control & PM_NO_SOFT_RESET);
}

/* A state that the function does not have is not entered: PCI Power Management 1.2, 3.2.4. */
void pt_power_written(struct pt_function *function, unsigned offset, unsigned size, unsigned asked)
{
	uint8_t control;

	if (!reaches(function, offset, size))
		return;
	if (read_control(function, &control) == 0)
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

void pt_power_on(struct pt_function *function)
{
	const uint8_t d0 = 0;

	if (function->power_state != 0)
		(void)pt_device_write(function->device, PT_REGION_CONFIG, control_at(function), &d0,
				      1);
	function->power_state = 0;
}
