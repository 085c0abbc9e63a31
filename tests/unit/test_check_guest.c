/* SPDX-License-Identifier: MIT */
/* What a guest asks of its host: files, memory, CPUs, networks, places. */
#include "check/check.h"
#include "check_look.h"

Test(check_guest, files_to_boot_from)
{
	struct look look = good_host();

	check_now(&look);
	check_found(&look, "boot-files", FINDING_BLOCKS, "/dev/null");
	cr_assert_eq(look.findings.count, 1);
	free(look.config.kernel);
	look.config.kernel = strdup(TEST_DATA_DIR "/test_check.c");
	check_now(&look);
	check_found(&look, "boot-files", FINDING_BLOCKS, "test_check.c");
	done(&look);
}

/* Two sockets of 65 cores take 7 bits for the core, those of a third would begin at 256. */
Test(check_guest, cpus_that_no_interrupt_reaches)
{
	struct look look = good_host();

	max_cpus = 1024;
	look.config.cpus = 130;
	look.config.sockets = 2;
	check_now(&look);
	cr_assert_null(found(&look, "cpus"));
	look.config.cpus = 195;
	look.config.sockets = 3;
	check_now(&look);
	check_found(&look, "cpus", FINDING_WARNS, "65 of 195 virtual CPUs have APIC ids over 255");
	cr_assert_str_eq(found(&look, "cpus")->hint,
			 "--cpus 130,sockets=2,cores=65,threads=1; or all of them, "
			 "--cpus 195,sockets=1,cores=195,threads=1");
	look.config.cpus = 600;
	look.config.sockets = 1;
	check_now(&look);
	cr_assert_str_eq(found(&look, "cpus")->hint, "--cpus 256,sockets=1,cores=256,threads=1");
	look.config.cpus = 0;
	look.config.cores = 100;
	look.config.threads = 3;
	check_now(&look);
	cr_assert_str_eq(found(&look, "cpus")->hint, "--cpus 192,sockets=1,cores=64,threads=3");
	done(&look);
}

Test(check_guest, memory)
{
	struct look look = good_host();

	look.config.memory = 6144 * MIB;
	check_now(&look);
	check_found(&look, "memory", FINDING_WARNS, "6 GiB is more than is available");
	look.config.memory = 16384 * MIB;
	check_now(&look);
	cr_assert_null(found(&look, "memory"));
	check_found(&look, "plan", FINDING_BLOCKS, "more than this host has");
	done(&look);
}

static void group_may_have(struct look *look, const char *group, const char *limit)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max", group);
	model_put_file(look->model, path, limit);
	check_now(look);
}

Test(check_guest, memory_of_the_control_group)
{
	struct look look = good_host();

	look.config.memory = 512 * MIB;
	model_put_file(look.model, "/proc/4242/cgroup",
		       "4:devices:/\n0::/tenon.slice/web.service\n");
	group_may_have(&look, "/tenon.slice/web.service", "max\n");
	cr_assert_null(found(&look, "memory"));
	group_may_have(&look, "/tenon.slice", "268435456\n");
	check_found(&look, "memory", FINDING_BLOCKS, "512 MiB is more than this process' control");
	cr_assert_str_eq(found(&look, "memory")->commands[0],
			 "echo max > /sys/fs/cgroup/tenon.slice/memory.max");
	group_may_have(&look, "", "134217728\n");
	cr_assert_str_eq(found(&look, "memory")->path, "/sys/fs/cgroup/memory.max");
	cr_assert(strstr(found(&look, "memory")->hint, "--memory 120M or less"), "%s",
		  found(&look, "memory")->hint);
	look.config.memory = 128 * MIB;
	check_now(&look);
	cr_assert_null(found(&look, "memory"));
	done(&look);
}

static void group_has(struct look *look, const char *group, const char *kind, const char *list)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cpuset.%s.effective", group, kind);
	model_put_file(look->model, path, list);
	check_now(look);
}

