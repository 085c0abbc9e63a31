/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config_yaml.h"
#include "golden.h"

/* Read @text as the file "dir/guest.yaml". The caller frees the config, whatever comes. */
static int parse(const char *text, struct vm_config *config, struct config_error *err)
{
	vm_config_init(config);
	*err = (struct config_error){.error = PT_ERROR_INIT};
	return config_yaml_parse("dir/guest.yaml", text, strlen(text), config, err);
}

Test(config_yaml, says_everything)
{
	struct vm_config config;
	struct config_error err;

	cr_assert_eq(parse("name: demo-1\n"
			   "cpus: 2\n"
			   "memory: 1.5G\n"
			   "hugepages: 2M\n"
			   "kernel: ../bzImage\n"
			   "initrd: /boot/initrd\n"
			   "cmdline: \"console=ttyS0 quiet\"\n"
			   "serial: file:log/serial.txt\n"
			   "unplug-limit: 2m\n"
			   "on-device-error: remove\n"
			   "on-panic: report\n"
			   "backend: group\n"
			   "p2p: on\n"
			   "devices:\n"
			   "  - passthrough: 0000:02:00.0\n"
			   "    rom: roms/card.rom\n"
			   "    gpudirect-clique: 3\n"
			   "  - passthrough: 0000:04:00.0\n"
			   "    rom: off\n"
			   "    slot: 3.1\n"
			   "  - passthrough: /dev/vfio/devices/vfio3\n",
			   &config, &err),
		     0);
	cr_assert_str_eq(config.name, "demo-1");
	cr_assert_eq(config.cpus, 2);
	cr_assert_eq(config.memory, UINT64_C(1536) << 20);
	cr_assert_eq(config.hugepages, UINT64_C(2) << 20);
	cr_assert_str_eq(config.kernel, "dir/../bzImage");
	cr_assert_str_eq(config.initrd, "/boot/initrd");
	cr_assert_str_eq(config.cmdline, "console=ttyS0 quiet");
	cr_assert_eq(config.serial, SERIAL_FILE);
	cr_assert_str_eq(config.serial_path, "dir/log/serial.txt");
	cr_assert_eq(config.unplug_limit, 120);
	cr_assert_eq(config.on_device_error, VM_DEVICE_ERROR_REMOVE);
	cr_assert_eq(config.on_panic, VM_PANIC_REPORT);
	cr_assert_eq(config.backend, BACKEND_GROUP);
	cr_assert_eq(config.p2p, P2P_ON);
	cr_assert_eq(config.device_count, 3);
	cr_assert_str_eq(config.devices[0].name, "0000:02:00.0");
	cr_assert_str_eq(config.devices[0].rom_file, "dir/roms/card.rom");
	cr_assert_eq(config.devices[0].gpudirect_clique, 3);
	cr_assert_eq(config.devices[1].rom, VM_ROM_OFF);
	cr_assert_eq(config.devices[1].slot, 3);
	cr_assert_eq(config.devices[1].function, 1, "the text, not a fraction");
	cr_assert_str_eq(config.devices[2].name, "/dev/vfio/devices/vfio3");
	cr_assert_eq(config.devices[2].rom, VM_ROM_DEVICE);
	vm_config_done(&config);
}

Test(config_yaml, says_nothing)
{
	static const char *const texts[] = {"",	    "# only a comment\n", "---\n",
					    "{}\n", "devices:\n",	  "devices: []\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct vm_config config;
		struct config_error err;

		cr_assert_eq(parse(texts[i], &config, &err), 0, "\"%s\": %s", texts[i],
			     err.error.message);
		cr_assert_null(config.name);
		cr_assert_eq(config.cpus, 1);
		cr_assert_eq(config.memory, UINT64_C(512) << 20);
		cr_assert_eq(config.unplug_limit, 30);
		cr_assert_eq(config.on_device_error, VM_DEVICE_ERROR_REPORT);
		cr_assert_eq(config.on_panic, VM_PANIC_STOP);
		cr_assert_eq(config.device_count, 0);
		vm_config_done(&config);
	}
}

Test(config_yaml, an_empty_cmdline_is_a_choice)
{
	struct vm_config config;
	struct config_error err;

	cr_assert_eq(parse("cmdline: \"\"\n", &config, &err), 0);
	cr_assert_str_eq(config.cmdline, "");
	vm_config_done(&config);
}

Test(config_yaml, a_file_without_a_folder_leaves_paths_alone)
{
	static const char text[] = "kernel: bzImage\n";
	struct vm_config config;
	struct config_error err = {.error = PT_ERROR_INIT};

	vm_config_init(&config);
	cr_assert_eq(config_yaml_parse("guest.yaml", text, strlen(text), &config, &err), 0);
	cr_assert_str_eq(config.kernel, "bzImage");
	vm_config_done(&config);
}

