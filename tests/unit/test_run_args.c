/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/guest_setting.h"
#include "config/run_args.h"

#define ARGS_MAX 80

/* Parse "run" and the words of @line, which ends with NULL. */
static int parse(const char *const *words, struct run_args *args, struct config_error *err)
{
	char *argv[ARGS_MAX] = {NULL};
	int argc = 0, ret;

	argv[argc++] = strdup("run");
	for (; *words && argc < ARGS_MAX - 1; words++)
		argv[argc++] = strdup(*words);
	*args = (struct run_args){.timing = true};
	*err = (struct config_error){.error = PT_ERROR_INIT};
	ret = run_args_parse(&run_verb, argc, argv, args, err);
	if (ret < 0)
		cr_assert(args->timing, "written on failure");
	if (ret == 0 && !args->help)
		ret = run_args_need_kernel(args, &err->error);
	if (ret < 0)
		run_args_done(args);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return ret;
}

#define PARSE(args, err, ...) parse((const char *const[]){__VA_ARGS__, NULL}, args, err)

/* A file in /tmp; the caller unlinks it. */
static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);
	ssize_t size = (ssize_t)strlen(text);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, (size_t)size), size);
	(void)close(fd);
}

Test(run_args, options_alone)
{
	struct run_args args;
	struct config_error err;

	cr_assert_eq(PARSE(&args, &err, "--name", "n", "--cpus=4", "--memory", "2G", "--kernel",
			   "vmlinuz", "--initrd", "i", "--cmdline", "a b", "--serial", "pty",
			   "--device", "02:00.0", "--device=/dev/vfio/devices/vfio1",
			   "--unplug-limit", "5s", "--on-device-error=stop", "--on-panic=reset",
			   "--timing"),
		     0, "%s", err.error.message);
	cr_assert_str_eq(args.config.name, "n");
	cr_assert_eq(args.config.cpus, 4);
	cr_assert_eq(args.config.memory, UINT64_C(2) << 30);
	cr_assert_str_eq(args.config.kernel, "vmlinuz");
	cr_assert_str_eq(args.config.initrd, "i");
	cr_assert_str_eq(args.config.cmdline, "a b");
	cr_assert_eq(args.config.serial, SERIAL_PTY);
	cr_assert_eq(args.config.unplug_limit, 5);
	cr_assert_eq(args.config.on_device_error, VM_DEVICE_ERROR_STOP);
	cr_assert_eq(args.config.on_panic, VM_PANIC_RESET);
	cr_assert_eq(args.config.backend, BACKEND_AUTO);
	cr_assert_eq(args.config.device_count, 2);
	cr_assert_str_eq(args.config.devices[0].name, "02:00.0");
	cr_assert(args.timing);
	run_args_done(&args);
}

Test(run_args, channels)
{
	char path[] = "/tmp/tenon-test.XXXXXX";
	const struct vm_config_console *consoles;
	struct run_args args;
	struct config_error err;

	write_file(path,
		   "kernel: k\ndevices:\n  - channel: org.qemu.guest_agent.0\n    socket: agent\n"
		   "  - console: pty\n  - channel: other\n");
	cr_assert_eq(PARSE(&args, &err, path, "--channel", "other,socket=/run/o,id=o"), 0, "%s",
		     err.error.message);
	cr_assert_eq(args.config.console_count, 3);
	consoles = args.config.consoles;
	cr_assert(consoles[0].channel && !consoles[1].channel && consoles[2].channel);
	cr_assert_str_eq(consoles[0].name, "org.qemu.guest_agent.0");
	cr_assert_str_eq(consoles[0].path, "/tmp/agent", "as its file has it");
	cr_assert_eq(consoles[0].where, VM_CONSOLE_SOCKET);
	cr_assert_str_eq(consoles[2].path, "/run/o", "what is said last counts");
	cr_assert_str_eq(consoles[2].id, "o");
	run_args_done(&args);
	cr_assert_eq(PARSE(&args, &err, path, "--channel", "a/b"), -EINVAL);
	cr_assert(strstr(err.error.message, "a/b"), "%s", err.error.message);
	cr_assert_eq(PARSE(&args, &err, path, "--channel", "x", "--channel", "x"), -EEXIST);
	(void)unlink(path);
}