Test(check_guest, cpus_of_the_control_group)
{
	struct look look = good_host();

	model_put_file(look.model, "/proc/4242/cgroup", "0::/tenon.slice/web.service\n");
	model_put_file(look.model, "/sys/devices/system/cpu/online", "0-7\n");
	look.config.cpus = 2;
	look.config.pin = strdup("4-5");
	group_has(&look, "", "cpus", "0-7\n");
	cr_assert_null(found(&look, "cpuset"));
	group_has(&look, "/tenon.slice", "cpus", "0-4\n");
	check_found(&look, "cpuset", FINDING_BLOCKS, "virtual CPU 1 has none of the CPUs");
	cr_assert_str_eq(found(&look, "cpuset")->commands[0],
			 "echo 0-5 > /sys/fs/cgroup/tenon.slice/cpuset.cpus");
	group_has(&look, "/tenon.slice/web.service", "cpus", "0-3\n");
	cr_assert_str_eq(found(&look, "cpuset")->value, "0-3");
	cr_assert_eq(found(&look, "cpuset")->command_count, 2, "the one above first");
	cr_assert_str_eq(found(&look, "cpuset")->commands[1],
			 "echo 0-5 > /sys/fs/cgroup/tenon.slice/web.service/cpuset.cpus");
	cr_assert(strstr(found(&look, "cpuset")->hint, "AllowedCPUs="));
	group_has(&look, "/tenon.slice/web.service", "cpus", "0-7\n");
	cr_assert_null(found(&look, "cpuset"));
	done(&look);
}

Test(check_guest, some_cpus_of_the_control_group)
{
	struct look look = good_host();

	model_put_file(look.model, "/proc/4242/cgroup", "0::/web.service\n");
	model_put_file(look.model, "/sys/devices/system/cpu/online", "0-7\n");
	cr_assert_eq(cpu_list_parse("3-4", 3, &look.config.emulator_cpus), 0);
	group_has(&look, "/web.service", "cpus", "0-3\n");
	check_found(&look, "cpuset", FINDING_WARNS, "leaves out 4");
	group_has(&look, "/web.service", "cpus", "0-2\n");
	check_found(&look, "cpuset", FINDING_BLOCKS, "what is no virtual CPU has none");
	done(&look);
}

Test(check_guest, nodes_of_the_control_group)
{
	struct look look = good_host();

	model_put_file(look.model, "/proc/4242/cgroup", "0::/web.service\n");
	model_put_file(look.model, "/sys/devices/system/node/online", "0-1\n");
	model_put_file(look.model, "/sys/devices/system/node/node1/meminfo",
		       "Node 1 MemTotal: 4194304 kB\nNode 1 MemFree: 4194304 kB\n");
	look.config.has_numa_node = true;
	look.config.numa_node = 1;
	group_has(&look, "/web.service", "mems", "0-1\n");
	cr_assert_null(found(&look, "cpuset"));
	group_has(&look, "/web.service", "mems", "0\n");
	check_found(&look, "cpuset", FINDING_BLOCKS, "memory is to come from NUMA node 1");
	cr_assert_str_eq(found(&look, "cpuset")->commands[0],
			 "echo 0-1 > /sys/fs/cgroup/web.service/cpuset.mems");
	done(&look);
}

Test(check_guest, memory_that_may_be_pinned)
{
	struct look look = good_host();

	model_host(look.model)->memlock = 256 * MIB;
	check_now(&look);
	check_found(&look, "memlock", FINDING_BLOCKS, "262144 KiB");
	cr_assert_str_eq(found(&look, "memlock")->commands[0],
			 "prlimit --pid $$ --memlock=unlimited:unlimited");
	cr_assert_null(found(&look, "plan"), "it is said once");
	look.user = &alice;
	check_now(&look);
	cr_assert_str_eq(found(&look, "memlock")->commands[0],
			 "sudo prlimit --pid $$ --memlock=unlimited:unlimited",
			 "the shell that it is typed in, not one of sudo's");
	done(&look);
}

Test(check_guest, hugepages)
{
	static const char pool[] = "/sys/kernel/mm/hugepages/hugepages-2048kB";
	struct look look = good_host();
	char path[128];

	look.config.hugepages = 2 * MIB;
	check_now(&look);
	check_found(&look, "plan", FINDING_BLOCKS, "no huge pages");
	for (int i = 0; i < 3; i++) {
		static const char *const files[] = {"nr_hugepages", "free_hugepages",
						    "resv_hugepages"};
		static const char *const counts[] = {"100\n", "60\n", "10\n"};

		(void)snprintf(path, sizeof(path), "%s/%s", pool, files[i]);
		model_put_file(look.model, path, counts[i]);
	}
	check_now(&look);
	check_found(&look, "hugepages", FINDING_BLOCKS, "50 of the host's 100 are free");
	cr_assert_str_eq(found(&look, "hugepages")->commands[0],
			 "echo 306 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
	cr_assert_null(found(&look, "plan"));
	done(&look);
}

static void add_network(struct look *look, const char *tap, unsigned queues)
{
	struct vm_config *config = &look->config;

	config->nets = realloc(config->nets, (config->net_count + 1) * sizeof(*config->nets));
	config->nets[config->net_count++] =
		(struct vm_config_net){.tap = strdup(tap), .queues = queues};
}

static void put_tap(struct look *look, const char *file, const char *text)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/sys/class/net/tap0/%s", file);
	model_put_file(look->model, path, text);
}

