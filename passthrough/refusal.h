/* SPDX-License-Identifier: MIT */
/*
 * Why the kernel refused: one errno has several causes, and the host shows which one it is. Each function looks, records
 * the cause and what to do about it, and returns @code; those that say so return 0 where they found nothing.
 */
#ifndef PASSTHROUGH_REFUSAL_H
#define PASSTHROUGH_REFUSAL_H

#include "internal.h"

#define PT_REPORT      "report that as an error of this program, with the kernel's version: uname -r"
#define PT_KEEP_DEVICE "keep the descriptor open that was handed in, until the device is closed"
#define PT_KEEP_SPACE  "keep the descriptor open that the space was made with"
#define PT_NO_MEMORY   "the host has no memory left for it", "free memory on the host"
#define PT_VFIO_LOG    "see the host's kernel log: dmesg | grep -i -e iommu -e vfio"
#define PT_IOMMU_LOG   "see the host's kernel log: dmesg | grep -i -e iommu -e dmar -e AMD-Vi"

/* What an errno of a call means that nothing else was found for. */
struct pt_refusal {
	int code;
	const char *cause, *remedy;
};

/* By the row of @code, else in the kernel's words. @what: the call, or what it was to do. */
int pt_refused_by_row(const struct pt_refusal *rows, size_t count, const struct pt_device *device,
		      const char *what, int code, struct pt_error *err);

/* The device itself does not answer, or is asleep for good. 0: nothing is wrong with it as far as can be seen. */
int pt_refused_by_state(const struct pt_device *device, int code, struct pt_error *err);

/* The same without the device's name. */
int pt_cause_state(const struct pt_device *device, int code, struct pt_error *err);

/* The kernel does not wake it any more. 0: it would. */
int pt_refused_by_power(const struct pt_device *device, int code, struct pt_error *err);

/* Another process, or this one a second time, has @node open. 0: nobody that can be seen. */
int pt_refused_by_holder(const struct pt_device *device, int code, const char *node,
			 struct pt_error *err);

/* A sibling in the group with a driver of the host's, or another process that has one. 0: neither can be seen. */
int pt_refused_by_owner(const struct pt_device *device, int code, struct pt_error *err);

/* The kernel does not let user space have the group's DMA. @module: whose parameter allow_unsafe_interrupts
 * counts. */
int pt_refused_dma(const struct pt_device *device, int code, const char *module,
		   struct pt_error *err);

/* The function belongs to a physical function whose user asks for a token. */
int pt_refused_token(const struct pt_device *device, int code, struct pt_error *err);

/* It has a token, and nobody asks for one. 0: somebody may. */
int pt_refused_no_token(const struct pt_device *device, int code, struct pt_error *err);

/* It was asked again and again, and a reset was under way each time. */
int pt_refused_reset(const struct pt_device *device, int code, struct pt_error *err);

/* What is called on a device that is bound. */
enum pt_call {
	PT_CALL_INFO,
	PT_CALL_REGION,
	PT_CALL_IRQ,
	PT_CALL_TRIGGER, /* SET_IRQS of these two kinds */
	PT_CALL_UNMASK,
	PT_CALL_RESET,
	PT_CALL_BUS_INFO,
	PT_CALL_BUS_RESET,
	PT_CALL_FEATURE,
};

/* The call failed. The message is without the device's name: the caller puts in front what it was to do. */
int pt_refused_call(const struct pt_device *device, enum pt_call call, int code,
		    struct pt_error *err);

/* A range was not mapped, or unmapped. -EOPNOTSUPP of a BAR: this kernel maps none. */
int pt_refused_map(struct pt_space *space, const struct pt_mapping *wanted, int code,
		   struct pt_error *err);
int pt_refused_unmap(const struct pt_space *space, uint64_t iova, uint64_t size, int code,
		     struct pt_error *err);

/* The kernel cannot have devices reach what this process has at a mapping's address. 0: nothing is wrong with it as far as
 * can be seen. The message is about the address only. */
int pt_refused_memory(const struct pt_space *space, const struct pt_mapping *wanted, int code,
		      struct pt_error *err);

/* Another call on the space's own descriptor failed. @what: it was to do. */
int pt_refused_space(const struct pt_space *space, const char *what, int code,
		     struct pt_error *err);

/* What no table has: the device's state, else the kernel's word. */
int pt_refused_otherwise(const struct pt_device *device, int code, struct pt_error *err);

/* The node was not opened. @path: its path. */
int pt_refused_open(const struct pt_host_device *host, const char *path, int code,
		    struct pt_error *err);

int cdev_refused_bind(struct pt_device *device, int code, struct pt_error *err);
int cdev_refused_attach(struct pt_device *device, int code, struct pt_error *err);

int group_refused_open(struct pt_device *device, const char *node, int code, struct pt_error *err);
/* Somebody else has the DMA of the group, so that it is not viable. */
int group_refused_owner(struct pt_device *device, int code, struct pt_error *err);
/* The group would not say what it is. */
int group_refused_status(const struct pt_device *device, int code, struct pt_error *err);
/* It did not get into the container. -EADDRINUSE: its IOMMU reserves what is mapped. */
int group_refused_container(struct pt_device *device, int code, struct pt_error *err);
/* The container did not get the IOMMU of its first group. */
int group_refused_iommu(struct pt_device *device, int code, struct pt_error *err);
int group_refused_bind(const struct pt_device *device, int code, struct pt_error *err);

#endif
