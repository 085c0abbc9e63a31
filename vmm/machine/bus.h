/* SPDX-License-Identifier: MIT */
/*
 * struct bus: which device answers at an address; one for ports, one for guest physical addresses.
 *
 * Ranges may overlap, since guests place BARs where they like: the first that was added answers, so that a BAR can never
 * hide what the machine put there before. An access that no range holds as a whole reads all ones and writes nothing.
 *
 * A device is called without the bus being locked, because its answer may be to move a range. So bus_remove() does not
 * wait for calls that are under way: a device's state must outlive the vCPUs' run, and a device decides under its own lock
 * whether a late call still means something.
 */
#ifndef TENON_MACHINE_BUS_H
#define TENON_MACHINE_BUS_H

#include <passthrough/error.h>
#include <pthread.h>

#include "devices/device.h"

struct bus_range {
	uint64_t base;
	uint64_t size;
	const struct device_ops *ops;
	void *state;
};

struct bus {
	pthread_rwlock_t lock;
	struct bus_range *ranges;
	unsigned count;
	unsigned capacity;
};

/** bus_init() - inverse: bus_done() */
void bus_init(struct bus *bus);

/** bus_done() - accepts one that was only zeroed */
void bus_done(struct bus *bus);

/** bus_add() - @ops answers for @size bytes at @base. Inverse: bus_remove(). Errors: -EINVAL empty or wraps; -ENOMEM. */
int bus_add(struct bus *bus, uint64_t base, uint64_t size, const struct device_ops *ops,
	    void *state, struct pt_error *err);

/** bus_remove() - does nothing when there is no such range. Cannot fail. */
void bus_remove(struct bus *bus, uint64_t base, uint64_t size, const void *state);

/** bus_read() - fill @data with @size bytes, 1 to 8 */
void bus_read(struct bus *bus, uint64_t address, void *data, unsigned size);

/** bus_write() - @size bytes, 1 to 8 */
void bus_write(struct bus *bus, uint64_t address, const void *data, unsigned size);

#endif