static void check_network(struct look *look, const char *what, const char *command)
{
	check_now(look);
	check_found(look, "network", FINDING_BLOCKS, what);
	cr_assert_str_eq(found(look, "network")->commands[0], command);
}

Test(check_guest, networks)
{
	struct look look = good_host();

	model_put_file(look.model, "/dev/net/tun", "");
	look.user = &alice;
	add_network(&look, "tap0", 1);
	check_network(&look, "network device tap0: there is none",
		      "sudo ip tuntap add tap0 mode tap user alice");
	put_tap(&look, "tun_flags", "0x5002\n");
	put_tap(&look, "owner", "1000\n");
	put_tap(&look, "group", "-1\n");
	check_now(&look);
	cr_assert_null(found(&look, "network"));
	put_tap(&look, "owner", "0\n");
	check_network(&look, "it is not user alice's", "sudo ip link delete tap0");
	put_tap(&look, "owner", "-1\n");
	put_tap(&look, "group", "104\n");
	check_network(&look, "it is not user alice's", "sudo ip link delete tap0");
	look.user = &root;
	check_now(&look);
	cr_assert_null(found(&look, "network"), "root may use anybody's");
	look.config.nets[0].queues = 2;
	check_network(&look, "without several queues", "ip link delete tap0");
	cr_assert_str_eq(found(&look, "network")->commands[1],
			 "ip tuntap add tap0 mode tap multi_queue user root");
	model_remove(look.model, "/sys/class/net/tap0/tun_flags");
	check_now(&look);
	check_found(&look, "network", FINDING_BLOCKS, "it is no tap device");
	free(look.config.nets[0].tap);
	look.config.nets[0].tap = strdup("fd:7");
	check_now(&look);
	cr_assert_null(found(&look, "network"));
	done(&look);
}

static int model_fdinfo(struct look *look, const char *text)
{
	model_process(look->model, 77, "qemu-system-x86", "/dev/net/tun");
	model_put_file(look->model, "/proc/77/fdinfo/7", text);
	check_now(look);
	return found(look, "network") != NULL;
}

/* The kernel says it of one that is up; else whoever has it does. */
Test(check_guest, a_network_that_somebody_has)
{
	struct look look = good_host();

	model_put_file(look.model, "/dev/net/tun", "");
	add_network(&look, "tap0", 1);
	put_tap(&look, "tun_flags", "0x5002\n");
	put_tap(&look, "carrier", "0\n");
	check_now(&look);
	cr_assert_null(found(&look, "network"));
	put_tap(&look, "carrier", "1\n");
	check_now(&look);
	check_found(&look, "network", FINDING_BLOCKS, "somebody else has it in use");
	cr_assert(model_fdinfo(&look, "pos:\t0\niff:\ttap0\n"));
	check_found(&look, "network", FINDING_BLOCKS, "qemu-system-x86 (pid 77) has it");
	cr_assert_str_eq(found(&look, "network")->path, "/proc/77/fd/7");
	cr_assert_str_eq(found(&look, "network")->commands[0], "kill 77");
	model_remove(look.model, "/sys/class/net/tap0/carrier");
	cr_assert(model_fdinfo(&look, "pos:\t0\niff:\ttap0\nmore:\t1\n"));
	cr_assert_not(model_fdinfo(&look, "pos:\t0\niff:\ttap01\n"));
	cr_assert_not(model_fdinfo(&look, "pos:\t0\n"));
	done(&look);
}

