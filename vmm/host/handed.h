/* SPDX-License-Identifier: MIT */
/*
 * struct handed: descriptors that were open when tenon started, and stand for devices or for what devices are attached to.
 *
 * Whoever starts tenon with fewer rights than opening a node takes hands it in: a service manager, which says how many there
 * are and what they are called (sd_listen_fds(3)), or a launcher, by number. A guest's file asks for one by number or name.
 * What a service manager hands in is used unasked as well: the node of a device of the guest is not opened again.
 */
#ifndef TENON_HOST_HANDED_H
#define TENON_HOST_HANDED_H

#include <passthrough/error.h>
#include <passthrough/host.h>
#include <passthrough/sys.h>
#include <stddef.h>

#include "config/vm_config.h"
#include "host/host_facts.h"

#define HANDED_MAX 64

/**
 * struct handed_fd - one descriptor
 * @name: the service manager's; may be empty
 * @known: @node says what it is
 */
struct handed_fd {
	int fd;
	char name[VM_FD_SIZE];
	int known;
	struct pt_node node;
};

struct handed {
	struct handed_fd fds[HANDED_MAX];
	size_t count;
};

/**
 * handed_take() - what the service manager gave to this process, from the environment
 *
 * The variables are removed, and the descriptors are not inherited any further. Errors: -EINVAL LISTEN_FDS is no number;
 * -E2BIG more than HANDED_MAX.
 */
int handed_take(struct handed *ret_handed, struct pt_error *err);

/**
 * handed_devices() - find the guest's devices among them
 * @handed: what is found is added; must live as long as the requests
 * @requests: one for each device of @config, in its order; its name and descriptor are filled in
 * @ret_backend: what the descriptors leave of the config's choice
 *
 * Errors: -EBADF no such descriptor; -ENOENT none of that name; -ENOTTY it is no device; -EINVAL it is another device than
 * the one that is named, a group of which no function is named, or not for the backend.
 */
int handed_devices(const struct pt_sys *sys, struct handed *handed, const struct vm_config *config,
		   struct device_request *requests, enum backend_choice *ret_backend,
		   struct pt_error *err);

/**
 * handed_space() - find what the devices are attached to: an iommufd, or a container for groups
 * @ret_fd: 0 when none was handed in, and the node is to be opened
 *
 * Errors: as handed_devices().
 */
int handed_space(const struct pt_sys *sys, struct handed *handed, const struct vm_config *config,
		 enum pt_backend_kind backend, int *ret_fd, struct pt_error *err);

#endif
