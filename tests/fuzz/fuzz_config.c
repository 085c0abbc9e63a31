/* SPDX-License-Identifier: MIT */
/*
 * A command line, and the files that it reads. The input's parts end with a byte 0xff, which is in no text: the guest's file,
 * two that it can include as "a" and "b", and then the words of the command line.
 *
 * It is refused with a code, a reason and, in a file, a place that exists; or what it says is within all limits.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/device_kind.h"
#include "config/guest_setting.h"
#include "config/run_args.h"
#include "config/yaml_file.h"
#include "input.h"
#include "qemu/qemu_domain.h"

#define FILES	  3
#define WORDS_MAX 40

static struct part {
	const char *text;
	size_t size;
} files[FILES];

/* In place of yaml_file_read.c. A file's name is its last letter, so that a folder does not matter. */
int yaml_file_read(struct yaml_file *file, const char *path, struct config_error *err)
{
	const char name = *path ? path[strlen(path) - 1] : '\0';
	const size_t i = name == 'a' ? 1 : name == 'b' ? 2 : 0;
	int r;

	if (i == 0 && strcmp(path, "guest.yaml") != 0)
		return pt_error_remedy(&err->error, pt_error_set(&err->error, -ENOENT, "%s", path),
				       "name another");
	r = yaml_file_set(file, path, files[i].text ? files[i].text : "", files[i].size, err);
	if (r == 0) {
		file->device = 1;
		file->inode = i + 1;
	}
	return r;
}

/* In place of qemu_domain.c: libvirt has no domains here. */
int qemu_domain_read(const char *uri, const char *name, bool starts, struct vm_config *ret_config,
		     struct pt_error *err)
{
	(void)uri;
	(void)starts;
	(void)ret_config;
	return pt_error_remedy(err, pt_error_set(err, -ENOENT, "%s", name), "name another");
}

static struct part next_part(const uint8_t **data, size_t *size)
{
	const uint8_t *end = *size ? memchr(*data, 0xff, *size) : NULL;
	struct part part = {(const char *)*data, end ? (size_t)(end - *data) : *size};

	*data += part.size + (end ? 1 : 0);
	*size -= part.size + (end ? 1 : 0);
	return part;
}

static size_t lines(const char *text)
{
	size_t count = 0;

	while (*text)
		count += *text++ == '\n';
	return count;
}

static void check_refusal(int r, const struct config_error *err)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fuzz_require(r < 0 && err->error.code == r && err->error.message[0],
		     "it is refused with %d, and not said why", r);
	fuzz_require(err->error.remedy[0] || strstr(err->error.message, "; did you mean ") ||
			     r == -ENOMEM,
		     "no remedy: %s", err->error.message);
	fuzz_require(!err->line == !err->file[0] && !err->line == !err->column,
		     "half a place: %s:%u:%u", err->file, err->line, err->column);
	config_error_print(err, out);
	(void)fclose(out);
	fuzz_require(!err->line || lines(text) >= 3, "the line is not shown: %s", text);
	for (size_t i = 0; i < size; i++)
		fuzz_require((unsigned char)text[i] >= ' ' || text[i] == '\n' || text[i] == '\t',
			     "a control character is printed");
	free(text);
}

static void check_config(const struct vm_config *config)
{
	fuzz_require(!config->kernel || config->kernel[0], "a kernel without a name");
	fuzz_require(config->cpus >= 1 || config->sockets || config->cores || config->threads,
		     "no cpus");
	fuzz_require(config->cpus <= VM_CPUS_MAX && config->sockets <= VM_CPUS_MAX &&
			     config->cores <= VM_CPUS_MAX && config->threads <= VM_CPUS_MAX,
		     "%u cpus", config->cpus);
	fuzz_require(!config->pin || strlen(config->pin) < VM_PIN_SIZE, "a long list");
	fuzz_require(config->node_count <= VM_NODES_MAX, "too many nodes");
	for (size_t i = 0; i < config->node_count; i++)
		fuzz_require(config->nodes[i].memory && config->nodes[i].host_node <= VM_NODE_MAX &&
				     config->nodes[i].distance_count <= VM_NODES_MAX,
			     "node %zu", i);
	fuzz_require(config->memory > 0, "no memory");
	fuzz_require(!config->name || strlen(config->name) < VM_NAME_SIZE, "a long name");
	fuzz_require(!config->cmdline || strlen(config->cmdline) < VM_CMDLINE_SIZE, "a long text");
	fuzz_require(config->serial != SERIAL_FILE || config->serial_path, "no file");
	fuzz_require(config->numa_node <= VM_NODE_MAX, "node %u", config->numa_node);
	fuzz_require(vm_config_slots(config) <= VM_DEVICES_MAX, "too many devices");
	for (size_t i = 0; i < config->device_count; i++) {
		const struct vm_config_device *device = &config->devices[i];

		fuzz_require(device->name && device->name[0], "a device without a name");
		fuzz_require(device->slot <= VM_SLOT_MAX, "slot %u", device->slot);
		fuzz_require(device->rom != VM_ROM_FILE || device->rom_file, "no ROM file");
		fuzz_require(device->gpudirect_clique <= VM_CLIQUE_MAX, "a clique");
		for (size_t j = 0; j < i; j++)
			fuzz_require(strcmp(config->devices[j].name, device->name) != 0,
				     "%s is there twice", device->name);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	(void)setenv("A", "1", 1);
	(void)unsetenv("B");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char verb[] = "run", path[] = "guest.yaml";
	char *words[WORDS_MAX] = {verb, path}, *argv[WORDS_MAX + 1] = {NULL};
	struct config_error err = {.error = PT_ERROR_INIT};
	struct run_args args;
	int count = 2, r;

	for (size_t i = 0; i < FILES; i++)
		files[i] = next_part(&data, &size);
	while (size && count < WORDS_MAX) {
		const struct part part = next_part(&data, &size);

		words[count++] = strndup(part.text, part.size);
	}
	memcpy(argv, words, (size_t)count * sizeof(*argv)); /* argp brings it into another order */
	r = run_args_parse(&run_verb, count, argv, &args, &err);
	if (r < 0) {
		check_refusal(r, &err);
	} else {
		if (!args.help)
			check_config(&args.config);
		run_args_done(&args);
	}
	while (count > 2)
		free(words[--count]);
	return 0;
}
