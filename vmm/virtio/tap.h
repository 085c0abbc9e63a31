/* SPDX-License-Identifier: MIT */
/*
 * A tap device of the host: what a guest's network card is on the other side.
 *
 * Frames go with the header of virtio-net before them, so that checksums and the cutting of large frames are left to whoever
 * does them last: the host's card, or nobody.
 */
#ifndef TENON_VIRTIO_TAP_H
#define TENON_VIRTIO_TAP_H

#include <passthrough/error.h>
#include <passthrough/sys.h>
#include <stdbool.h>
#include <stdint.h>

#define TAP_HEADER_SIZE 12u /* VIRTIO 1.2, 5.1.6 */

/**
 * tap_open() - a descriptor of one of the device's queues
 * @name: of a tap device that is there, or "fd:N", a descriptor of one that was handed in
 * @several: the device has several queues, and this is one
 *
 * Return: 0 with a descriptor that does not block, and that is the caller's. Errors: -ENODEV there is no such device; -EBUSY
 * somebody else has it; -EPERM, -EACCES; -EINVAL it is none, or of another kind.
 */
int tap_open(const struct pt_sys *sys, const char *name, bool several, int *ret_fd,
	     struct pt_error *err);

/**
 * tap_take() - the same of a descriptor that somebody else opened, which stays open after a failure too
 * @name: for messages
 */
int tap_take(int fd, const char *name, struct pt_error *err);

/** tap_offload() - what the guest's driver takes of frames that are not finished, by its features */
void tap_offload(int fd, uint64_t features);

/** tap_attach() - whether frames come by this queue, of one that has several */
void tap_attach(int fd, bool attached);

#endif
