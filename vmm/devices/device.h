/* SPDX-License-Identifier: MIT */
/*
 * struct device_ops: what an emulated device does when the guest reads and writes it.
 *
 * A device is one of these tables and its state. The accesses come from vCPU threads, several at a time; a device that
 * has state to keep whole locks it itself.
 */
#ifndef TENON_DEVICES_DEVICE_H
#define TENON_DEVICES_DEVICE_H

#include <stdint.h>

/**
 * struct device_ops - a device as a bus sees it
 * @name: for messages
 * @read: fill @data with @size bytes (1 to 8) from @offset within the range that the device was added for. Every byte must
 *	be written; what is nothing reads all ones.
 * @write: take @size bytes at @offset
 */
struct device_ops {
	const char *name;
	void (*read)(void *state, uint64_t offset, void *data, unsigned size);
	void (*write)(void *state, uint64_t offset, const void *data, unsigned size);
};

#endif
