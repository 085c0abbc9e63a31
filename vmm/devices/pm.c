/* SPDX-License-Identifier: MIT */
/*
 * Source: ACPI specification 6.5, section 4.8.3, "Fixed Hardware Registers", and 4.8.4.1, "General-Purpose Event Register Blocks".
 */
#include "devices/pm.h"

#include <string.h>
#include <time.h>

#define PM_TIMER_HZ 3579545u /* 4.8.2.1 */

#define STATUS_POWER_BUTTON  0x0100u
#define CONTROL_SCI_ENABLE   0x0001u
#define CONTROL_TYPE_SHIFT   10
#define CONTROL_TYPE_MASK    0x7u
#define CONTROL_SLEEP_ENABLE 0x2000u /* reads as zero */

static uint32_t timer_value(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)((uint64_t)now.tv_sec * PM_TIMER_HZ +
			  (uint64_t)now.tv_nsec * PM_TIMER_HZ / 1000000000u);
}

static void update_interrupt(struct pm *pm)
{
	bool level = (pm->status & pm->enable) || (pm->gpe_status & pm->gpe_enable);

	if (level == pm->level)
		return;
	pm->level = level;
	pm->interrupt(pm->ctx, level);
}

static void write_control(struct pm *pm, uint16_t value)
{
	/* FADT names no SMI command port, so the hardware is in ACPI mode at all times. */
	pm->control = (uint16_t)((value & ~CONTROL_SLEEP_ENABLE) | CONTROL_SCI_ENABLE);
	if (value & CONTROL_SLEEP_ENABLE &&
	    (value >> CONTROL_TYPE_SHIFT & CONTROL_TYPE_MASK) == PM_SLEEP_TYPE_S5)
		requests_post(pm->requests, REQUEST_POWEROFF);
}

static void pm_read(void *state, uint64_t offset, void *data, unsigned size)
{
	struct pm *pm = state;
	uint8_t image[PM_PORTS + sizeof(uint64_t)] = {0};
	uint32_t timer = timer_value();

	pthread_mutex_lock(&pm->lock);
	memcpy(image + PM_EVENT_OFFSET, &pm->status, sizeof(pm->status));
	memcpy(image + PM_EVENT_OFFSET + 2, &pm->enable, sizeof(pm->enable));
	memcpy(image + PM_CONTROL_OFFSET, &pm->control, sizeof(pm->control));
	memcpy(image + PM_TIMER_OFFSET, &timer, sizeof(timer));
	image[PM_GPE_OFFSET] = pm->gpe_status;
	image[PM_GPE_OFFSET + 1] = pm->gpe_enable;
	pthread_mutex_unlock(&pm->lock);
	memcpy(data, image + offset, size);
}

static uint16_t merge(uint16_t old, unsigned byte, uint8_t value)
{
	return (uint16_t)((old & ~(0xffu << byte * 8)) | (unsigned)value << byte * 8);
}

/* By bytes, since a guest may write a register in any width; a control write counts once, with all its bytes. */
static void pm_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	struct pm *pm = state;
	const uint8_t *bytes = data;
	bool control_written = false;
	uint16_t control;

	pthread_mutex_lock(&pm->lock);
	control = pm->control;
	for (unsigned i = 0; i < size; i++) {
		uint64_t at = offset + i;

		if (at < 2) { /* writing a one clears the bit */
			pm->status &= (uint16_t) ~((unsigned)bytes[i] << at * 8);
		} else if (at < 4) {
			pm->enable = merge(pm->enable, (unsigned)at - 2, bytes[i]);
		} else if (at < 6) {
			control = merge(control, (unsigned)at - 4, bytes[i]);
			control_written = true;
		} else if (at == PM_GPE_OFFSET) { /* as above */
			pm->gpe_status &= (uint8_t)~bytes[i];
		} else if (at == PM_GPE_OFFSET + 1) {
			pm->gpe_enable = bytes[i];
		}
	}
	if (control_written)
		write_control(pm, control);
	update_interrupt(pm);
	pthread_mutex_unlock(&pm->lock);
}

const struct device_ops pm_ops = {
	.name = "ACPI power management",
	.read = pm_read,
	.write = pm_write,
};

void pm_init(struct pm *pm, struct requests *requests, void (*interrupt)(void *ctx, bool level),
	     void *ctx)
{
	*pm = (struct pm){
		.requests = requests,
		.interrupt = interrupt,
		.ctx = ctx,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.control = CONTROL_SCI_ENABLE,
	};
}

bool pm_hears_power(struct pm *pm)
{
	bool hears;

	pthread_mutex_lock(&pm->lock);
	hears = pm->enable & STATUS_POWER_BUTTON;
	pthread_mutex_unlock(&pm->lock);
	return hears;
}

void pm_press_power(struct pm *pm)
{
	pthread_mutex_lock(&pm->lock);
	pm->status |= STATUS_POWER_BUTTON;
	update_interrupt(pm);
	pthread_mutex_unlock(&pm->lock);
}

bool pm_raise_gpe(struct pm *pm, unsigned number)
{
	uint8_t bit = (uint8_t)(1u << number);
	bool hears;

	pthread_mutex_lock(&pm->lock);
	pm->gpe_status |= bit;
	update_interrupt(pm);
	hears = pm->gpe_enable & bit;
	pthread_mutex_unlock(&pm->lock);
	return hears;
}

void pm_reset(struct pm *pm)
{
	pthread_mutex_lock(&pm->lock);
	pm->status = 0;
	pm->enable = 0;
	pm->control = CONTROL_SCI_ENABLE;
	pm->gpe_status = 0;
	pm->gpe_enable = 0;
	update_interrupt(pm);
	pthread_mutex_unlock(&pm->lock);
}
