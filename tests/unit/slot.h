/* SPDX-License-Identifier: MIT */
/* Two functions of one slot: they share a bus and an IOMMU group, and have no reset of their own. */
#ifndef SLOT_H
#define SLOT_H

#include "check.h"

#define FIRST  "0000:02:00.0"
#define SECOND "0000:02:00.1"

/* A function with a pin and one BAR, such as QEMU's edu. */
static inline struct model_pci slot_pci(const char *bdf, const char *driver, int group)
{
	struct model_pci pci = {.bdf = bdf, .driver = driver, .group = group};

	model_config_init(&pci, 0x1234, 0x11e8, 0x00ff00);
	pci.bars[0] = (struct model_bar){.size = 0x100000};
	model_config_put(&pci, 0x3d, 1, 1);
	return pci;
}

/* The other function of the slot, and what a guest has of it. */
struct other {
	struct model_device *host;
	struct pt_device *device;
	struct pt_function *function;
	struct guest *guest;
};

/* A host with the slot, and a space; nothing is open. */
static inline void slot_new_by(enum pt_backend_kind backend, struct check *c, struct other *o,
			       const char *driver, int group)
{
	const struct pt_space_setup setup = {.backend = backend};
	struct model_pci first = slot_pci(FIRST, "vfio-pci", 26);
	struct model_pci second = slot_pci(SECOND, driver, group);

	memset(c, 0, sizeof(*c));
	memset(o, 0, sizeof(*o));
	c->model = model_new();
	c->sys = model_sys(c->model);
	c->host = model_add(c->model, &first);
	o->host = model_add(c->model, &second);
	c->host->no_reset = o->host->no_reset = true;
	check_ok(pt_space_open(c->sys, &setup, &c->space, &c->err), c->err);
}

static inline void slot_new(struct check *c, struct other *o, const char *driver, int group)
{
	slot_new_by(PT_BACKEND_CDEV, c, o, driver, group);
}

static inline void slot_attach(struct check *c, const char *bdf, struct pt_device **ret_device)
{
	check_ok(pt_device_open(c->space, bdf, NULL, ret_device, &c->err), c->err);
	check_ok(pt_device_attach(*ret_device, &c->err), c->err);
}

/* Both attached, and functions made of both. */
static inline void slot_create(struct check *c, struct other *o)
{
	struct pt_function_setup setup;

	slot_new(c, o, "vfio-pci", 26);
	slot_attach(c, FIRST, &c->device);
	slot_attach(c, SECOND, &o->device);
	check_create(c);
	setup = check_setup(&o->host->pci);
	setup.bar_address[0] += 0x1000000;
	o->guest = guest_new(c->model);
	check_ok(pt_function_create(o->device, &setup, &guest_ops, o->guest, &o->function, &c->err),
		 c->err);
}

static inline void slot_down(struct check *c, struct other *o)
{
	pt_function_destroy(o->function);
	pt_device_close(o->device);
	check_down(c);
}

#endif
