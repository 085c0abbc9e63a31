/* SPDX-License-Identifier: MIT */
/*
 * What of a PCI function is changed when it is taken from its driver: read as it is now. Files of sysfs that take the device's
 * lock are read with a time limit.
 *
 * Source: Documentation/ABI/testing/sysfs-bus-pci, sysfs-devices-power.
 */
#ifndef TENON_HOST_DEVICE_STATE_H
#define TENON_HOST_DEVICE_STATE_H

#include "host/driver_ops.h"

#define PCI_DEVICES "/sys/bus/pci/devices/"
#define PCI_DRIVERS "/sys/bus/pci/drivers/"
#define PCI_PROBE   "/sys/bus/pci/drivers_probe"

/** pci_path() - of a function's file; PT_PATH_SIZE bytes */
void pci_path(const char *name, const char *file, char *ret_path);

/** pci_exists() - Return: 1, 0, or -errno. */
int pci_exists(const struct driver_host *host, const char *path);

/** pci_driver() - the name of the function's driver, PT_DRIVER_SIZE bytes; empty for none */
int pci_driver(const struct driver_host *host, const char *name, char *ret_driver);

/** pci_number() - a decimal number in a function's file. Errors: -ENOENT it has no such file. */
int pci_number(const struct driver_host *host, const char *name, const char *file,
	       unsigned *ret_number);

/** pci_write() - to a function's file; within the host's limit, else -ETIMEDOUT */
int pci_write(const struct driver_host *host, const char *name, const char *file, const char *text);

/**
 * device_state_read() - all that there is to restore
 *
 * Errors: -ENODEV no such function; -ETIMEDOUT somebody waits with the device's lock taken.
 */
int device_state_read(const struct driver_host *host, const char *name,
		      struct journal_record *ret_record, struct pt_error *err);

#endif
