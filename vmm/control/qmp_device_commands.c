/* SPDX-License-Identifier: MIT */
#include "control/qmp_device_commands.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/device_option.h"
#include "control/pci_place.h"
#include "control/qmp_session.h"

static const char *text_of(const json_t *arguments, const char *key)
{
	return json_string_value(json_object_get(arguments, key));
}

/* A descriptor that the client named. @ret_fd: 0 when @arguments have none, else the caller's */
static int named_fd(struct qmp_session *session, const json_t *arguments, int *ret_fd,
		    struct pt_error *err)
{
	const char *name = text_of(arguments, "fd");

	*ret_fd = 0;
	if (!name)
		return 0;
	if (isdigit((unsigned char)*name))
		return pt_error_remedy(err,
				       pt_error_set(err, -EINVAL,
						    "Parameter 'fd' expects the name that getfd "
						    "has given, not the number '%s'",
						    name),
				       "send the descriptor with getfd");
	return qmp_fds_take(&session->fds, name, ret_fd, err);
}

static void drop_fd(int fd)
{
	if (fd > 0)
		(void)close(fd);
}

static int add_place(const struct target *target, const json_t *arguments,
		     struct device_option *option, struct pt_error *err)
{
	struct pci_place place;
	char slot[16];
	int r = pci_place_parse(target, text_of(arguments, "bus"), text_of(arguments, "addr"),
				&place, err);

	if (r || !place.slot)
		return r;
	(void)snprintf(slot, sizeof(slot), place.function ? "%u.%u" : "%u", place.slot,
		       place.function);
	device_option_key(option, "slot", slot);
	return 0;
}

/* What is no key of the file, or is one under another name. Return: whether it was that. */
static bool add_known(const json_t *arguments, const char *key, json_t *value,
		      struct device_option *option)
{
	static const char *const elsewhere[] = {"driver", "host", "fd",		  "iommufd",
						"bus",	  "addr", "multifunction"};

	(void)arguments;
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		if (strcmp(key, elsewhere[i]) == 0)
			return true;
	}
	if (strcmp(key, "rombar") == 0) {
		if (json_is_false(value) || (json_is_integer(value) && !json_integer_value(value)))
			device_option_key(option, "rom", "off");
		return true;
	}
	if (strcmp(key, "romfile") == 0) {
		device_option_key(option, "rom", json_string_value(value));
		return true;
	}
	return false;
}

/* What a device is said to be in QMP, as --device takes it: "HOST,KEY=VALUE..." */
static int passthrough_option(const struct target *target, json_t *arguments, int fd,
			      struct device_option *option, struct pt_error *err)
{
	const char *host = text_of(arguments, "host"), *key;
	char by_fd[32];
	json_t *value;
	int r;

	if (!host && !fd)
		return pt_error_set(err, -EINVAL, "Parameter 'host' is missing");
	(void)snprintf(by_fd, sizeof(by_fd), host ? "%d" : "fd=%d", fd);
	device_option_init(option, host ? host : by_fd);
	if (host && fd)
		device_option_key(option, "fd", by_fd);
	json_object_foreach(arguments, key, value)
	{
		if (add_known(arguments, key, value, option))
			continue;
		r = device_option_value(option, key, value, err);
		if (r)
			return r;
	}
	r = add_place(target, arguments, option, err);
	return r ? r : device_option_check(option, err);
}

/* Answered when it is there, or is not. */
static int plug(struct qmp_session *session, const struct target_request *request,
		struct pt_error *err)
{
	const struct target *target = session->target;
	struct qmp_wait *wait = qmp_session_wait(session);
	int r;

	if (!wait)
		return pt_error_set(err, -ENOMEM, "Out of memory");
	r = target->ops->plug(target->ctx, request, qmp_session_answer, wait, err);
	if (r)
		qmp_session_wait_no_more(wait);
	return r;
}

json_t *qmp_device_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const char *driver = text_of(arguments, "driver");
	struct target_request request = {.kind = "device",
					 .iommufd = text_of(arguments, "iommufd")};
	struct device_option option;
	int r;

	if (strcmp(driver, "vfio-pci") != 0) {
		(void)pt_error_set(&err->error, -EINVAL,
				   "'%s' is not a device that can come while the guest runs; "
				   "vfio-pci is",
				   driver);
		return NULL;
	}
	r = named_fd(session, arguments, &request.fd, &err->error);
	if (!r)
		r = passthrough_option(session->target, arguments, request.fd, &option,
				       &err->error);
	request.option = option.text;
	if (!r)
		r = plug(session, &request, &err->error);
	if (r)
		drop_fd(request.fd);
	return NULL;
}

/* As on the command line. */
json_t *qmp_x_device_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target_request request = {
		.kind = text_of(arguments, "kind"),
		.option = text_of(arguments, "value"),
	};

	(void)plug(session, &request, &err->error);
	return NULL;
}

/* By its id; one that is passed through by its address on the host too. */
static bool is_called(const struct target_device *device, const char *name)
{
	return strcmp(device->id, name) == 0 ||
	       (device->kind == TARGET_PASSTHROUGH && strcmp(device->host_name, name) == 0);
}

json_t *qmp_device_del(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;
	const char *id = text_of(arguments, "id");

	for (unsigned i = 0; i < target->ops->devices(target->ctx); i++) {
		struct target_device device = {0};

		target->ops->device(target->ctx, i, &device);
		if (!device.present || !is_called(&device, id))
			continue;
		if (target->ops->unplug(target->ctx, i, &err->error) == -EALREADY)
			(void)pt_error_set(&err->error, -EALREADY,
					   "Device %s is already in the process of unplug", id);
		return NULL;
	}
	err->class = "DeviceNotFound";
	(void)pt_error_set(&err->error, -ENODEV, "Device '%s' not found", id);
	return NULL;
}

json_t *qmp_object_add(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;
	const char *type = text_of(arguments, "qom-type"), *key;
	json_t *value;
	int fd, r;

	if (strcmp(type, "iommufd") != 0) {
		(void)pt_error_set(&err->error, -EINVAL,
				   "'%s' is not an object that a guest can be given; iommufd is",
				   type);
		return NULL;
	}
	json_object_foreach(arguments, key, value)
	{
		if (strcmp(key, "qom-type") == 0 || strcmp(key, "id") == 0 ||
		    (strcmp(key, "fd") == 0 && json_is_string(value)))
			continue;
		(void)pt_error_set(&err->error, -EINVAL, "Property 'iommufd.%s' not found", key);
		return NULL;
	}
	r = named_fd(session, arguments, &fd, &err->error);
	if (!r)
		r = target->ops->iommufd_add(target->ctx, text_of(arguments, "id"), fd,
					     &err->error);
	if (r)
		drop_fd(fd);
	return NULL;
}

/* Answered when nothing of it is open any more. */
json_t *qmp_object_del(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;
	struct qmp_wait *wait = qmp_session_wait(session);

	if (!wait)
		(void)pt_error_set(&err->error, -ENOMEM, "Out of memory");
	else if (target->ops->iommufd_del(target->ctx, text_of(arguments, "id"), qmp_session_answer,
					  wait, &err->error) < 0)
		qmp_session_wait_no_more(wait);
	return NULL;
}
