/* SPDX-License-Identifier: MIT */
/*
 * A guest's devices that are taken from the host's drivers for it, and given back after it: `managed: yes` and `vfs: N`.
 */
#ifndef TENON_HOST_MANAGED_H
#define TENON_HOST_MANAGED_H

#include <pthread.h>

#include "config/vm_config.h"
#include "host/taken.h"

/**
 * struct managed - what a guest has of the host; refers to its config
 * @giving: of @taken, while the guest runs
 * @leaving: devices that are being given back meanwhile, of which @settled tells; both are @lock's, which nobody has for long
 */
struct managed {
	struct driver_host host;
	struct taken taken;
	pthread_mutex_t giving;
	pthread_mutex_t lock;
	pthread_cond_t settled;
	unsigned leaving;
};

/** managed_init() - nothing is taken yet; touches nothing */
void managed_init(struct managed *managed);

/** managed_any() - whether the guest is to have something that has to be taken or made first */
bool managed_any(const struct vm_config *config);

/**
 * managed_take() - take what the guest is to have, and give back what else earlier ones left
 * @config: a device with @vfs is replaced by that many virtual functions of it, and @managed is said of none any more
 *
 * On failure nothing is taken. Errors: of taken_add() and taken_add_vfs(); of the journal. Inverse: managed_give_back().
 */
int managed_take(struct managed *managed, struct vm_config *config, struct pt_error *err);

/**
 * managed_left() - a device has left the guest, which goes on, and is closed: give it back
 *
 * By a thread, since a driver takes its time; what is in its way is said, and managed_give_back() tries again. Returns at once.
 */
void managed_left(struct managed *managed, const char *name);

/** managed_give_back() - as taken_give_back(); the devices are closed before */
int managed_give_back(struct managed *managed, struct pt_error *err);

/** managed_holds() - whether one of its descriptors is @fd */
bool managed_holds(const struct managed *managed, int fd);

/** managed_done() - let go of the locks */
void managed_done(struct managed *managed);

#endif
