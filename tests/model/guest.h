/* SPDX-License-Identifier: MIT */
/*
 * A fake guest: the struct pt_guest_ops that tests give to functions.
 *
 * It keeps what it was given (windows of memory, traps, routes, connections), delivers what is signalled, and takes the
 * part of KVM that a caller can get wrong: a window given twice, a connection without a committed route, a route dropped
 * under a connection and the like are violations of the model. A window over another is refused, as KVM does it: a guest
 * may put two BARs in one place. Its callbacks are in the model's log
 * ("guest memory_add ...") and can be made to fail by the model's fault. What is in the guest counts as a leak until it
 * is out again.
 */
#ifndef GUEST_H
#define GUEST_H

#include "model.h"

#define GUEST_WINDOWS 64
#define GUEST_TRAPS   32

struct guest_window {
	uint64_t gpa;
	uint64_t size;
	void *hva;
};

struct guest_trap {
	unsigned bar;
	int io;
	uint64_t address;
	uint64_t size;
};

/**
 * struct guest_vector - a message-signalled vector
 * @staged: the route that the next commit makes live
 * @address, @data: the live route
 * @fd: connected to it, -1 for none
 * @delivered: messages that the guest got
 */
struct guest_vector {
	bool staged;
	bool routed;
	bool live;
	uint64_t staged_address, address;
	uint32_t staged_data, data;
	int fd;
	unsigned delivered;
};

/**
 * struct guest - one function's guest
 * @last_gpa: above it there is no memory and no trap; trap_add says ERANGE
 * @connected: how many of the vectors are
 * @asserted: the interrupt line; guest_eoi() ends it
 * @reports: how often @report was called; @report is the last, of @severity
 */
struct guest {
	struct model *model;
	uint64_t last_gpa;
	unsigned window_count;
	struct guest_window windows[GUEST_WINDOWS];
	unsigned trap_count;
	struct guest_trap traps[GUEST_TRAPS];
	struct guest_vector vectors[MODEL_VECTORS];
	unsigned connected;
	bool intx_connected;
	unsigned intx_pin;
	int intx_trigger;
	int intx_resample;
	bool asserted;
	unsigned intx_count;
	unsigned reports;
	struct pt_error report;
	enum pt_severity severity;
};

extern const struct pt_guest_ops guest_ops;

/** guest_new() - freed with the model */
struct guest *guest_new(struct model *model);

/** guest_eoi() - the guest ends the level interrupt: the line goes down, @resample is signalled */
void guest_eoi(struct guest *guest);

/** guest_memory() - where the guest's memory at @gpa is in this process; NULL when an access would be trapped */
void *guest_memory(const struct guest *guest, uint64_t gpa);

/** guest_trap() - the trap at an address, NULL when nothing is there */
const struct guest_trap *guest_trap(const struct guest *guest, int io, uint64_t address);

/** guest_left() - how many windows, traps, routes and connections there are */
unsigned guest_left(const struct guest *guest);

#endif
