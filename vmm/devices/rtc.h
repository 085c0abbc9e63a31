/* SPDX-License-Identifier: MIT */
/*
 * struct rtc: the clock of a PC's CMOS, to be read: date and time in UTC. The guest cannot set it, and it never
 * interrupts. The other bytes keep what the guest puts there until a reset.
 */
#ifndef TENON_DEVICES_RTC_H
#define TENON_DEVICES_RTC_H

#include <pthread.h>
#include <time.h>

#include "devices/device.h"

#define RTC_PORT    0x70u /* index; data follows */
#define RTC_PORTS   2u
#define RTC_CENTURY 0x32u /* the register that holds it; FADT says so */

struct rtc {
	time_t (*now)(void); /* so that tests can stop the clock */
	pthread_mutex_t lock;
	uint8_t index;
	uint8_t bytes[128];
};

extern const struct device_ops rtc_ops;

/** rtc_init() - on the host's clock */
void rtc_init(struct rtc *rtc);

/** rtc_reset() - as at power-on */
void rtc_reset(struct rtc *rtc);

#endif
