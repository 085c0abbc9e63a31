/* SPDX-License-Identifier: MIT */
#ifndef TENON_CONTROL_QMP_PCI_H
#define TENON_CONTROL_QMP_PCI_H

#include <jansson.h>

#include "control/target.h"

/**
 * qmp_query_pci() - every bus and function as the guest has set them up, from their configuration space
 *
 * Return: a list of PciInfo, the caller's reference; NULL without memory.
 */
json_t *qmp_query_pci(const struct target *target);

#endif
