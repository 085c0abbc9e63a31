/* SPDX-License-Identifier: MIT */
/* A host with a space, and a device that the test opens, binds and attaches itself; check.h has one with its guest. */
#ifndef HOST_H
#define HOST_H

#include "check.h"

struct host {
	struct model *model;
	const struct pt_sys *sys;
	struct model_device *hw;
	struct pt_space *space;
	struct pt_device *device;
	struct pt_error err;
};

/* A host without a device, and a space. @setup: NULL for cdevs. */
static inline struct host host_new(const struct pt_space_setup *setup)
{
	struct host host = {.model = model_new()};

	host.sys = model_sys(host.model);
	check_ok(pt_space_open(host.sys, setup, &host.space, &host.err), host.err);
	return host;
}

static inline int attach(struct host *host)
{
	return pt_device_attach(host->device, &host->err);
}

/* Its device is closed. */
static inline void host_done(struct host *host)
{
	pt_space_close(host->space);
	check_clean(host->model);
	model_free(host->model);
}

static inline void host_close(struct host *host)
{
	pt_device_close(host->device);
	host_done(host);
}

#endif