Test(check_guest, an_address_that_somebody_has)
{
	struct look look = good_host();

	model_put_link(look.model, "/dev/vhost-vsock",
		       "kvm"); /* can be opened, and its ioctls are the test's */
	look.config.has_vsock = true;
	look.config.vsock.cid = 3;
	check_now(&look);
	cr_assert_null(found(&look, "vsock"));
	taken_cids = 7;
	check_now(&look);
	check_found(&look, "vsock", FINDING_BLOCKS, "vsock address 3: another guest has it");
	cr_assert_str_eq(found(&look, "vsock")->hint, "--vsock 8 (in the file, vsock: 8)");
	taken_cids = UINT64_MAX;
	check_now(&look);
	check_found(&look, "vsock", FINDING_BLOCKS, "vsock address 3");
	done(&look);
}

static int no_ring(struct pt_error *err)
{
	(void)pt_error_set(err, -EPERM, "no io_uring: Operation not permitted");
	return pt_error_remedy(err, -EPERM, "allow it");
}

Test(check_guest, no_io_uring)
{
	static const char disabled[] = "/proc/sys/kernel/io_uring_disabled";
	struct look look = good_host();

	look.try_ring = no_ring;
	model_put_file(look.model, disabled, "2\n");
	check_now(&look);
	check_found(&look, "io-uring", FINDING_BLOCKS, "no io_uring");
	cr_assert_str_eq(found(&look, "io-uring")->commands[0],
			 "sysctl kernel.io_uring_disabled=0");
	model_put_file(look.model, disabled, "0\n");
	check_now(&look);
	cr_assert_eq(found(&look, "io-uring")->command_count, 0, "something else forbids it");
	done(&look);
}

Test(check_guest, nodes_of_modules)
{
	struct look look = good_host();

	add_network(&look, "tap0", 1);
	put_tap(&look, "tun_flags", "0x5002\n");
	check_now(&look);
	check_found(&look, "node", FINDING_BLOCKS, "there is no /dev/net/tun");
	cr_assert_str_eq(found(&look, "node")->commands[0], "modprobe tun");
	model_put_file(look.model, "/dev/net/tun", "");
	look.config.nets[0].vhost = VM_VHOST_ON;
	check_now(&look);
	check_found(&look, "node", FINDING_BLOCKS, "there is no /dev/vhost-net");
	look.config.nets[0].vhost = VM_VHOST_AUTO;
	look.config.has_vsock = true;
	look.config.vsock.cid = 3;
	check_now(&look);
	check_found(&look, "node", FINDING_BLOCKS, "there is no /dev/vhost-vsock");
	cr_assert_str_eq(found(&look, "node")->commands[0], "modprobe vhost_vsock");
	done(&look);
}

/* They are of this machine's, not of the model's. */
Test(check_guest, places_for_what_is_made)
{
	char folder[] = "/tmp/tenon-check.XXXXXX", path[64];
	struct look look = good_host();

	cr_assert(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/none/socket", folder);
	look.config.control = strdup(path);
	check_now(&look);
	check_found(&look, "place", FINDING_BLOCKS, "No such file or directory");
	(void)snprintf(path, sizeof(path), "mkdir -p %s/none", folder);
	cr_assert_str_eq(found(&look, "place")->commands[0], path);
	cr_assert_eq(system(path), 0);
	look.config.serial = SERIAL_FILE;
	look.config.serial_path = strdup("serial.log");
	check_now(&look);
	cr_assert_null(found(&look, "place"));
	free(look.config.control);
	look.config.control = strdup(TEST_DATA_DIR "/test_check.c");
	check_now(&look);
	check_found(&look, "place", FINDING_BLOCKS, "there is a file, and no socket");
	free(look.config.control);
	look.config.control = NULL;
	free(look.config.serial_path);
	look.config.serial_path = strdup(folder);
	check_now(&look);
	check_found(&look, "place", FINDING_BLOCKS, "Is a directory");
	look.config.serial = SERIAL_NONE;
	look.config.consoles = calloc(1, sizeof(*look.config.consoles));
	look.config.console_count = 1;
	look.config.consoles[0].where = VM_CONSOLE_SOCKET;
	look.config.consoles[0].path = strdup(TEST_DATA_DIR "/test_check.c");
	check_now(&look);
	check_found(&look, "place", FINDING_BLOCKS, "there is a file, and no socket");
	cr_assert_str_eq(found(&look, "place")->hint,
			 "give the console another path, such as " TEST_DATA_DIR "/test_check.c.2");
	(void)snprintf(path, sizeof(path), "rm -r %s", folder);
	cr_assert_eq(system(path), 0);
	done(&look);
}
