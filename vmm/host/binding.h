/* SPDX-License-Identifier: MIT */
/*
 * A PCI function is taken from its driver and given back.
 *
 * By driver_override and a probe, never by new_id, which would be for all functions of a kind and stay. What was is in the
 * journal before the first change, all of it, and every step of giving back can be done again: so whatever of the way up was
 * done, giving back is the same.
 *
 *	take		remember; driver_override; unbind; probe; look
 *	give back	driver_override; unbind; bind; number of VFs; power/control; forget
 *
 * The caller has the device's lock of the journal. Source: Documentation/ABI/testing/sysfs-bus-pci, driver-api/vfio.rst.
 */
#ifndef TENON_HOST_BINDING_H
#define TENON_HOST_BINDING_H

#include "host/driver_ops.h"

#define VFIO_DRIVER "vfio-pci"

/**
 * binding_take() - give the function to driver @to
 * @keep: it stays so until it is asked for, also when this process is no more
 * @ret_changed: false when it had that driver already, and nothing was done
 *
 * What was when an earlier one took it, and never gave it back, is what it was. On failure it is given back.
 * Errors: -ENODEV no such function, or a bridge; -ENOENT no such driver; -EBADMSG a damaged record; -ETIMEDOUT the driver does
 * not let go, or the new one does not come: the kernel goes on, and the record stays for binding_give_back(); -EIO the new
 * driver refuses; from the journal. Inverse: binding_give_back().
 */
int binding_take(const struct driver_host *host, const char *name, const char *to, bool keep,
		 bool *ret_changed, struct pt_error *err);

/**
 * binding_give_back() - make it what its record says that it was
 *
 * A function that is gone, another one in its place, and a record of an earlier boot are forgotten. A driver that neither it had
 * nor tenon gave it is somebody's choice, and stays. Errors: -ETIMEDOUT and -EIO as above, the record stays.
 */
int binding_give_back(const struct driver_host *host, const struct journal_record *record,
		      struct pt_error *err);

/** binding_holder() - who has the function's VFIO node open: "qemu (pid 77)"; empty when nobody is found */
void binding_holder(const struct driver_host *host, const char *name, char *text, size_t size);

/** binding_release() - without a record: take it from a VFIO driver, and give it to the one that the kernel chooses */
int binding_release(const struct driver_host *host, const char *name, struct pt_error *err);

#endif