Test(run_args, backends)
{
	static const struct {
		const char *name;
		enum backend_choice backend;
	} rows[] = {{"auto", BACKEND_AUTO}, {"cdev", BACKEND_CDEV}, {"group", BACKEND_GROUP}};
	struct run_args args;
	struct config_error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert_eq(PARSE(&args, &err, "--kernel", "k", "--backend", rows[i].name), 0,
			     "%s", err.error.message);
		cr_assert_eq(args.config.backend, rows[i].backend);
		run_args_done(&args);
	}
}

Test(run_args, options_win_wherever_they_stand)
{
	char path[] = "/tmp/tenon-test.XXXXXX";
	struct run_args args;
	struct config_error err;

	write_file(path, "cpus: 2\nmemory: 1G\nkernel: k\nserial: none\ndevices:\n"
			 "  - passthrough: 0000:02:00.0\n");
	cr_assert_eq(PARSE(&args, &err, "--cpus", "3", path, "--serial", "stdio", "--timing"), 0);
	cr_assert_eq(args.config.cpus, 3);
	cr_assert_eq(args.config.memory, UINT64_C(1) << 30);
	cr_assert_str_eq(args.config.kernel, "/tmp/k");
	cr_assert_eq(args.config.serial, SERIAL_STDIO);
	cr_assert_eq(args.config.device_count, 1);
	cr_assert(args.timing);
	run_args_done(&args);
	(void)unlink(path);
}

Test(run_args, devices_add_up_and_the_same_one_is_replaced)
{
	char path[] = "/tmp/tenon-test.XXXXXX";
	struct run_args args;
	struct config_error err;

	write_file(path, "kernel: k\ndevices:\n  - passthrough: 0000:02:00.0\n");
	cr_assert_eq(PARSE(&args, &err, path, "--device", "03:00.0", "--device", "02:00.0"), 0);
	cr_assert_eq(args.config.device_count, 2);
	cr_assert_str_eq(args.config.devices[0].name, "02:00.0");
	cr_assert_str_eq(args.config.devices[1].name, "03:00.0");
	run_args_done(&args);
	cr_assert_eq(PARSE(&args, &err, path, "--device", "03:00.0", "--device", "0000:03:00.0"),
		     -EEXIST);
	cr_assert_str_eq(err.error.message, "--device: 0000:03:00.0 is named twice");
	cr_assert_eq(PARSE(&args, &err, path, "--device", "02:00.0", "--device", "02:00.0"),
		     -EEXIST);
	(void)unlink(path);
}

static void must_fail(int code, const char *message, const char *const *words)
{
	struct run_args args;
	struct config_error err;
	int ret = parse(words, &args, &err);

	cr_assert_eq(ret, code, "%d: %s", ret, err.error.message);
	cr_assert_str_eq(err.error.message, message, "%s", err.error.message);
	cr_assert(err.error.remedy[0] || strstr(err.error.message, "; did you mean "),
		  "no remedy: %s", err.error.message);
	cr_assert_eq(err.line, 0);
}

#define MUST_FAIL(code, message, ...) \
	must_fail(code, message, (const char *const[]){__VA_ARGS__, NULL})

Test(run_args, what_is_not_an_option)
{
	MUST_FAIL(-EINVAL, "unknown option \"--memroy\"; did you mean \"--memory\"?",
		  "--memroy=2G");
	MUST_FAIL(-EINVAL, "unknown option \"--mem\"; did you mean \"--memory\"?", "--mem", "2G");
	MUST_FAIL(-EINVAL, "unknown option \"--devices\"; did you mean \"--device\"?", "--devices");
	MUST_FAIL(-EINVAL, "unknown option \"-memory\"; did you mean \"--memory\"?", "-memory");
	MUST_FAIL(-EINVAL, "unknown option \"-m\"; did you mean \"--memory\"?", "-m", "2G");
	MUST_FAIL(-EINVAL, "unknown option \"--frobnicate\"", "--frobnicate");
	MUST_FAIL(-EINVAL, "unknown option \"--\xff\"", "--\xff");
}

