/* SPDX-License-Identifier: MIT */
#include "guest_plan.h"

#include <errno.h>

#include "cleanup.h"
#include "config/device_kind.h"
#include "config/passthrough_device.h"
#include "host/boot_files.h"
#include "host/disk_files.h"
#include "host/handed.h"
#include "host/host_facts.h"
#include "host/rom_file.h"

int guest_plan(const struct pt_sys *sys, const struct vm_config *config, struct vm_plan *ret_plan,
	       struct pt_error *err)
{
	CLEANUP(host_facts_done) struct host_facts facts = {0};
	struct device_request requests[VM_DEVICES_MAX];
	struct handed handed = {0};
	enum backend_choice choice;
	enum pt_backend_kind backend;
	int ret = boot_files_check(config, err);

	if (ret < 0)
		return ret;
	ret = disk_files_check(config, err);
	if (ret < 0)
		return ret;
	ret = handed_take(&handed, err);
	if (ret < 0)
		return ret;
	ret = handed_devices(sys, &handed, config, requests, &choice, err);
	if (ret < 0)
		return ret;
	backend = choice == BACKEND_GROUP ? PT_BACKEND_GROUP : PT_BACKEND_CDEV;
	ret = host_facts_read(sys, requests, config->device_count,
			      choice == BACKEND_AUTO ? NULL : &backend, &facts, err);
	if (ret < 0)
		return ret;
	ret = handed_space(sys, &handed, config, facts.backend, &facts.space_fd, err);
	if (ret < 0)
		return ret;
	if (config->has_numa_node)
		facts.node = numa_node_read(sys, config->numa_node);
	ret = rom_files_measure(config, &facts, err);
	if (ret < 0)
		return ret;
	return plan_make(config, &facts, ret_plan, err);
}

/* Of a launch only: the one takes devices from their drivers and gives them back, the other is what the process began with. */
static int check_late(const struct vm_config_device *device, struct pt_error *err)
{
	if (!device->managed && !device->vfs && !device->fd)
		return 0;
	(void)pt_error_set(err, -EOPNOTSUPP,
			   "%s: managed, vfs and fd are for devices that the guest starts with",
			   device->name ? device->name : "a descriptor");
	return pt_error_remedy(err, -EOPNOTSUPP,
			       "take it from its driver first, by tenon bind, and name it by its "
			       "address");
}

int guest_plan_device(const struct pt_sys *sys, const struct vm_plan *plan, const char *option,
		      struct plan_device *ret_device, struct pt_error *err)
{
	CLEANUP(host_facts_done) struct host_facts facts = {0};
	CLEANUP(vm_config_done) struct vm_config config = {0};
	struct device_request request;
	int ret;

	vm_config_init(&config);
	ret = device_kind_option(&passthrough_kind, option, &config, err);
	if (ret == 0)
		ret = check_late(&config.devices[0], err);
	if (ret < 0)
		return ret;
	request = (struct device_request){
		.name = config.devices[0].name,
		.unsafe_noiommu = config.devices[0].unsafe_noiommu,
	};
	ret = host_facts_read(sys, &request, 1, &plan->backend, &facts, err);
	if (ret == 0)
		ret = rom_files_measure(&config, &facts, err);
	return ret < 0 ? ret : plan_hotplug(plan, &config, &facts, ret_device, err);
}
