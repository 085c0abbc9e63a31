/* SPDX-License-Identifier: MIT */
/*
 * What the control socket says when it is asked what guests there could be: made from the tables of options (qemu_options.h) and of
 * machine types, from which guests are made too.
 */
#ifndef TENON_QEMU_QEMU_ANSWERS_H
#define TENON_QEMU_QEMU_ANSWERS_H

#include "control/qmp_schema.h"

/* As of struct qmp_command.run. */
json_t *qemu_query_target(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qemu_query_machines(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qemu_query_accelerators(struct qmp_session *session, json_t *arguments,
				struct qmp_error *err);
json_t *qemu_query_cpu_definitions(struct qmp_session *session, json_t *arguments,
				   struct qmp_error *err);
json_t *qemu_query_options(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qemu_list_types(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
json_t *qemu_list_device_properties(struct qmp_session *session, json_t *arguments,
				    struct qmp_error *err);
json_t *qemu_list_object_properties(struct qmp_session *session, json_t *arguments,
				    struct qmp_error *err);

/**
 * qemu_property() - what a property of a device is that comes while the guest runs
 *
 * Return: 1 it is without effect, as it would be on the command line; 0 it is for the device to see; -EOPNOTSUPP it cannot be honoured.
 */
int qemu_property(const char *driver, const char *key, const json_t *value, struct pt_error *err);

/** qemu_kvm_usable() - whether this process can open /dev/kvm */
bool qemu_kvm_usable(void);

#endif