Test(run_args, options_and_values)
{
	MUST_FAIL(-EINVAL, "--cpus: no value given", "--cpus");
	MUST_FAIL(-EINVAL, "--timing takes no value", "--timing=yes");
	MUST_FAIL(-EINVAL, "--kernel: no value given", "--kernel", "");
	MUST_FAIL(-EINVAL, "--cpus: \"\" is not a number", "--cpus=");
	MUST_FAIL(-ERANGE, "--cpus: 1025 is out of range", "--cpus", "1025");
	MUST_FAIL(-EINVAL, "--cpus: unknown part \"core\"; did you mean \"cores\"?", "--cpus",
		  "4,core=2");
	MUST_FAIL(-EINVAL, "--cpus: cores: no value given", "--cpus", "4,cores");
	MUST_FAIL(-ERANGE, "--cpus: threads: 0 is out of range", "--cpus", "4,threads=0");
	MUST_FAIL(-EINVAL, "--cpus: unknown part \"4\"", "--cpus", "threads=2,4");
	MUST_FAIL(-EINVAL, "--cpu: \"qemu64\" is not a processor", "--cpu", "qemu64");
	MUST_FAIL(-EINVAL, "--cpu: \"host,avx\" is not a processor", "--cpu", "host,avx");
	MUST_FAIL(-EINVAL, "--cpu: \"host,+\" is not a processor", "--cpu", "host,+");
	MUST_FAIL(-EINVAL, "--cpu: unknown feature \"avx512ff\"; did you mean \"avx512f\"?",
		  "--cpu", "host,-avx512ff");
	MUST_FAIL(-EINVAL, "--cpu: unknown feature \"colour\"", "--cpu", "host,+colour");
	MUST_FAIL(-EINVAL, "--cpus: \"-1\" is not a number", "--cpus", "-1");
	MUST_FAIL(-EINVAL, "--backend: \"grup\" is not a backend; did you mean \"group\"?",
		  "--backend", "grup");
	MUST_FAIL(-EINVAL, "--backend: \"legacy\" is not a backend", "--backend", "legacy");
	MUST_FAIL(-EINVAL, "--serial: \"file:\" names no file", "--serial", "file:");
	MUST_FAIL(-EINVAL, "--hugepages: \"4M\" is not a size of huge pages; did you mean \"2M\"?",
		  "--hugepages", "4M");
	MUST_FAIL(-EINVAL, "--p2p: \"atuo\" is not a choice here; did you mean \"auto\"?", "--p2p",
		  "atuo");
	MUST_FAIL(-EINVAL, "--device: unknown device key \"colour\"", "--device",
		  "02:00.0,colour=red");
	MUST_FAIL(-EINVAL, "--device: unknown device key \"\"", "--device", "02:00.0,");
	MUST_FAIL(-EINVAL, "--device: unknown device key \"slto\"; did you mean \"slot\"?",
		  "--device", "02:00.0,slto=3");
	MUST_FAIL(-EINVAL, "--device: slot: no value given", "--device", "02:00.0,slot");
	MUST_FAIL(-EINVAL, "--device: slot: \"x\" is not a slot", "--device", "02:00.0,slot=x");
	MUST_FAIL(-EINVAL, "--device: slot: \"3.\" is not a slot", "--device", "02:00.0,slot=3.");
	MUST_FAIL(-EINVAL, "--device: slot: \".1\" is not a slot", "--device", "02:00.0,slot=.1");
	MUST_FAIL(-EINVAL, "--device: slot: \"3.-1\" is not a slot", "--device",
		  "02:00.0,slot=3.-1");
	MUST_FAIL(-EINVAL, "--device: slot: \"3.1.1\" is not a slot", "--device",
		  "02:00.0,slot=3.1.1");
	MUST_FAIL(-ERANGE, "--device: slot: 3.8 is out of range", "--device", "02:00.0,slot=3.8");
	MUST_FAIL(-ERANGE, "--device: slot: 3.10 is out of range", "--device", "02:00.0,slot=3.10");
	MUST_FAIL(-ERANGE, "--device: slot: 0.1 is out of range", "--device", "02:00.0,slot=0.1");
	MUST_FAIL(-ERANGE, "--device: slot: 99999999999999999999 is out of range", "--device",
		  "02:00.0,slot=99999999999999999999");
	MUST_FAIL(-EINVAL, "--device: id: \"1disk\" is not an id", "--device", "02:00.0,id=1disk");
	MUST_FAIL(-EINVAL, "--device: id: \"a b\" is not an id", "--device", "02:00.0,id=a b");
	MUST_FAIL(-ERANGE, "--device: slot: 0 is out of range", "--device", "02:00.0,slot=0");
	MUST_FAIL(-EINVAL, "--device: vf-token: \"1234\" is not a UUID", "--device",
		  "02:00.0,vf-token=1234");
	MUST_FAIL(-EINVAL, "--device: noiommu: \"yes\" is not a way to do without an IOMMU",
		  "--device", "02:00.0,noiommu=yes");
	MUST_FAIL(-ERANGE, "--device: slot: 32 is out of range", "--device", "02:00.0,slot=32");
	MUST_FAIL(-EINVAL, "--device: rom: no value given", "--device", "02:00.0,rom=");
	MUST_FAIL(-EINVAL, "--device: gpudirect-clique: \"x\" is not a number", "--device",
		  "02:00.0,gpudirect-clique=x");
	MUST_FAIL(-ERANGE, "--device: gpudirect-clique: 16 is out of range", "--device",
		  "02:00.0,gpudirect-clique=16");
	MUST_FAIL(-EINVAL, "--device: low-power: \"maybe\" is not yes or no", "--device",
		  "02:00.0,low-power=maybe");
	MUST_FAIL(-EINVAL, "--device: \"\" is not a device", "--device", "");
}

