/* SPDX-License-Identifier: MIT */
/*
 * struct pm: ACPI's fixed hardware: PM1a event and control registers, and the timer. FADT in boot/acpi.c says where.
 *
 * The guest turns the machine off by writing the sleep type of S5, which \_S5 in boot/dsdt.asl gives it.
 */
#ifndef TENON_DEVICES_PM_H
#define TENON_DEVICES_PM_H

#include <pthread.h>
#include <stdbool.h>

#include "devices/device.h"
#include "machine/requests.h"

#define PM_PORTS	  12u
#define PM_EVENT_OFFSET	  0u /* status, then enable, 2 bytes each */
#define PM_CONTROL_OFFSET 4u /* 2 bytes */
#define PM_TIMER_OFFSET	  8u /* 4 bytes */
#define PM_SLEEP_TYPE_S5  5u /* also in boot/dsdt.asl */

struct pm {
	struct requests *requests;
	void (*interrupt)(void *ctx, bool level); /* SCI; called with the device locked */
	void *ctx;
	pthread_mutex_t lock;
	uint16_t status;
	uint16_t enable;
	uint16_t control;
	bool level;
};

extern const struct device_ops pm_ops;

/** pm_init() - @requests is asked to power off */
void pm_init(struct pm *pm, struct requests *requests, void (*interrupt)(void *ctx, bool level),
	     void *ctx);

/** pm_hears_power() - whether the guest has the event of the power button on; from any thread */
bool pm_hears_power(struct pm *pm);

/** pm_press_power() - press the power button; from any thread */
void pm_press_power(struct pm *pm);

/** pm_reset() - as at power-on; the timer goes on */
void pm_reset(struct pm *pm);

#endif
