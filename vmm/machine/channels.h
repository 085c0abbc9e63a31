/* SPDX-License-Identifier: MIT */
/*
 * That the guest opened or closed a channel, as an event of the machine's.
 */
#ifndef TENON_MACHINE_CHANNELS_H
#define TENON_MACHINE_CHANNELS_H

#include "machine/machine.h"
#include "virtio/unit.h"

/** channels_hear() - of a device that has some, from virtio_unit_watch() on; of another nothing. @listener outlives it. */
void channels_hear(struct virtio_unit *unit, const struct machine_listener *listener);

#endif