Test(run_args, what_is_said_of_a_device)
{
	static const char *const words[] = {
		"--kernel", "k",
		"--device", "02:00.0",
		"--device", "03:00.0,rom=off,gpudirect-clique=15,slot=31.7,id=gpu.1,low-power=yes",
		"--device", "04:00.0,rom=card.rom,slot=3,gpudirect-clique=0",
		NULL};
	struct run_args args;
	struct config_error err;

	cr_assert_eq(parse(words, &args, &err), 0, "%s", err.error.message);
	cr_assert_eq(args.config.devices[0].rom, VM_ROM_DEVICE);
	cr_assert_not(args.config.devices[0].has_gpudirect_clique);
	cr_assert_eq(args.config.devices[1].rom, VM_ROM_OFF);
	cr_assert_eq(args.config.devices[1].gpudirect_clique, 15);
	cr_assert(args.config.devices[1].low_power && !args.config.devices[2].low_power);
	cr_assert_eq(args.config.devices[2].rom, VM_ROM_FILE);
	cr_assert_str_eq(args.config.devices[2].rom_file, "card.rom");
	cr_assert_eq(args.config.devices[0].slot, 0);
	cr_assert_eq(args.config.devices[1].slot, 31);
	cr_assert_eq(args.config.devices[1].function, 7);
	cr_assert_null(args.config.devices[0].id);
	cr_assert_str_eq(args.config.devices[1].id, "gpu.1");
	cr_assert_eq(args.config.devices[2].slot, 3);
	cr_assert_eq(args.config.devices[2].function, 0);
	cr_assert(args.config.devices[2].has_gpudirect_clique);
	cr_assert_eq(args.config.devices[2].gpudirect_clique, 0);
	run_args_done(&args);
}

Test(run_args, descriptors)
{
	struct run_args args;
	struct config_error err;

	cr_assert_eq(PARSE(&args, &err, "--kernel=k", "--device=fd=5,slot=2",
			   "--device=02:00.0,fd=gpu", "--device=03:00.0", "--iommufd=fd=iommu"),
		     0, "%s", err.error.message);
	cr_assert_str_eq(args.config.devices[0].name, "fd=5");
	cr_assert_eq(args.config.devices[0].slot, 2);
	cr_assert_str_eq(args.config.devices[1].name, "02:00.0");
	cr_assert_str_eq(args.config.devices[1].fd, "gpu");
	cr_assert_null(args.config.devices[2].fd);
	cr_assert_str_eq(args.config.iommufd, "fd=iommu");
	run_args_done(&args);
	MUST_FAIL(-EINVAL, "--iommufd: \"5\" is not a descriptor", "--iommufd=5");
	MUST_FAIL(-EINVAL, "--iommufd: \"fd=\" is not a descriptor", "--iommufd=fd=");
	MUST_FAIL(-EINVAL, "--device: \"fd=\" is not a device", "--device=fd=");
	MUST_FAIL(-EEXIST, "--device: fd=5 is named twice", "--device=fd=5", "--device=fd=5");
}

