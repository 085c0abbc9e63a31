/* SPDX-License-Identifier: MIT */
/*
 * What the host's Advanced Error Reporting has counted of a function.
 */
#ifndef TENON_HOST_AER_H
#define TENON_HOST_AER_H

#include <passthrough/sys.h>
#include <stddef.h>

#define AER_TEXT_SIZE 256

/**
 * aer_text() - the errors that were counted since the host booted, such as "fatal: DLP 1; nonfatal: TLP 1, UnsupReq 2"
 * @buf: AER_TEXT_SIZE bytes; what does not fit is left out
 *
 * Source: Documentation/ABI/testing/sysfs-bus-pci-devices-aer_stats. Return: @buf, empty when nothing was counted or the host
 * does not count.
 */
const char *aer_text(const struct pt_sys *sys, const char *bdf, char *buf);

#endif
