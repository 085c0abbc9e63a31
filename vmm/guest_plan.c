/* SPDX-License-Identifier: MIT */
#include "guest_plan.h"

#include <errno.h>
#include <string.h>

#include "check/check.h"
#include "check/check_print.h"
#include "cleanup.h"
#include "cmd.h"
#include "config/device_kind.h"
#include "config/passthrough_device.h"
#include "host/handed.h"
#include "host/rom_file.h"
#include "report.h"

static int fail(const struct pt_error *err, FILE *out)
{
	report_error(err, out);
	return EXIT_FAILED;
}

int guest_check(const struct pt_sys *sys, const struct vm_config *config, FILE *out)
{
	CLEANUP(host_facts_done) struct host_facts facts = {0};
	CLEANUP(findings_done) struct findings findings = {0};
	struct handed handed = {0};
	struct pt_error err = PT_ERROR_INIT;

	if (check_config(sys, config, CHECK_LAUNCH, &handed, &facts, &findings, &err) < 0)
		return fail(&err, out);
	if (!findings_count(&findings, FINDING_BLOCKS))
		return EXIT_OK;
	check_print_launch(&findings, out);
	return EXIT_FAILED;
}

/* The first thing that is wrong with a device. Return: 0 for none. */
static int device_error(const struct host_facts *facts, struct pt_error *err)
{
	for (size_t i = 0; i < facts->device_count; i++) {
		const struct device_facts *device = &facts->devices[i];

		if (!device->unreadable.code && !device->refused.code)
			continue;
		*err = device->unreadable.code ? device->unreadable : device->refused;
		return err->code;
	}
	return 0;
}

/* What blocked would have been found; what is left is that a device is not there yet. */
static int decide(const struct vm_config *config, const struct host_facts *facts,
		  struct vm_plan *ret_plan, struct pt_error *err)
{
	int ret = device_error(facts, err);

	return ret < 0 ? ret : plan_make(config, facts, ret_plan, err);
}

int guest_plan(const struct pt_sys *sys, const struct vm_config *config, struct timing *timing,
	       struct vm_plan *ret_plan, FILE *out)
{
	CLEANUP(host_facts_done) struct host_facts facts = {0};
	CLEANUP(findings_done) struct findings findings = {0};
	struct handed handed = {0};
	struct pt_error err = PT_ERROR_INIT;

	if (check_config(sys, config, CHECK_LAUNCH, &handed, &facts, &findings, &err) < 0)
		return fail(&err, out);
	check_print_launch(&findings, out);
	if (findings_count(&findings, FINDING_BLOCKS))
		return EXIT_FAILED;
	timing_mark(timing, TIMING_CHECK);
	return decide(config, &facts, ret_plan, &err) < 0 ? fail(&err, out) : EXIT_OK;
}

/*
 * Of a launch only: the one takes devices from their drivers and gives them back, the other is what the process began with. A
 * number that somebody says who has not sent the descriptor is of another process.
 */
static int check_late(const struct vm_config_device *device, int fd, struct pt_error *err)
{
	bool by_fd = device->fd || strncmp(device->name, "fd=", 3) == 0;

	if (!device->managed && !device->vfs && (fd || !by_fd))
		return 0;
	(void)pt_error_set(err, -EOPNOTSUPP,
			   "%s: managed, vfs and fd are for devices that the guest starts with",
			   device->name);
	return pt_error_remedy(err, -EOPNOTSUPP,
			       "take it from its driver first, by tenon bind, and name it by its "
			       "address");
}

/* As the others are had; the first as the guest's file says, or else as the host, or what its manager has sent, offers it. */
static enum backend_choice wanted_backend(const struct vm_plan *plan)
{
	if (plan_is_without_devices(plan) && !plan->backend_asked)
		return plan->space_fd ? BACKEND_CDEV : BACKEND_AUTO;
	return plan->backend == PT_BACKEND_GROUP ? BACKEND_GROUP : BACKEND_CDEV;
}

static int plan_passthrough(const struct pt_sys *sys, const struct vm_plan *plan,
			    struct vm_config *config, int fd, struct plan_device *ret_device,
			    struct pt_error *err)
{
	CLEANUP(host_facts_done) struct host_facts facts = {0};
	struct device_request request;
	enum backend_choice backend;
	enum pt_backend_kind kind;
	struct handed handed = {0};
	int ret = check_late(&config->devices[0], fd, err);

	if (ret < 0)
		return ret;
	config->backend = wanted_backend(plan);
	ret = handed_devices(sys, &handed, config, &request, &backend, err);
	if (ret < 0)
		return ret;
	kind = backend == BACKEND_GROUP ? PT_BACKEND_GROUP : PT_BACKEND_CDEV;
	ret = host_facts_look(sys, &request, 1, backend == BACKEND_AUTO ? NULL : &kind, &facts,
			      err);
	if (ret == 0)
		ret = device_error(&facts, err);
	if (ret == 0)
		ret = rom_files_measure(sys, config, &facts, err);
	return ret < 0 ? ret : plan_hotplug(plan, config, &facts, ret_device, err);
}

static const struct device_kind *kind_of(const char *option, struct pt_error *err)
{
	const struct device_list *devices = &device_lists[0];

	for (size_t i = 0; i < devices->count; i++) {
		if (strcmp(devices->kinds[i]->option, option) == 0)
			return devices->kinds[i];
	}
	(void)pt_error_set(err, -EINVAL, "%s: no such kind of device", option);
	return NULL;
}

int guest_plan_addition(const struct pt_sys *sys, const struct vm_plan *plan, const char *kind,
			const char *option, int fd, struct plan_addition *ret_addition,
			struct pt_error *err)
{
	CLEANUP(vm_config_done) struct vm_config config = {0};
	const struct device_kind *known = kind_of(kind, err);
	struct plan_addition addition = {.is_virtio = known != &passthrough_kind};
	int ret;

	if (!known)
		return -EINVAL;
	vm_config_init(&config);
	ret = device_kind_option(known, option, &config, err);
	if (ret < 0)
		return ret;
	ret = addition.is_virtio ? plan_hotplug_virtio(plan, &config, &addition.virtio, err)
				 : plan_passthrough(sys, plan, &config, fd, &addition.device, err);
	if (ret == 0)
		*ret_addition = addition;
	return ret;
}