/* As every value of the file can be said: a comma is written twice. */
Test(run_args, commas)
{
	struct run_args args;
	struct config_error err;

	cr_assert_eq(
		PARSE(&args, &err, "--kernel", "k", "--device", "02:00.0,rom=a,,b,,,,c,slot=3"), 0,
		"%s", err.error.message);
	cr_assert_str_eq(args.config.devices[0].rom_file, "a,b,,c");
	cr_assert_eq(args.config.devices[0].slot, 3);
	run_args_done(&args);
}

Test(run_args, files)
{
	MUST_FAIL(-ENOENT, "/nonexistent/a.yaml: No such file or directory", "/nonexistent/a.yaml");
	MUST_FAIL(-EINVAL, "\"b\" is one too many: one file describes the guest, and that is a",
		  "a", "b");
	MUST_FAIL(-ENOENT, "--cpus: No such file or directory", "--", "--cpus");
	MUST_FAIL(-EINVAL, "\"02:00.0\" is a device, and the guest's file goes there", "02:00.0");
}

/* argp itself would write what is too long for its column beside it. */
Test(run_args, help_has_what_an_option_does_below_it)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	unsigned options = 0;

	cr_assert_not_null(out);
	run_args_help(&plan_verb, out);
	(void)fclose(out);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "  --", 4) != 0 || strncmp(line, "  --help", 8) == 0)
			continue;
		cr_assert_null(strchr(line + 2, ' '), "%s", line);
		options++;
	}
	cr_assert_geq(options, guest_settings.count);
	free(text);
}

Test(run_args, no_kernel)
{
	MUST_FAIL(-EINVAL, "no kernel to boot", "--cpus", "1");
}

/* What is of a run only is no option of a plan; all that describes the guest is. */
Test(run_args, a_plan)
{
	char arg0[] = "plan", arg1[] = "--timing";
	char *argv[] = {arg0, arg1, NULL};
	struct run_args args;
	struct config_error err = {.error = PT_ERROR_INIT};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(run_args_parse(&plan_verb, 2, argv, &args, &err), -EINVAL);
	cr_assert_eq(strncmp(err.error.message, "unknown option \"--timing\"", 25), 0, "%s",
		     err.error.message);
	run_args_help(&plan_verb, out);
	(void)fclose(out);
	cr_assert_not_null(strstr(text, "Usage: tenon plan "));
	cr_assert_not_null(strstr(text, "--memory="));
	cr_assert_null(strstr(text, "--timing"));
	free(text);
}

Test(run_args, too_many_devices)
{
	const char *words[ARGS_MAX] = {NULL};
	char names[32][24];

	for (size_t i = 0; i < 32; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "--device=%02zx:00.0", i + 1);
		words[i] = names[i];
	}
	must_fail(-E2BIG, "--device: more than 31 devices, which is all a guest has room for",
		  words);
}

Test(run_args, help_wins)
{
	struct run_args args;
	struct config_error err;

	cr_assert_eq(PARSE(&args, &err, "--cpus", "3", "--help", "--frobnicate"), 0);
	cr_assert(args.help);
	run_args_done(&args);
}

Test(run_args, help_names_every_option)
{
	static const char *const options[] = {"--name=",    "--cpus=",	       "--memory=",
					      "--kernel=",  "--initrd=",       "--cmdline=",
					      "--serial=",  "--device=",       "--timing",
					      "--help",	    "--unplug-limit=", "--on-device-error=",
					      "--backend=", "--p2p=",	       "--hugepages="};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	run_args_help(&run_verb, out);
	(void)fclose(out);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		cr_assert_not_null(strstr(text, options[i]), "%s", options[i]);
	free(text);
}

