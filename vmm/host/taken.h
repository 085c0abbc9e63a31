/* SPDX-License-Identifier: MIT */
/*
 * struct taken: the devices that this process has taken from their drivers, each with its lock.
 */
#ifndef TENON_HOST_TAKEN_H
#define TENON_HOST_TAKEN_H

#include "host/driver_ops.h"

/** struct taken_device - @left: it is not used any more, and goes back as soon as it can */
struct taken_device {
	char name[PT_NAME_SIZE];
	int lock;
	bool changed;
	bool left;
};

/**
 * struct taken - zeroed, it is empty
 * @who: for who wants one of them meanwhile: "tenon run (pid 123)"
 * @force: what the host itself lives on is taken, too
 */
struct taken {
	const struct driver_host *host;
	char who[96];
	bool force;
	struct taken_device *devices;
	size_t count;
};

void taken_init(struct taken *taken, const struct driver_host *host, const char *who);

/**
 * taken_add() - take a function, canonical name, and give it to driver @to
 * @keep: as in binding_take()
 *
 * One that is there already is left as it is. Errors: -EBUSY another tenon has it, or the host lives on it; from
 * binding_take(). Inverse:
 * taken_give_back().
 */
int taken_add(struct taken *taken, const char *name, const char *to, bool keep,
	      struct pt_error *err);

/**
 * taken_add_vfs() - make @count virtual functions of @name; the function itself stays with its driver
 *
 * What an earlier one has made and not removed is removed first. Errors: -EBUSY as above; from vfs_create().
 */
int taken_add_vfs(struct taken *taken, const char *name, unsigned count, struct pt_error *err);

/**
 * taken_give_back() - all of it, in reverse
 *
 * A failure keeps none of the others back. Return: 0, or the first failure, whose record stays.
 */
int taken_give_back(struct taken *taken, struct pt_error *err);

/**
 * taken_left() - a device is closed: give it back before the others
 *
 * While another of its IOMMU group is open the host's driver does not get it; then it waits for the next one that leaves, or for
 * taken_give_back(). Does nothing with one that was not taken. Return: 0, or the first failure, of -EBUSY for such a wait.
 */
int taken_left(struct taken *taken, const char *name, struct pt_error *err);

/** taken_done() - let go of the locks, nothing else; accepts one that was only zeroed */
void taken_done(struct taken *taken);

/**
 * taken_recover() - give back what those that are no more have taken
 * @who: as above
 * @tell: say what stays, too
 * @ret_count: so many were
 *
 * What a living one has, or any other program, and what `tenon bind` gave away, stays. Return: 0, or the first failure.
 */
int taken_recover(const struct driver_host *host, const char *who, bool tell, unsigned *ret_count,
		  struct pt_error *err);

/**
 * taken_unbind() - give one function back, whoever took it: as its record says; without one, or with a damaged one, to the
 * driver that the kernel chooses
 *
 * Errors: -EBUSY another tenon has it; from binding_give_back() and binding_release().
 */
int taken_unbind(const struct driver_host *host, const char *name, const char *who,
		 struct pt_error *err);

#endif
