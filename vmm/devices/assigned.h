/* SPDX-License-Identifier: MIT */
/*
 * struct assigned: a passed-through function in this machine. The glue between libpassthrough, which makes no KVM call,
 * and what the machine has: memory slots, buses, interrupt routes, irqfds.
 *
 * Life, each step with its inverse:
 *   assigned_open()     open the device, tell KVM		  assigned_done(): KVM drops it, close
 *   assigned_bind()     bind to the guest's iommufd		  (the close unbinds)
 *   assigned_attach()   attach to the guest's space		  (the close detaches)
 *   assigned_create()   the function that the guest sees	  assigned_done()
 *   assigned_start()    the guest may use it			  assigned_stop()
 *
 * @lock is the lock that pt_function wants around every call. The callbacks run under it, or, when the function is taken out
 * of the guest's reach to be destroyed, on the one thread that does so; they take the locks of the memory slots, routes and
 * buses, never the other way round, and a bus is not locked while it calls a device.
 *
 * The device can go while vCPUs run: accesses that find no function read all ones. The struct stays.
 */
#ifndef TENON_DEVICES_ASSIGNED_H
#define TENON_DEVICES_ASSIGNED_H

#include <passthrough/passthrough.h>
#include <pthread.h>

#include "devices/pci_host.h"
#include "kvm/memslots.h"
#include "kvm/routes.h"
#include "machine/bus.h"
#include "plan/plan.h"

/**
 * struct assigned_host - what of the machine a function is wired to; all outlive it
 * @memory_end: the guest's physical addresses end here
 * @peer_to_peer: its BARs are to be mapped for the guest's other devices
 * @files: by which files are opened
 */
struct assigned_host {
	struct kvm *kvm;
	struct kvm_memslots *memslots;
	struct kvm_routes *routes;
	struct bus *ports;
	struct bus *memory;
	uint64_t memory_end;
	int peer_to_peer;
	const struct pt_sys *files;
};

struct assigned;

struct assigned_bar {
	struct assigned *owner;
	unsigned index;
};

struct assigned {
	struct assigned_host host;
	const struct plan_device *plan;
	struct pt_device *device;
	struct pt_function *function;
	pthread_mutex_t lock;
	struct assigned_bar bars[PT_BAR_ROM + 1];
	unsigned *vector_gsi; /* 0: the vector has none; @vector_count of them */
	unsigned vector_count;
	int request_fd; /* eventfds of the device's, -1 for none; see assigned_listen() */
	int error_fd;
	atomic_bool
		suspected; /* of being gone: @request_fd was signalled from here, not by the host */
	atomic_bool wanted_back; /* the host is taking it from vfio-pci */
};

/** assigned_init() - @plan and what @host points to outlive it. Inverse: assigned_done(). */
void assigned_init(struct assigned *assigned, const struct assigned_host *host,
		   const struct plan_device *plan);

/** assigned_done() - gives the device back, from any step; vCPUs may run */
void assigned_done(struct assigned *assigned);

/** assigned_open() - open the device in the guest's IO address space. Errors: of pt_device_open(). */
int assigned_open(struct assigned *assigned, struct pt_space *space, struct pt_error *err);

/** assigned_bind() - errors: of pt_device_bind() */
int assigned_bind(struct assigned *assigned, struct pt_error *err);

/** assigned_attach() - errors: of pt_device_attach() */
int assigned_attach(struct assigned *assigned, struct pt_error *err);

/** assigned_create() - build the guest's view. Errors: of pt_function_create(). */
int assigned_create(struct assigned *assigned, struct pt_error *err);

/** assigned_function_ops - its configuration space, for what it is plugged into */
extern const struct pci_function_ops assigned_function_ops;

/**
 * assigned_listen() - have @request_fd signalled when the host wants the device back, and when it turns out to be gone;
 *	@error_fd, where the device has such a thing, when it reports an error that cannot be corrected
 *
 * Undone by assigned_done(). Errors: of pt_device_event().
 */
int assigned_listen(struct assigned *assigned, struct pt_error *err);

/** struct assigned_info - how a function is; @health: what is wrong with it, empty for nothing */
struct assigned_info {
	enum pt_device_state state;
	struct pt_function_stats stats;
	struct pt_bar bars[PT_BAR_ROM + 1];
	char health[PT_ERROR_MESSAGE_SIZE];
};

/** assigned_query() - look. Return: false when the guest has it no more. */
bool assigned_query(struct assigned *assigned, struct assigned_info *ret_info);

/** assigned_suspected() - whether @request_fd was signalled because an access found nobody; asked once */
bool assigned_suspected(struct assigned *assigned);

/** assigned_health() - pt_device_health(), under the lock. Errors: of it; -ENODEV the device is gone from here too. */
int assigned_health(struct assigned *assigned, struct pt_device_health *ret_health);

/** assigned_gone() - whether the device is no longer on the host: it does not answer, or its folder in sysfs went away */
bool assigned_gone(struct assigned *assigned);

/**
 * assigned_wanted_back() - the host waits for the device
 *
 * It holds the device's lock meanwhile, so that no reset can work: that is not reported from now on. The next user of the
 * device resets it.
 */
void assigned_wanted_back(struct assigned *assigned);

/** assigned_make_peer() - from now on its BARs are mapped for the guest's other devices */
void assigned_make_peer(struct assigned *assigned);

/** assigned_start() - errors: of pt_function_start(). Does nothing when the device is gone. */
int assigned_start(struct assigned *assigned, struct pt_error *err);

/** assigned_stop() - the device is quiet and reset. Does nothing when it was not started. */
void assigned_stop(struct assigned *assigned);

#endif
