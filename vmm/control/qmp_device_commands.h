/* SPDX-License-Identifier: MIT */
/*
 * The commands by which devices come and go, and the objects that they are made of, for the table of commands. Names of drivers
 * and of their properties are QEMU's; a property that is not is a key of the guest's file.
 */
#ifndef TENON_CONTROL_QMP_DEVICE_COMMANDS_H
#define TENON_CONTROL_QMP_DEVICE_COMMANDS_H

#include "control/qmp_schema.h"

json_t *qmp_device_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_x_device_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_device_del(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_object_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_object_del(struct qmp_session *session, json_t *arguments, struct qmp_error *err);

#endif
