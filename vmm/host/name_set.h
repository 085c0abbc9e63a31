/* SPDX-License-Identifier: MIT */
/*
 * A few names of the kernel's, each once: of a function's block devices or network interfaces, and of what is built on them.
 */
#ifndef TENON_HOST_NAME_SET_H
#define TENON_HOST_NAME_SET_H

#include <passthrough/host.h>
#include <passthrough/sys.h>
#include <stdbool.h>

#define NAME_SET_MAX 256

struct name_set {
	char names[NAME_SET_MAX][PT_NODE_SIZE];
	unsigned count;
};

/** name_set_add() - Return: 0; -E2BIG. */
int name_set_add(struct name_set *set, const char *name);

bool name_set_has(const struct name_set *set, const char *name);

/** name_set_below() - add the entries of /sys/class/@class that belong to PCI function @bdf. Return: 0 or -errno. */
int name_set_below(struct name_set *set, const struct pt_sys *sys, const char *class_name,
		   const char *bdf);

#endif