Test(config_yaml, variables_are_put_into_values)
{
	struct vm_config config;
	struct config_error err;

	(void)setenv("TENON_TEST_VALUE", "3", 1);
	(void)unsetenv("TENON_TEST_UNSET");
	cr_assert_eq(parse("cpus: ${TENON_TEST_VALUE}\n"
			   "memory: ${TENON_TEST_UNSET:-2}G\n"
			   "cmdline: 'a $$ ${TENON_TEST_VALUE}'\n"
			   "devices:\n"
			   "  - passthrough: 0000:0${TENON_TEST_VALUE}:00.0\n",
			   &config, &err),
		     0, "%s", err.error.message);
	cr_assert_eq(config.cpus, 3);
	cr_assert_eq(config.memory, UINT64_C(2) << 30);
	cr_assert_str_eq(config.cmdline, "a $ 3");
	cr_assert_str_eq(config.devices[0].name, "0000:03:00.0");
	vm_config_done(&config);
}

/* What the file says is on top, wherever its include stands; paths are relative to the file that they are in. */
Test(config_yaml, files_share_a_file)
{
	static const char text[] = "cpus: 1\n"
				   "devices:\n"
				   "  - passthrough: 0000:04:00.0\n"
				   "  - passthrough: 0000:02:00.0\n"
				   "include: include/common.yaml\n";
	struct vm_config config;
	struct config_error err = {.error = PT_ERROR_INIT};

	cr_assert_eq(chdir(TEST_DATA_DIR "/golden/config"), 0);
	vm_config_init(&config);
	cr_assert_eq(config_yaml_parse("guest.yaml", text, strlen(text), &config, &err), 0, "%s",
		     err.error.message);
	cr_assert_eq(config.cpus, 1);
	cr_assert_eq(config.memory, UINT64_C(2) << 30);
	cr_assert_str_eq(config.kernel, "include/bzImage");
	cr_assert_eq(config.device_count, 3);
	cr_assert_str_eq(config.devices[0].name, "0000:02:00.0");
	cr_assert_eq(config.devices[0].slot, 0, "as the file itself says it");
	cr_assert_str_eq(config.devices[1].name, "0000:03:00.0");
	cr_assert_str_eq(config.devices[2].name, "0000:04:00.0");
	vm_config_done(&config);
}

/* Twice is no loop, and of two files the later one wins. */
Test(config_yaml, files_share_several_files)
{
	static const char text[] =
		"include: [include/common.yaml, include/common.yaml, more.yaml]\n";
	char folder[] = "/tmp/tenon-test.XXXXXX";
	struct vm_config config;
	struct config_error err = {.error = PT_ERROR_INIT};
	FILE *file;

	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	cr_assert_eq(symlink(TEST_DATA_DIR "/golden/config/include", "include"), 0);
	file = fopen("more.yaml", "we");
	cr_assert_not_null(file);
	(void)fputs("cpus: 7\ninclude: []\n", file);
	(void)fclose(file);
	vm_config_init(&config);
	cr_assert_eq(config_yaml_parse("guest.yaml", text, strlen(text), &config, &err), 0, "%s",
		     err.error.message);
	cr_assert_eq(config.cpus, 7);
	cr_assert_eq(config.memory, UINT64_C(2) << 30);
	cr_assert_eq(config.device_count, 2);
	vm_config_done(&config);
	(void)unlink("more.yaml");
	(void)unlink("include");
	(void)rmdir(folder);
}

/* Each golden/config/NAME.yaml is wrong in one way; NAME.txt is what the user reads. */
Test(config_yaml, errors_say_where_and_what)
{
	static const char *const names[] = {
		"unknown-key",
		"unknown-key-far",
		"not-a-number",
		"cpus-zero",
		"cpus-many",
		"cpus-part",
		"cpus-part-value",
		"cpus-empty",
		"cpu-feature",
		"no-unit",
		"not-a-size",
		"memory-zero",
		"list-for-scalar",
		"mapping-for-scalar",
		"no-value",
		"duplicate",
		"device-scalar",
		"device-key",
		"device-kind",
		"device-name",
		"device-twice",
		"device-empty",
		"devices-scalar",
		"serial",
		"unplug-limit",
		"unplug-limit-unit",
		"unplug-limit-long",
		"on-device-error",
		"on-panic",
		"name",
		"alias",
		"two-documents",
		"not-a-mapping",
		"complex-key",
		"wide",
		"many-devices",
		"long-line",
		"control-character",
		"include-missing",
		"include-wrong",
		"include-nested",
		"include-loop",
		"include-loops",
		"include-mapping",
		"include-nothing",
		"include-folder",
		"include-device-twice",
		"variable-unset",
		"variable-bare",
		"variable-open",
		"variable-form",
		"variable-nested",
		"variable-value",
		"variable-list",
		"variable-lines",
	};

	cr_assert_eq(chdir(TEST_DATA_DIR "/golden/config"), 0);
	(void)setenv("TENON_TEST_VALUE", "many", 1);
	(void)unsetenv("TENON_TEST_UNSET");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct vm_config config;
		struct config_error err = {.error = PT_ERROR_INIT};
		char *text, *printed = NULL;
		size_t size, printed_size;
		char file[64];
		FILE *out;

		(void)snprintf(file, sizeof(file), "config/%s.yaml", names[i]);
		text = golden_read(file, &size);
		vm_config_init(&config);
		cr_assert_lt(config_yaml_parse("guest.yaml", text, size, &config, &err), 0,
			     "%s was accepted", names[i]);
		cr_assert_lt(err.error.code, 0);
		out = open_memstream(&printed, &printed_size);
		config_error_print(&err, out);
		(void)fclose(out);
		(void)snprintf(file, sizeof(file), "config/%s.txt", names[i]);
		golden_compare(file, printed);
		vm_config_done(&config);
		free(printed);
		free(text);
	}
}

