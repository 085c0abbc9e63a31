/* SPDX-License-Identifier: MIT */
/*
 * The commands about what of the host devices use: blockdev-add, netdev_add and their inverses, and the queries about disks; and
 * what device_add makes of them. Names and types are QEMU's.
 */
#ifndef TENON_CONTROL_QMP_BACKEND_COMMANDS_H
#define TENON_CONTROL_QMP_BACKEND_COMMANDS_H

#include "control/backends.h"
#include "control/qmp_schema.h"
#include "control/target.h"

/** qmp_backend_in_use() - whether a device that uses it is there, or on its way */
bool qmp_backend_in_use(const struct target *target, const struct backend *backend);

json_t *qmp_blockdev_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_blockdev_del(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_netdev_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_netdev_del(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_query_block(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_query_blockstats(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qmp_query_block_nodes(struct qmp_session *session, json_t *arguments,
			      struct qmp_error *err);

#endif
