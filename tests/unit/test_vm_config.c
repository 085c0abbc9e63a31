/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "config/vm_config.h"

static void up(struct vm_config *config)
{
	vm_config_init(config);
	config->devices = calloc(3, sizeof(*config->devices));
	cr_assert_not_null(config->devices);
	config->device_count = 3;
	config->devices[0].name = strdup("0000:01:00.0");
	config->devices[1].name = strdup("0000:02:00.0");
	config->devices[1].vf_token = strdup("2ab74924-c335-45f4-9b16-8569e5b08258");
	config->devices[1].rom_file = strdup("rom");
	config->devices[1].rom = VM_ROM_FILE;
	config->devices[1].vfs = 3;
	config->devices[2].name = strdup("0000:03:00.0");
}

Test(vm_config, a_device_becomes_several)
{
	struct pt_error err = PT_ERROR_INIT;
	struct vm_config config;

	up(&config);
	check_ok(vm_config_multiply_device(&config, 1, 3, &err), err);
	cr_assert_eq(config.device_count, 5);
	cr_assert_str_eq(config.devices[0].name, "0000:01:00.0");
	cr_assert_str_eq(config.devices[4].name, "0000:03:00.0");
	for (unsigned i = 1; i <= 3; i++) {
		cr_assert_str_eq(config.devices[i].name, "0000:02:00.0");
		cr_assert_str_eq(config.devices[i].rom_file, "rom");
		cr_assert_eq(config.devices[i].rom, VM_ROM_FILE);
		cr_assert_eq(config.devices[i].vfs, 0);
		cr_assert_not_null(config.devices[i].vf_token);
	}
	check_ok(vm_config_rename_device(&config.devices[3], "0000:02:10.4", &err), err);
	cr_assert_str_eq(config.devices[3].name, "0000:02:10.4");
	vm_config_done(&config);
}

Test(vm_config, one_of_a_device_keeps_what_is_for_one)
{
	struct pt_error err = PT_ERROR_INIT;
	struct vm_config config;

	up(&config);
	config.devices[1].id = strdup("net0");
	config.devices[1].slot = 4;
	check_error(vm_config_multiply_device(&config, 1, 2, &err), -EINVAL, err,
		    "its slot is for one device, not for 2");
	config.devices[1].slot = 0;
	check_error(vm_config_multiply_device(&config, 1, 2, &err), -EINVAL, err,
		    "its id is for one device, not for 2");
	check_error(vm_config_multiply_device(&config, 0, 30, &err), -E2BIG, err, "more than 31");
	err = (struct pt_error)PT_ERROR_INIT;
	check_ok(vm_config_multiply_device(&config, 1, 1, &err), err);
	cr_assert_eq(config.device_count, 3);
	cr_assert_str_eq(config.devices[1].id, "net0");
	vm_config_done(&config);
}
