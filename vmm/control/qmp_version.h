/* SPDX-License-Identifier: MIT */
#ifndef TENON_CONTROL_QMP_VERSION_H
#define TENON_CONTROL_QMP_VERSION_H

#include <jansson.h>

/*
 * The version of QEMU whose QMP is spoken. Clients compare it with the least that they work with, which is 7.2 for the
 * newest of libvirt; what answers is named in "package".
 */
#define QMP_VERSION_MAJOR 8
#define QMP_VERSION_MINOR 2

/** qmp_version() - as query-version answers and the greeting says; the caller's reference */
json_t *qmp_version(void);

#endif
