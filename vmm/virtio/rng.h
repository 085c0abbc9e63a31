/* SPDX-License-Identifier: MIT */
/*
 * struct virtio_rng: random numbers of the host's kernel for the guest's (VIRTIO 1.2, 5.4).
 */
#ifndef TENON_VIRTIO_RNG_H
#define TENON_VIRTIO_RNG_H

#include "virtio/virtio.h"

struct virtio_rng {
	struct virtio virtio;
};

/** virtio_rng_init() - fills in what of @rng->virtio is the device's; before virtio_init(), which it does not call */
void virtio_rng_init(struct virtio_rng *rng);

#endif
