/* SPDX-License-Identifier: MIT */
/*
 * The two ports by which a PC resets itself: the reset control register, which FADT names, and the keyboard controller's
 * command port, which some guests try next. The state of both is the machine's struct requests.
 */
#ifndef TENON_DEVICES_RESET_PORT_H
#define TENON_DEVICES_RESET_PORT_H

#include "devices/device.h"

#define RESET_PORT_VALUE 0x06u /* reset the processors and the platform; FADT's RESET_VALUE */
#define KEYBOARD_PORT	 0x64u
#define KEYBOARD_RESET	 0xfeu /* pulse output line 0 */

extern const struct device_ops reset_port_ops;
extern const struct device_ops keyboard_port_ops;

#endif
