/* SPDX-License-Identifier: MIT */
#include "machine/bus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void bus_init(struct bus *bus)
{
	*bus = (struct bus){.lock = PTHREAD_RWLOCK_INITIALIZER};
}

void bus_done(struct bus *bus)
{
	free(bus->ranges);
	bus->ranges = NULL;
	bus->count = 0;
	bus->capacity = 0;
}

int bus_add(struct bus *bus, uint64_t base, uint64_t size, const struct device_ops *ops,
	    void *state, struct pt_error *err)
{
	int r = 0;

	if (!size || size - 1 > UINT64_MAX - base)
		return pt_error_set(err, -EINVAL, "%s: no range at 0x%" PRIx64, ops->name, base);
	pthread_rwlock_wrlock(&bus->lock);
	if (bus->count == bus->capacity) {
		unsigned capacity = bus->capacity + 16;
		struct bus_range *grown = realloc(bus->ranges, capacity * sizeof(*grown));

		if (grown) {
			bus->ranges = grown;
			bus->capacity = capacity;
		} else {
			r = -ENOMEM;
		}
	}
	if (!r)
		bus->ranges[bus->count++] = (struct bus_range){base, size, ops, state};
	pthread_rwlock_unlock(&bus->lock);
	return r ? pt_error_set(err, r, "%s: no memory for a bus range", ops->name) : 0;
}

void bus_remove(struct bus *bus, uint64_t base, uint64_t size, const void *state)
{
	pthread_rwlock_wrlock(&bus->lock);
	for (unsigned i = 0; i < bus->count; i++) {
		struct bus_range *range = &bus->ranges[i];

		if (range->base != base || range->size != size || range->state != state)
			continue;
		bus->count--;
		memmove(range, range + 1, (bus->count - i) * sizeof(*range));
		break;
	}
	pthread_rwlock_unlock(&bus->lock);
}

static bool find(struct bus *bus, uint64_t address, unsigned size, struct bus_range *ret_range)
{
	bool found = false;

	pthread_rwlock_rdlock(&bus->lock);
	for (unsigned i = 0; i < bus->count && !found; i++) {
		const struct bus_range *range = &bus->ranges[i];
		uint64_t offset = address - range->base;

		if (address < range->base || offset >= range->size || size > range->size - offset)
			continue;
		*ret_range = *range;
		found = true;
	}
	pthread_rwlock_unlock(&bus->lock);
	return found;
}

void bus_read(struct bus *bus, uint64_t address, void *data, unsigned size)
{
	struct bus_range range;

	if (find(bus, address, size, &range))
		range.ops->read(range.state, address - range.base, data, size);
	else
		memset(data, 0xff, size);
}

void bus_write(struct bus *bus, uint64_t address, const void *data, unsigned size)
{
	struct bus_range range;

	if (find(bus, address, size, &range))
		range.ops->write(range.state, address - range.base, data, size);
}
