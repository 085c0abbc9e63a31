/* SPDX-License-Identifier: MIT */
/*
 * What managers ask of a guest beyond its state: the tree of its objects, and lists of what it may have. As of struct
 * qmp_command.run.
 */
#ifndef TENON_CONTROL_QMP_GUEST_COMMANDS_H
#define TENON_CONTROL_QMP_GUEST_COMMANDS_H

#include "control/qmp_schema.h"

json_t *qmp_qom_list(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_qom_get(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_query_nothing(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_query_balloon(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_balloon(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_set_capabilities(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_set_action(struct qmp_session *session, json_t *arguments, struct qmp_error *err);

#endif