/* What is said of the topology later replaces all that was said before. */
Test(run_args, topology_and_features)
{
	struct run_args args;
	struct config_error err = {.error = PT_ERROR_INIT};
	char path[] = "/tmp/tenon-topology.XXXXXX";

	write_file(path, "kernel: k\ncpus: {count: 8, sockets: 2}\ncpu: host,-avx2,+sse4.2\n");
	cr_assert_eq(PARSE(&args, &err, path), 0, "%s", err.error.message);
	cr_assert_eq(args.config.cpus, 8);
	cr_assert_eq(args.config.sockets, 2);
	cr_assert_eq(args.config.cores, 0);
	cr_assert_eq(args.config.cpu_features[cpu_feature_find("avx2")], -1);
	cr_assert_eq(args.config.cpu_features[cpu_feature_find("sse4_2")], 1);
	run_args_done(&args);
	cr_assert_eq(PARSE(&args, &err, path, "--cpus", "cores=3,threads=2", "--cpu", "host,-rtm"),
		     0);
	cr_assert_eq(args.config.cpus, 0);
	cr_assert_eq(args.config.sockets, 0);
	cr_assert_eq(args.config.cores, 3);
	cr_assert_eq(args.config.threads, 2);
	cr_assert_eq(args.config.cpu_features[cpu_feature_find("avx2")], 0);
	cr_assert_eq(args.config.cpu_features[cpu_feature_find("rtm")], -1);
	run_args_done(&args);
	cr_assert_eq(PARSE(&args, &err, path, "--cpus", "16"), 0);
	cr_assert_eq(args.config.cpus, 16);
	cr_assert_eq(args.config.sockets, 0);
	run_args_done(&args);
	(void)unlink(path);
}

/* Nodes have no names: those of the options replace those of the file. */
Test(run_args, nodes_and_pins)
{
	struct run_args args;
	struct config_error err = {.error = PT_ERROR_INIT};
	char path[] = "/tmp/tenon-nodes.XXXXXX";

	write_file(path, "kernel: k\npin: 0-1:3 2:4,6\nemulator-pin: 7\nnuma:\n"
			 "  - {memory: 1G, cpus: 0-1}\n  - {memory: 2G, cpus: 2, host-node: 1}\n");
	cr_assert_eq(PARSE(&args, &err, path), 0, "%s", err.error.message);
	cr_assert_eq(args.config.node_count, 2);
	cr_assert_eq(args.config.nodes[1].memory, UINT64_C(2) << 30);
	cr_assert_eq(args.config.nodes[1].cpus.words[0], 4);
	cr_assert(args.config.nodes[1].has_host_node);
	cr_assert_not(args.config.nodes[0].has_host_node);
	cr_assert_str_eq(args.config.pin, "0-1:3 2:4,6");
	cr_assert_eq(args.config.emulator_cpus.words[0], 0x80);
	run_args_done(&args);
	cr_assert_eq(PARSE(&args, &err, path, "--numa", "1G,cpus=0,,2,distances=10 17", "--numa",
			   "512M"),
		     0, "%s", err.error.message);
	cr_assert_eq(args.config.node_count, 2);
	cr_assert_eq(args.config.nodes[0].cpus.words[0], 5);
	cr_assert_eq(args.config.nodes[0].distances[1], 17);
	cr_assert_eq(args.config.nodes[1].memory, UINT64_C(512) << 20);
	run_args_done(&args);
	(void)unlink(path);
	MUST_FAIL(-EINVAL, "--pin: \"a\" is not a list of CPUs", "--pin", "0:a");
	MUST_FAIL(-EINVAL, "--pin: \"\" is not a list of CPUs", "--pin", "0:1 ");
	MUST_FAIL(-ERANGE, "--pin: 1024: CPUs of 1024 and more are out of range", "--pin", "1024");
	MUST_FAIL(-EINVAL, "--emulator-pin: \"1-\" is not a list of CPUs", "--emulator-pin", "1-");
	MUST_FAIL(-EINVAL, "--numa: distances: \"10 9\" are not distances", "--numa",
		  "1G,distances=10 9");
	MUST_FAIL(-EINVAL, "--numa: unknown NUMA node key \"cpu\"; did you mean \"cpus\"?",
		  "--numa", "1G,cpu=1");
}
