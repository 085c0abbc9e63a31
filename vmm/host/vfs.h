/* SPDX-License-Identifier: MIT */
/*
 * Virtual functions of an SR-IOV device: made for a guest, and removed after it.
 *
 * Source: Documentation/PCI/pci-iov-howto.rst; drivers/pci/iov.c for what errors mean.
 */
#ifndef TENON_HOST_VFS_H
#define TENON_HOST_VFS_H

#include "host/driver_ops.h"

/**
 * vfs_create() - make @count virtual functions of @name, which no driver of the host takes
 *
 * With the function's lock of the journal held. What was is written down first. On failure all is as it was.
 * Errors: -ENOTSUP it, or its driver, cannot; -EBUSY it has some already; -ERANGE it has not so many. Inverse:
 * binding_give_back().
 */
int vfs_create(const struct driver_host *host, const char *name, unsigned count,
	       struct pt_error *err);

/** vfs_name() - address of virtual function number @index of @name; PT_NAME_SIZE bytes */
int vfs_name(const struct driver_host *host, const char *name, unsigned index, char *ret_name,
	     struct pt_error *err);

/** vfs_restore() - as many as the record says, and whether the host's drivers take them */
int vfs_restore(const struct driver_host *host, const struct journal_record *record,
		struct pt_error *err);

#endif
