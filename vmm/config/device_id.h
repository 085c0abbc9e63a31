/* SPDX-License-Identifier: MIT */
/*
 * The id of a device: what it is called by whoever controls the guest while it runs. Every kind of device has the same row.
 */
#ifndef TENON_CONFIG_DEVICE_ID_H
#define TENON_CONFIG_DEVICE_ID_H

#include <stddef.h>

#include "config/setting.h"

#define VM_ID_SIZE 64 /* with the terminator */

/* The row of a kind whose object is a @type with a char *id, NULL when not given; plan_ids() has the default. */
#define DEVICE_ID_ROW(type)                                                                     \
	{                                                                                       \
		.name = "id", .arg = "ID",                                                      \
		.help = "what it is called while the guest runs; else its kind and a number, "  \
			"such as passthrough0",                                                 \
		.kind = SETTING_TEXT, .field = offsetof(type, id), .min = 1,                    \
		.max = VM_ID_SIZE - 1, .pattern = "^[A-Za-z][A-Za-z0-9._-]*$", .what = "an id", \
		.form = "a letter, and then letters, digits, '.', '_' and '-'",                 \
	}

/* The row of a kind that has a slot for itself, with an unsigned slot, 0 when not given. */
#define VIRTIO_SLOT_ROW(type)                                                               \
	{                                                                                   \
		.name = "slot", .arg = "N",                                                 \
		.help = "the slot that it is in, 1 to 31; else the next that is free",      \
		.kind = SETTING_NUMBER, .field = offsetof(type, slot), .min = 1, .max = 31, \
	}

#endif