/* The words and the exact place are libfyaml's, and change with its version. */
Test(config_yaml, what_is_no_yaml)
{
	static const char *const texts[] = {
		"devices: [\n  {passthrough: 0000:02:00.0}\n",
		"name: demo\n\tcpus: 2\n",
		"name: \"demo\n",
		"name: a: b\n",
		"{name: demo\n",
		"name: demo\n---\nname: [\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct vm_config config;
		struct config_error err;

		cr_assert_eq(parse(texts[i], &config, &err), -EINVAL, "\"%s\"", texts[i]);
		cr_assert_eq(strncmp(err.error.message, "not valid YAML: ", 16), 0, "%s",
			     err.error.message);
		cr_assert_str_eq(err.file, "dir/guest.yaml");
		cr_assert_geq(err.line, 1);
		cr_assert_geq(err.column, 1);
		cr_assert_eq(strstr(err.error.remedy, "tabs") != NULL, i == 1, "%s",
			     err.error.remedy);
		vm_config_done(&config);
	}
}

/* None of it may be taken for the end of the file. */
Test(config_yaml, what_is_no_text)
{
	static const struct {
		const char *text;
		size_t size;
		unsigned line, column;
	} cases[] = {
		{"name: \xff\n", 8, 1, 7},	    {"name: \xc3\xa9\xc3\n", 10, 1, 8},
		{"name: a\n\0cpus: 2\n", 17, 2, 1}, {"name: a # \xed\xa0\x80\n", 14, 1, 11},
		{"\xff\xfen\0a\0", 6, 1, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_error err = {.error = PT_ERROR_INIT};
		struct vm_config config;

		vm_config_init(&config);
		cr_assert_eq(config_yaml_parse("g", cases[i].text, cases[i].size, &config, &err),
			     -EINVAL);
		cr_assert_eq(strncmp(err.error.message, "not text: ", 10), 0, "%s",
			     err.error.message);
		cr_assert_eq(err.line, cases[i].line);
		cr_assert_eq(err.column, cases[i].column);
		cr_assert_null(strpbrk(err.text, "\xff\xed"));
		vm_config_done(&config);
	}
}

Test(config_yaml, a_nul_character)
{
	static const char text[] = "name: \"a\\0b\"\n";
	struct vm_config config;
	struct config_error err;

	cr_assert_eq(parse(text, &config, &err), -EINVAL);
	cr_assert_eq(err.line, 1);
	cr_assert_eq(err.column, 8);
	vm_config_done(&config);
}

Test(config_yaml, no_such_file)
{
	struct vm_config config;
	struct config_error err = {.error = PT_ERROR_INIT};

	vm_config_init(&config);
	cr_assert_eq(config_yaml_read("/nonexistent/guest.yaml", &config, &err), -ENOENT);
	cr_assert_str_eq(err.error.message, "/nonexistent/guest.yaml: No such file or directory");
	cr_assert_eq(err.line, 0);
	cr_assert_eq(config_yaml_read("/", &config, &err), -EISDIR);
	vm_config_done(&config);
}

Test(config_yaml, not_a_config_but_a_large_file)
{
	char path[] = "/tmp/tenon-test.XXXXXX";
	int fd = mkstemp(path);
	struct vm_config config;
	struct config_error err = {.error = PT_ERROR_INIT};

	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, 2 << 20), 0);
	vm_config_init(&config);
	cr_assert_eq(config_yaml_read(path, &config, &err), -EFBIG);
	vm_config_done(&config);
	(void)close(fd);
	(void)unlink(path);
}
