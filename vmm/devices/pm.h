/* SPDX-License-Identifier: MIT */
/*
 * struct pm: ACPI's fixed hardware: PM1a event and control registers, the timer, and a block of general-purpose events. FADT in
 * boot/acpi.c says where.
 *
 * The guest turns the machine off by writing the sleep type of S5, which \_S5 in boot/dsdt.asl gives it.
 */
#ifndef TENON_DEVICES_PM_H
#define TENON_DEVICES_PM_H

#include <pthread.h>
#include <stdbool.h>

#include "devices/device.h"
#include "machine/requests.h"

#define PM_PORTS	  14u
#define PM_EVENT_OFFSET	  0u  /* status, then enable, 2 bytes each */
#define PM_CONTROL_OFFSET 4u  /* 2 bytes */
#define PM_TIMER_OFFSET	  8u  /* 4 bytes */
#define PM_GPE_OFFSET	  12u /* GPE0 status, then enable, 1 byte each */
#define PM_GPE_SLOTS	  1u  /* number of the event of slots, \_GPE._E01 in boot/slots.asl */
#define PM_SLEEP_TYPE_S5  5u  /* also in boot/dsdt.asl */

struct pm {
	struct requests *requests;
	void (*interrupt)(void *ctx, bool level); /* SCI; called with the device locked */
	void *ctx;
	pthread_mutex_t lock;
	uint16_t status;
	uint16_t enable;
	uint16_t control;
	uint8_t gpe_status;
	uint8_t gpe_enable;
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

/** pm_raise_gpe() - a general-purpose event, by its number. Return: whether the guest listens to it. From any thread. */
bool pm_raise_gpe(struct pm *pm, unsigned number);

/** pm_reset() - as at power-on; the timer goes on */
void pm_reset(struct pm *pm);

#endif
