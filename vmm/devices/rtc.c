/* SPDX-License-Identifier: MIT */
/*
 * Source: Motorola MC146818 data sheet, address map and registers A to D.
 */
#include "devices/rtc.h"

#include <string.h>

enum {
	RTC_SECOND = 0,
	RTC_MINUTE = 2,
	RTC_HOUR = 4,
	RTC_WEEKDAY = 6,
	RTC_DAY = 7,
	RTC_MONTH = 8,
	RTC_YEAR = 9,
	RTC_A = 10, /* bit 7: an update is under way; never */
	RTC_B = 11,
	RTC_C = 12,
	RTC_D = 13,
};

#define RTC_B_24H   0x02u
#define RTC_D_VALID 0x80u

static time_t host_now(void)
{
	return time(NULL);
}

static uint8_t bcd(int value)
{
	return (uint8_t)(value / 10 % 10 << 4 | value % 10);
}

static uint8_t read_register(const struct rtc *rtc, unsigned index)
{
	time_t now = rtc->now();
	struct tm tm = {0};

	gmtime_r(&now, &tm);
	switch (index) {
	case RTC_SECOND:
		return bcd(tm.tm_sec);
	case RTC_MINUTE:
		return bcd(tm.tm_min);
	case RTC_HOUR:
		return bcd(tm.tm_hour);
	case RTC_WEEKDAY: /* 1 is Sunday */
		return bcd(tm.tm_wday + 1);
	case RTC_DAY:
		return bcd(tm.tm_mday);
	case RTC_MONTH:
		return bcd(tm.tm_mon + 1);
	case RTC_YEAR:
		return bcd(tm.tm_year % 100);
	case RTC_CENTURY:
		return bcd((tm.tm_year + 1900) / 100);
	case RTC_A:
	case RTC_C:
		return 0;
	case RTC_B:
		return RTC_B_24H;
	case RTC_D:
		return RTC_D_VALID;
	default:
		return rtc->bytes[index];
	}
}

/* The index cannot be read back; data sits beside it. */
static void rtc_read(void *state, uint64_t offset, void *data, unsigned size)
{
	struct rtc *rtc = state;
	uint8_t *bytes = data;

	memset(bytes, 0xff, size);
	if (offset + size != RTC_PORTS)
		return;
	pthread_mutex_lock(&rtc->lock);
	bytes[size - 1] = read_register(rtc, rtc->index);
	pthread_mutex_unlock(&rtc->lock);
}

static void rtc_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	struct rtc *rtc = state;
	const uint8_t *bytes = data;

	pthread_mutex_lock(&rtc->lock);
	for (unsigned i = 0; i < size; i++) {
		if (offset + i == 0)
			rtc->index =
				bytes[i] & 0x7fu; /* bit 7 masks NMIs, of which there are none */
		else
			rtc->bytes[rtc->index] = bytes[i];
	}
	pthread_mutex_unlock(&rtc->lock);
}

const struct device_ops rtc_ops = {
	.name = "real-time clock",
	.read = rtc_read,
	.write = rtc_write,
};

void rtc_init(struct rtc *rtc)
{
	*rtc = (struct rtc){.now = host_now, .lock = PTHREAD_MUTEX_INITIALIZER};
}

void rtc_reset(struct rtc *rtc)
{
	pthread_mutex_lock(&rtc->lock);
	rtc->index = 0;
	memset(rtc->bytes, 0, sizeof(rtc->bytes));
	pthread_mutex_unlock(&rtc->lock);
}
