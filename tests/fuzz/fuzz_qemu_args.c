/* SPDX-License-Identifier: MIT */
/*
 * A command line of QEMU's, its words ended by line feeds. It is refused with a code and a reason, or the guest that it asks for is
 * within all limits.
 */
#include <string.h>

#include "input.h"
#include "qemu/qemu_guest.h"

#define WORDS_MAX 64

static void check_console(const struct vm_config_console *console)
{
	fuzz_require(console->controller && console->label, "a port");
	fuzz_require(console->number < VM_CONTROLLER_PORTS_MAX, "port %u", console->number);
	fuzz_require(!console->name || strlen(console->name) < VM_CHANNEL_NAME_SIZE, "a name");
	fuzz_require(console->where != VM_CONSOLE_FILE || console->path, "a file");
	fuzz_require(console->where != VM_CONSOLE_SOCKET || console->path || console->fd > 2,
		     "a socket");
}

static void check_guest(const struct qemu_guest *guest)
{
	const struct vm_config *config = &guest->config;

	fuzz_require(config->cpus >= 1 && config->cpus <= VM_CPUS_MAX, "cpus");
	fuzz_require(vm_config_slots(config) <= VM_DEVICES_MAX, "devices");
	fuzz_require(guest->machine == QEMU_MACHINE_NONE || config->kernel, "kernel");
	fuzz_require(guest->backend_count <= QEMU_BACKENDS_MAX, "back ends");
	for (size_t i = 0; i < config->device_count; i++)
		fuzz_require(config->devices[i].name && config->devices[i].slot <= VM_SLOT_MAX &&
				     config->devices[i].function <= VM_FUNCTION_MAX,
			     "device");
	for (size_t i = 0; i < config->disk_count; i++)
		fuzz_require(config->disks[i].path, "disk");
	for (size_t i = 0; i < config->net_count; i++)
		fuzz_require(config->nets[i].tap, "net");
	for (size_t i = 0; i < config->console_count; i++)
		check_console(&config->consoles[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char program[] = "tenon-qemu";
	char *words[WORDS_MAX + 1] = {program};
	struct pt_error err = PT_ERROR_INIT;
	struct qemu_guest guest;
	char *text = malloc(size + 1);
	int count = 1, ret;

	fuzz_require(text, "no memory");
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *rest = text; rest && count < WORDS_MAX;)
		words[count++] = strsep(&rest, "\n");
	qemu_guest_init(&guest);
	ret = qemu_guest_parse(count, words, &guest, &err);
	if (ret == 0)
		check_guest(&guest);
	else
		fuzz_require(ret < 0 && err.code == ret && *err.message, "no reason");
	qemu_guest_done(&guest);
	free(text);
	return 0;
}
