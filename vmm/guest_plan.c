/* SPDX-License-Identifier: MIT */
#include "guest_plan.h"

#include "cleanup.h"
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
