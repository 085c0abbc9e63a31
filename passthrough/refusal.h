/* SPDX-License-Identifier: MIT */
/*
 * Why the kernel refused: one errno has several causes, and the host shows which one it is. Each function looks, records
 * the cause and what to do about it, and returns @code; those that say so return 0 where they found nothing.
 */
#ifndef PASSTHROUGH_REFUSAL_H
#define PASSTHROUGH_REFUSAL_H

#include "internal.h"

/* The device itself does not answer, or is asleep for good. 0: nothing is wrong with it as far as can be seen. */
int pt_refused_by_state(const struct pt_device *device, int code, struct pt_error *err);

/* Another process, or this one a second time, has @node open. 0: nobody that can be seen. */
int pt_refused_by_holder(const struct pt_device *device, int code, const char *node,
			 struct pt_error *err);

/* The kernel does not let user space have the group's DMA. @module: whose parameter allow_unsafe_interrupts
 * counts. */
int pt_refused_dma(const struct pt_device *device, int code, const char *module,
		   struct pt_error *err);

/* The function belongs to a physical function whose user asks for a token. */
int pt_refused_token(const struct pt_device *device, int code, struct pt_error *err);

/* The node was not opened. @path: its path. */
int cdev_refused_open(const struct pt_host_device *host, const char *path, int code,
		      struct pt_error *err);
int cdev_refused_bind(struct pt_device *device, int code, struct pt_error *err);
int cdev_refused_attach(struct pt_device *device, int code, struct pt_error *err);

#endif
