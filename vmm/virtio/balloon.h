/* SPDX-License-Identifier: MIT */
/*
 * struct virtio_balloon: a memory balloon (VIRTIO 1.2, 5.5) that is never inflated, for managers that give each guest one.
 *
 * Devices reach all of a guest's memory by DMA, so its pages are pinned, and one that the guest gave away would come back as
 * another page that the device does not know. So the guest is never asked for memory, and what it gives by itself it keeps.
 */
#ifndef TENON_VIRTIO_BALLOON_H
#define TENON_VIRTIO_BALLOON_H

#include <linux/virtio_balloon.h>

#include "virtio/virtio.h"

/** struct virtio_balloon - @config: what the guest is asked for, nothing */
struct virtio_balloon {
	struct virtio virtio;
	struct virtio_balloon_config config;
};

/** virtio_balloon_init() - before virtio_init(); holds nothing of its own */
void virtio_balloon_init(struct virtio_balloon *balloon);

#endif
