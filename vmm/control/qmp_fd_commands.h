/* SPDX-License-Identifier: MIT */
/*
 * The commands about descriptors that a client sends, for the table of commands; types and names are QEMU's.
 */
#ifndef TENON_CONTROL_QMP_FD_COMMANDS_H
#define TENON_CONTROL_QMP_FD_COMMANDS_H

#include "control/qmp_schema.h"

json_t *qmp_getfd(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_closefd(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_add_fd(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_remove_fd(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_query_fdsets(struct qmp_session *session, json_t *arguments, struct qmp_error *err);

#endif
