/* SPDX-License-Identifier: MIT */
/* The preflight's rules on recorded hosts: golden/check/CASE.txt is what a person reads. */
#include "check.h"

#include <errno.h>
#include <linux/kvm.h>
#include <linux/vhost.h>
#include <stdlib.h>

#include "check/check.h"
#include "check/check_print.h"
#include "golden.h"

#define MIB (UINT64_C(1) << 20)

static unsigned phys_bits = 48;
static int max_cpus = 8;
static uint64_t taken_cids = 2; /* guests have those up to it */

/* The modelled kernel, with a KVM that answers what is asked of it before a guest is made. */
static int with_kvm(void *ctx, int fd, unsigned long request, void *arg)
{
	struct model *model = ctx;
	struct kvm_cpuid2 *cpuid = arg;

	if (request == VHOST_VSOCK_SET_GUEST_CID)
		return *(const uint64_t *)arg <= taken_cids ? -EADDRINUSE : 0;
	if (request == KVM_CHECK_EXTENSION)
		return max_cpus;
	if (request != KVM_GET_SUPPORTED_CPUID)
		return model_sys(model)->ioctl(ctx, fd, request, arg);
	cpuid->nent = 1;
	cpuid->entries[0] =
		(struct kvm_cpuid_entry2){.function = 0x80000008, .eax = 0x3000 | phys_bits};
	return 0;
}

static const struct check_user root = {0, "root", {0}, 1};
static const struct check_user alice = {1000, "alice", {1000}, 1};

/* One look: a host, a guest, and what was found. */
struct look {
	struct model *model;
	struct vm_config config;
	const struct check_user *user;
	enum check_scope scope;
	int (*ask_libvirt)(const char *uri, const char *name, unsigned limit, struct pt_error *err);
	int (*try_ring)(struct pt_error *err);
	struct findings findings;
};

static struct look on_host(const char *name)
{
	struct look look = {.model = model_new(), .user = &root, .scope = CHECK_DEVICES};
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/hosts/%s", TEST_DATA_DIR, name);
	model_load_host(look.model, path);
	vm_config_init(&look.config);
	return look;
}

static void add_device(struct look *look, const char *name)
{
	struct vm_config *config = &look->config;

	config->devices =
		realloc(config->devices, (config->device_count + 1) * sizeof(*config->devices));
	config->devices[config->device_count++] = (struct vm_config_device){.name = strdup(name)};
}

/* Programs go by the names, so that each is in the manual page. */
static void check_documented(const struct findings *findings)
{
	char *page = calloc(1, 65536), item[64];
	FILE *file = fopen(TEST_DATA_DIR "/../../docs/tenon-check.1", "re");

	cr_assert(page && file);
	cr_assert_gt(fread(page, 1, 65535, file), 0);
	(void)fclose(file);
	for (size_t i = 0; i < findings->count; i++) {
		(void)snprintf(item, sizeof(item), "\n.It Cm %s\n", findings->list[i]->id);
		cr_assert(strstr(page, item), "tenon-check(1) has no %s", findings->list[i]->id);
	}
	free(page);
}

static void check_now(struct look *look)
{
	const enum pt_backend_kind group = PT_BACKEND_GROUP, cdev = PT_BACKEND_CDEV;
	const enum pt_backend_kind *backend = look->config.backend == BACKEND_GROUP  ? &group
					      : look->config.backend == BACKEND_CDEV ? &cdev
										     : NULL;
	struct device_request requests[VM_DEVICES_MAX];
	struct pt_sys sys = *model_sys(look->model);
	struct pt_error err = PT_ERROR_INIT;
	struct host_facts facts = {0};
	struct check_run check = {&sys,	       &look->config,	  look->user,
				  look->scope, look->ask_libvirt, look->try_ring,
				  &facts,      &look->findings};

	sys.ioctl = with_kvm;
	findings_done(&look->findings);
	for (size_t i = 0; i < look->config.device_count; i++)
		requests[i] = (struct device_request){
			.name = look->config.devices[i].name,
			.unsafe_noiommu = look->config.devices[i].unsafe_noiommu,
			.to_be_taken = look->config.devices[i].managed,
			.to_be_made = look->config.devices[i].vfs > 0,
		};
	check_ok(host_facts_look(&sys, requests, look->config.device_count, backend, &facts, &err),
		 err);
	check_ok(check_host(&check, &err), err);
	host_facts_done(&facts);
	check_clean(look->model);
	check_documented(&look->findings);
}

static void done(struct look *look)
{
	findings_done(&look->findings);
	vm_config_done(&look->config);
	model_free(look->model);
}

/* What is found is what the file says. */
static void compare(struct look *look, const char *name)
{
	char *text = NULL, file[128];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	check_now(look);
	check_print(&look->findings, out);
	(void)fclose(out);
	(void)snprintf(file, sizeof(file), "check/%s.txt", name);
	golden_compare(file, text);
	free(text);
	done(look);
}

/* The first finding of a rule; NULL when it found nothing. */
static const struct finding *found(const struct look *look, const char *id)
{
	for (size_t i = 0; i < look->findings.count; i++) {
		if (strcmp(look->findings.list[i]->id, id) == 0)
			return look->findings.list[i];
	}
	return NULL;
}

#define check_found(look, id_, severity_, part)                                                 \
	do {                                                                                    \
		const struct finding *check_finding = found(look, id_);                         \
		cr_assert(check_finding, "%s: nothing", id_);                                   \
		cr_assert_eq(check_finding->severity, severity_);                               \
		cr_assert(strstr(check_finding->what, part), "%s", check_finding->what);        \
		cr_assert(check_finding->why && * check_finding->why);                          \
		cr_assert(check_finding->command_count || check_finding->hint[0], "no remedy"); \
	} while (0)

Test(check, a_desktop_with_one_graphics_card)
{
	struct look look = on_host("desktop");

	look.user = &alice;
	add_device(&look, "01:00.0");
	compare(&look, "desktop");
}

Test(check, both_functions_of_a_graphics_card)
{
	struct look look = on_host("desktop");

	add_device(&look, "01:00.0");
	add_device(&look, "01:00.1");
	check_now(&look);
	cr_assert_null(found(&look, "reset"), "a reset of the bus hits nobody else");
	done(&look);
}

Test(check, physical_functions)
{
	struct look look = on_host("sriov-server");

	add_device(&look, "3b:00.0");
	add_device(&look, "3b:00.1");
	compare(&look, "sriov-physical");
}

Test(check, virtual_functions)
{
	struct look look = on_host("sriov-server");

	add_device(&look, "3b:01.0");
	compare(&look, "sriov-virtual");
}

Test(check, a_virtual_function_whose_physical_function_is_given_away)
{
	struct look look = on_host("sriov-server");

	add_device(&look, "3b:11.0");
	check_now(&look);
	cr_assert_null(found(&look, "token"), "Linux 6.12 asks for none with a cdev");
	look.config.backend = BACKEND_GROUP;
	check_now(&look);
	check_found(&look, "token", FINDING_BLOCKS, "0000:3b:00.1 is bound to vfio-pci");
	cr_assert_str_eq(found(&look, "token")->hint,
			 "--device 0000:3b:11.0,vf-token=UUID (in the file, vf-token: UUID), with "
			 "the UUID that dpdk-testpmd (pid 1200) has set");
	cr_assert_eq(found(&look, "token")->command_count, 0, "its user goes on");
	model_remove(look.model, "/proc/1200/fd/9");
	check_now(&look);
	cr_assert_str_eq(found(&look, "token")->commands[0], "tenon unbind 0000:3b:00.1");
	cr_assert_str_eq(found(&look, "token")->commands[1],
			 "echo 1 > /sys/bus/pci/devices/0000:3b:00.1/sriov_numvfs");
	cr_assert_str_eq(found(&look, "token")->commands[2], "tenon bind 0000:3b:11.0");
	look.config.devices[0].vf_token = strdup("2ab74924-c335-45f4-9b16-8569e5b08258");
	check_now(&look);
	cr_assert_null(found(&look, "token"));
	look.config.backend = BACKEND_AUTO;
	model_put_file(look.model, "/proc/sys/kernel/osrelease", "6.17.1\n");
	free(look.config.devices[0].vf_token);
	look.config.devices[0].vf_token = NULL;
	check_now(&look);
	check_found(&look, "token", FINDING_BLOCKS, "VF token");
	done(&look);
}

Test(check, gpus_and_a_switch)
{
	struct look look = on_host("gpu-server");

	phys_bits = 39;
	add_device(&look, "1c:00.0");
	add_device(&look, "44:00.0");
	add_device(&look, "82:00.0");
	compare(&look, "gpu-server");
}

Test(check, no_iommu)
{
	struct look look = on_host("no-iommu");

	look.user = &alice;
	add_device(&look, "02:00.0");
	compare(&look, "no-iommu");
}

/* The command is typed, into another folder; GRUB's own script would read the file so. */
Test(check, a_word_for_the_kernel)
{
	static const char place[] = "/etc/default/grub.d/tenon.cfg";
	char folder[] = "/tmp/tenon-check.XXXXXX", command[1024], text[64] = "";
	struct look look = on_host("no-iommu");
	const char *typed, *at;
	FILE *shell;

	add_device(&look, "02:00.0");
	check_now(&look);
	typed = found(&look, "iommu")->commands[0];
	at = strstr(typed, place);
	cr_assert(at && mkdtemp(folder), "%s", typed);
	snprintf(
		command, sizeof(command),
		"%.*s%s/cfg && GRUB_CMDLINE_LINUX=quiet && . %s/cfg && echo $GRUB_CMDLINE_LINUX; rm -r %s",
		(int)(at - typed), typed, folder, folder, folder);
	shell = popen(command, "re");
	cr_assert(shell && fgets(text, sizeof(text), shell));
	cr_assert_eq(pclose(shell), 0);
	cr_assert_str_eq(text, "quiet intel_iommu=on\n");
	done(&look);
}

/* Its driver has taken the screen over, so that only the card is in the way; who gives it away sees nothing any more. */
Test(check, the_only_display)
{
	struct look look = on_host("desktop");
	const struct finding *finding;

	add_device(&look, "01:00.0");
	model_put_file(look.model, "/proc/iomem", "e0000000-e0ffffff : 0000:01:00.0\n");
	check_now(&look);
	check_found(&look, "screen", FINDING_WARNS, "started with");
	finding = found(&look, "screen");
	cr_assert_eq(finding->command_count, 2);
	cr_assert_str_eq(finding->commands[1], "systemctl isolate multi-user.target");
	cr_assert(strstr(finding->hint, "no other display"), "%s", finding->hint);
	model_put_link(look.model, "/sys/bus/pci/devices/0000:00:02.0",
		       "../../../devices/pci0000:00/0000:00:02.0");
	model_put_file(look.model, "/sys/devices/pci0000:00/0000:00:02.0/class", "0x030000\n");
	check_now(&look);
	cr_assert_eq(found(&look, "screen")->command_count, 0);
	cr_assert(strstr(found(&look, "screen")->hint, "choose the other"), "%s",
		  found(&look, "screen")->hint);
	done(&look);
}

/* The host has an IOMMU, and Debian's kernel leaves this device out. */
Test(check, integrated_graphics)
{
	static const char folder[] = "/sys/devices/pci0000:00/0000:00:02.0/";
	static const struct {
		const char *name, *text;
	} files[] = {
		{"vendor", "0x8086\n"},
		{"device", "0x4680\n"},
		{"class", "0x030000\n"},
		{"resource", "0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n"},
	};
	const uint8_t config[256] = {0x86, 0x80, 0x80, 0x46, [0x0b] = 0x03};
	struct look look = on_host("desktop");
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", folder, files[i].name);
		model_put_file(look.model, path, files[i].text);
	}
	snprintf(path, sizeof(path), "%sconfig", folder);
	model_put_bytes(look.model, path, config, sizeof(config));
	model_put_link(look.model, "/sys/bus/pci/devices/0000:00:02.0",
		       "../../../devices/pci0000:00/0000:00:02.0");
	add_device(&look, "00:02.0");
	check_now(&look);
	check_found(&look, "iommu", FINDING_BLOCKS, "0000:00:02.0");
	cr_assert(strstr(found(&look, "iommu")->commands[0], "intel_iommu=on"), "%s",
		  found(&look, "iommu")->commands[0]);
	done(&look);
}

Test(check, no_iommu_for_other_reasons)
{
	struct look look = on_host("no-iommu");

	add_device(&look, "02:00.0");
	model_put_file(look.model, "/proc/cmdline", "quiet intel_iommu=off\n");
	check_now(&look);
	cr_assert_str_eq(found(&look, "iommu")->commands[0],
			 "sed -i \"s/\\bintel_iommu=off\\b//\" /etc/default/grub");
	model_put_file(look.model, "/proc/cmdline", "quiet\n");
	model_remove(look.model, "/sys/firmware/acpi/tables/DMAR");
	check_now(&look);
	cr_assert_str_eq(found(&look, "iommu")->commands[0], "systemctl reboot --firmware-setup");
	model_put_file(look.model, "/proc/cpuinfo", "flags\t\t: fpu vmx hypervisor\n");
	check_now(&look);
	cr_assert_eq(found(&look, "iommu")->command_count, 0, "its firmware has no such setting");
	cr_assert(strstr(found(&look, "iommu")->hint, "-device intel-iommu"), "%s",
		  found(&look, "iommu")->hint);
	done(&look);
}

Test(check, no_remapping)
{
	struct look look = on_host("no-remapping");

	add_device(&look, "02:00.0");
	compare(&look, "no-remapping");
}

Test(check, remapping_waived)
{
	struct look look = on_host("no-remapping");

	add_device(&look, "02:00.0");
	model_put_file(look.model, "/sys/module/iommufd/parameters/allow_unsafe_interrupts", "Y\n");
	check_now(&look);
	check_found(&look, "interrupts", FINDING_WARNS, "waives");
	cr_assert_str_eq(check_verdict(&look.findings), "ready with warnings");
	look.config.backend = BACKEND_GROUP;
	check_now(&look);
	check_found(&look, "interrupts", FINDING_BLOCKS, "vfio_iommu_type1");
	cr_assert_str_eq(found(&look, "interrupts")->commands[0],
			 "modprobe vfio_iommu_type1 allow_unsafe_interrupts=1");
	done(&look);
}

Test(check, a_dead_device)
{
	struct look look = on_host("dead-device");

	add_device(&look, "02:00.0");
	compare(&look, "dead-device");
}

/* A bus reset that failed half way leaves a device that answers, and whose registers are nowhere. */
Test(check, a_device_without_addresses)
{
	static const char config[] = "/sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0/config";
	uint8_t header[256] = {0x86, 0x80, 0x92, 0x15, [0x0b] = 2, [0x10] = 0x0c, [0x18] = 0x0c};
	struct look look = on_host("sriov-server");

	add_device(&look, "3b:00.0");
	model_put_bytes(look.model, config, header, sizeof(header));
	check_now(&look);
	check_found(&look, "addresses", FINDING_BLOCKS, "its BARs have no addresses");
	cr_assert_str_eq(found(&look, "addresses")->commands[1], "echo 1 > /sys/bus/pci/rescan");
	header[0x1d] = 0x10;
	model_put_bytes(look.model, config, header, sizeof(header));
	check_now(&look);
	cr_assert_null(found(&look, "addresses"));
	done(&look);
}

Test(check, a_device_that_will_be_taken)
{
	struct look look = on_host("sriov-server");

	add_device(&look, "3b:01.1");
	check_now(&look);
	check_found(&look, "driver", FINDING_BLOCKS, "iavf");
	look.config.devices[0].managed = true;
	check_now(&look);
	cr_assert_eq(look.findings.count, 0);
	look.user = &alice;
	check_now(&look);
	check_found(&look, "driver", FINDING_BLOCKS, "iavf");
	cr_assert_str_eq(found(&look, "driver")->commands[0], "sudo tenon bind 0000:3b:01.1");
	done(&look);
	look = on_host("desktop");
	add_device(&look, "01:00.0");
	look.config.devices[0].managed = true;
	check_now(&look);
	cr_assert_null(found(&look, "driver"));
	check_found(&look, "sibling", FINDING_BLOCKS, "snd_hda_intel");
	add_device(&look, "01:00.1");
	look.config.devices[1].managed = true;
	check_now(&look);
	cr_assert_null(found(&look, "sibling"), "it is taken from its driver, too");
	done(&look);
}

/* A launch would refuse it after it had taken the others. */
Test(check, a_device_that_will_be_taken_and_is_in_use)
{
	static const char net[] = "/sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:01.1/net/eth7";
	struct look look = on_host("sriov-server");

	add_device(&look, "3b:01.1");
	look.config.devices[0].managed = true;
	model_put_dir(look.model, net);
	model_put_link(look.model, "/sys/class/net/eth7", net);
	model_put_file(look.model, "/proc/net/route",
		       "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n"
		       "eth7\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\n");
	check_now(&look);
	check_found(&look, "host-use", FINDING_BLOCKS, "default route");
	cr_assert_null(found(&look, "driver"));
	done(&look);
	look = on_host("sriov-server");
	add_device(&look, "3b:00.0");
	look.config.devices[0].managed = true;
	check_now(&look);
	check_found(&look, "vfs", FINDING_BLOCKS, "2 virtual functions");
	done(&look);
}

static int libvirt_is_away(const char *uri, const char *name, unsigned limit, struct pt_error *err)
{
	(void)limit;
	return pt_error_set(err, -ECONNREFUSED, "%s: libvirt (%s) does not answer", name, uri);
}

Test(check, libvirt_that_is_to_take_a_device)
{
	struct look look = on_host("sriov-server");

	look.ask_libvirt = libvirt_is_away;
	look.config.libvirt = strdup("qemu:///system");
	add_device(&look, "3b:01.1");
	check_now(&look);
	cr_assert_null(found(&look, "libvirt"), "it is not to take it");
	look.config.devices[0].managed = true;
	check_now(&look);
	check_found(&look, "libvirt", FINDING_BLOCKS, "libvirt (qemu:///system) does not answer");
	cr_assert_str_eq(found(&look, "libvirt")->commands[0], "systemctl start libvirtd");
	done(&look);
}

static void check_vfs(struct look *look, unsigned wanted, const char *what, const char *remedy)
{
	const struct finding *finding;

	look->config.devices[0].vfs = wanted;
	check_now(look);
	check_found(look, "vfs", FINDING_BLOCKS, what);
	finding = found(look, "vfs");
	cr_assert(strstr(finding->command_count ? finding->commands[0] : finding->hint, remedy),
		  "%s %s", finding->commands[0], finding->hint);
}

Test(check, virtual_functions_that_will_be_made)
{
	static const char pf[] = "/sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0/";
	struct look look = on_host("sriov-server");
	char path[128];

	(void)snprintf(path, sizeof(path), "%ssriov_numvfs", pf);
	add_device(&look, "3b:00.0");
	check_vfs(&look, 2, "somebody has made 2 virtual functions",
		  "echo 0 > /sys/bus/pci/devices/0000:3b:00.0/sriov_numvfs");
	model_put_file(look.model, "/run/tenon/devices/0000:3b:00.0", "");
	check_now(&look);
	cr_assert_eq(look.findings.count, 0, "a tenon has, which was killed");
	model_remove(look.model, "/run/tenon/devices/0000:3b:00.0");
	model_put_file(look.model, path, "0\n");
	check_now(&look);
	cr_assert_eq(look.findings.count, 0);
	check_vfs(&look, 129, "has 128 virtual functions, not 129",
		  "--device 0000:3b:00.0,vfs=128");
	look.user = &alice;
	check_vfs(&look, 2, "only root",
		  "sudo sh -c 'echo 2 > /sys/bus/pci/devices/0000:3b:00.0/sriov_numvfs'");
	done(&look);
	look = on_host("sriov-server");
	add_device(&look, "3b:01.1");
	check_vfs(&look, 2, "has no SR-IOV", "--device 0000:3b:01.1, without vfs");
	done(&look);
	look = on_host("sriov-server");
	model_put_file(look.model, "/sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.1/sriov_numvfs",
		       "0\n");
	add_device(&look, "3b:00.1");
	check_vfs(&look, 2, "vfio-pci cannot make virtual functions", "tenon unbind 0000:3b:00.1");
	done(&look);
}

/* For programs. */
Test(check, json)
{
	struct look look = on_host("dead-device");
	struct pt_error err = PT_ERROR_INIT;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	add_device(&look, "02:00.0");
	check_now(&look);
	check_ok(check_print_json(&look.findings, out, &err), err);
	(void)fclose(out);
	golden_compare("check/dead-device.json", text);
	free(text);
	done(&look);
}

/* A host on which all is well, and what can be wrong with it. */
static struct look good_host(void)
{
	struct look look = on_host("sriov-server");

	model_put_file(look.model, "/proc/meminfo",
		       "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n");
	model_process_memory(look.model, 4242, "test", 1000, 0, 0, false);
	look.scope = CHECK_GUEST;
	add_device(&look, "3b:01.0");
	look.config.kernel = strdup("/dev/null");
	return look;
}

Test(check, files_to_boot_from)
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
Test(check, cpus_that_no_interrupt_reaches)
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

Test(check, memory)
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

Test(check, memory_of_the_control_group)
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

Test(check, memory_that_may_be_pinned)
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

Test(check, hugepages)
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

Test(check, networks)
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
Test(check, a_network_that_somebody_has)
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

Test(check, an_address_that_somebody_has)
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

Test(check, no_io_uring)
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

Test(check, nodes_of_modules)
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
Test(check, places_for_what_is_made)
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

Test(check, somebody_has_it)
{
	struct look look = good_host();

	model_process(look.model, 77, "qemu-system-x86", "/dev/vfio/31");
	check_now(&look);
	check_found(&look, "holder", FINDING_BLOCKS, "qemu-system-x86 (pid 77)");
	cr_assert_str_eq(found(&look, "holder")->path, "/proc/77/fd/7");
	cr_assert_str_eq(found(&look, "holder")->commands[0], "kill 77");
	done(&look);
}

/* A domain of libvirt's is ended by libvirt; what is typed holds nothing that a process could call itself to harm. */
Test(check, a_holder_of_libvirt)
{
	static const char domain[] = "qemu\0-name\0guest=web\0-chardev\0/var/lib/libvirt/qemu/x";
	static const char evil[] = "qemu\0-name\0guest=web;reboot\0/var/lib/libvirt/qemu/x";
	struct look look = good_host();

	model_process(look.model, 77, "qemu-system-x86", "/dev/vfio/devices/vfio1");
	model_put_bytes(look.model, "/proc/77/cmdline", domain, sizeof(domain));
	check_now(&look);
	cr_assert_str_eq(found(&look, "holder")->commands[0],
			 "virsh -c qemu:///system destroy web");
	model_put_bytes(look.model, "/proc/77/cmdline", evil, sizeof(evil));
	check_now(&look);
	cr_assert_str_eq(found(&look, "holder")->commands[0], "kill 77");
	done(&look);
}

Test(check, a_holder_that_is_a_guest_of_ours)
{
	static const char guest[] = "tenon\0run\0--name\0web\0";
	struct look look = good_host();

	model_process(look.model, 77, "tenon", "/dev/vfio/devices/vfio1");
	model_put_bytes(look.model, "/proc/77/cmdline", guest, sizeof(guest));
	check_now(&look);
	cr_assert_str_eq(found(&look, "holder")->hint, "better: tenon ctl web shutdown");
	done(&look);
}

/* Hundreds of processes need not be looked through when the kernel has not enabled the device for anybody. */
Test(check, a_launch_looks_for_holders_only_where_there_may_be_one)
{
	static const char enable[] = "/sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:01.0/enable";
	struct look look = good_host();

	model_process(look.model, 77, "qemu-system-x86", "/dev/vfio/devices/vfio1");
	look.scope = CHECK_LAUNCH;
	model_put_file(look.model, enable, "1\n");
	check_now(&look);
	check_found(&look, "holder", FINDING_BLOCKS, "qemu-system-x86 (pid 77)");
	model_put_file(look.model, enable, "0\n");
	check_now(&look);
	cr_assert_null(found(&look, "holder"));
	look.scope = CHECK_GUEST;
	check_now(&look);
	check_found(&look, "holder", FINDING_BLOCKS, "qemu-system-x86 (pid 77)");
	done(&look);
}

static void closed(struct look *look, const char *path, unsigned mode, unsigned gid)
{
	const struct pt_stat stat = {.mode = mode, .gid = gid};

	model_permit(look->model, path, &stat);
	check_now(look);
	check_found(look, "access", FINDING_BLOCKS, path);
}

Test(check, who_may_open_what)
{
	struct look look = good_host();
	const struct finding *finding;

	look.user = &alice;
	closed(&look, "/dev/vfio/devices/vfio1", 0600, 0);
	finding = found(&look, "access");
	cr_assert_str_eq(finding->commands[0], "sudo chown alice /dev/vfio/devices/vfio1");
	cr_assert(strstr(finding->hint, "vfio-dev"), "%s", finding->hint);
	closed(&look, "/dev/vfio/devices/vfio1", 0660, 104);
	finding = found(&look, "access");
	cr_assert_str_eq(finding->commands[0], "sudo usermod -aG kvm alice");
	cr_assert_eq(finding->after, FINDING_AFTER_LOGIN);
	/* With the installed rule it would be the group's, had udev looked at it since. */
	model_put_file(look.model, "/usr/lib/udev/rules.d/60-tenon.rules", "");
	model_put_file(look.model, "/etc/group", "root:x:0:\nkvm:x:104:alice\ntenon:x:990:\n");
	closed(&look, "/dev/vfio/devices/vfio1", 0600, 0);
	finding = found(&look, "access");
	cr_assert_str_eq(finding->commands[0],
			 "sudo udevadm trigger --settle --action=add /dev/vfio/devices/vfio1");
	cr_assert_str_eq(finding->commands[1], "sudo usermod -aG tenon alice");
	closed(&look, "/dev/vfio/devices/vfio1", 0660, 990);
	cr_assert_str_eq(found(&look, "access")->commands[0], "sudo usermod -aG tenon alice");
	done(&look);
}

/* The mode permits it, and still it cannot be opened. */
Test(check, control_groups_and_security_modules)
{
	struct look look = good_host();

	model_put_file(look.model, "/proc/4242/cgroup", "0::/system.slice/tenon.service\n");
	closed(&look, "/dev/iommu", 0600, 0);
	check_found(&look, "access", FINDING_BLOCKS, "control group");
	cr_assert_str_eq(found(&look, "access")->value, "0::/system.slice/tenon.service");
	model_put_file(look.model, "/sys/fs/selinux/enforce", "1");
	check_now(&look);
	check_found(&look, "access", FINDING_BLOCKS, "SELinux");
	done(&look);
}

Test(check, kvm)
{
	struct look look = good_host();

	model_remove(look.model, "/dev/kvm");
	check_now(&look);
	check_found(&look, "kvm", FINDING_BLOCKS, "/dev/kvm");
	cr_assert_str_eq(found(&look, "kvm")->commands[0], "modprobe kvm_intel");
	model_put_file(look.model, "/proc/cpuinfo", "flags\t\t: fpu sse2\n");
	check_now(&look);
	cr_assert_str_eq(found(&look, "kvm")->commands[0], "systemctl reboot --firmware-setup");
	model_put_file(look.model, "/proc/cpuinfo", "flags\t\t: fpu hypervisor sse2\n");
	check_now(&look);
	cr_assert_eq(found(&look, "kvm")->command_count, 0, "its firmware has no such setting");
	cr_assert(strstr(found(&look, "kvm")->hint, "nested"), "%s", found(&look, "kvm")->hint);
	done(&look);
}

/* Development machines have one, which does not get far. */
Test(check, kvm_without_hardware)
{
	struct look look = good_host();

	model_put_file(look.model, "/proc/cpuinfo", "flags\t\t: fpu sse2\n");
	check_now(&look);
	check_found(&look, "kvm", FINDING_WARNS, "neither VT-x nor SVM");
	done(&look);
}

/* AppArmor: permission is there until the node is opened. */
Test(check, a_security_profile)
{
	static const char current[] = "/proc/4242/attr/current";
	struct look look = good_host();
	const struct finding *finding;

	model_put_file(look.model, current, "tenon (enforce)\n");
	check_now(&look);
	cr_assert_null(found(&look, "access"));
	model_refuse(look.model, "/dev/kvm", -EACCES);
	check_now(&look);
	check_found(&look, "access", FINDING_BLOCKS, "/dev/kvm: the AppArmor profile");
	finding = found(&look, "access");
	cr_assert_str_eq(finding->value, "tenon (enforce)");
	cr_assert_str_eq(finding->commands[0], "journalctl -k -g \"apparmor|avc\" -n 20");
	model_put_file(look.model, "/etc/apparmor.d/tenon",
		       "profile tenon {\n  include if exists <local/tenon>\n}\n");
	check_now(&look);
	finding = found(&look, "access");
	cr_assert_str_eq(finding->commands[0],
			 "echo \"/dev/kvm rw,\" >> /etc/apparmor.d/local/tenon");
	cr_assert_str_eq(finding->commands[1], "apparmor_parser -r /etc/apparmor.d/tenon");
	model_put_file(look.model, current, "tenon;reboot (enforce)\n");
	check_now(&look);
	cr_assert(strstr(found(&look, "access")->commands[0], "journalctl"), "it is not typed");
	done(&look);
}

/* One may not even read its own name, and another is libvirt's for one domain. */
Test(check, other_security_profiles)
{
	static const char current[] = "/proc/4242/attr/current";
	struct look look = good_host();

	model_put_file(look.model, current, "");
	model_refuse(look.model, current, -EACCES);
	model_refuse(look.model, "/dev/vfio/devices/vfio1", -EACCES);
	check_now(&look);
	check_found(&look, "access", FINDING_BLOCKS, "/dev/vfio/devices/vfio1: the AppArmor");
	cr_assert_str_eq(found(&look, "access")->value, "Permission denied");
	done(&look);
	look = good_host();
	look.user = &alice;
	model_put_file(look.model, current, "libvirt-1234 (enforce)\n");
	model_refuse(look.model, "/dev/vfio/devices/vfio1", -EACCES);
	check_now(&look);
	cr_assert_str_eq(found(&look, "access")->commands[0],
			 "sudo sh -c 'echo \"/dev/vfio/devices/vfio[0-9]* rw,\" >> "
			 "/etc/apparmor.d/local/abstractions/libvirt-qemu'");
	done(&look);
}

Test(check, devices_that_are_none)
{
	struct look look = good_host();

	add_device(&look, "7f:00.0");
	add_device(&look, "0000:3b:01.0");
	check_now(&look);
	check_found(&look, "device", FINDING_BLOCKS, "0000:7f:00.0: no such PCI device");
	cr_assert(strstr(look.findings.list[1]->what, "named twice"), "%s",
		  look.findings.list[1]->what);
	done(&look);
}

/* The host's own, on the root bus without a driver or a reset, and a port: that they are bridges is all that there is to say. */
Test(check, bridges)
{
	static const struct {
		const char *address, *what;
	} bridges[] = {{"0000:00:00.0", "is the host's bridge"},
		       {"0000:00:10.0", "is a PCI bridge"}};

	for (size_t i = 0; i < 2; i++) {
		struct look look = on_host("emulated");

		add_device(&look, bridges[i].address);
		check_now(&look);
		check_found(&look, "bridge", FINDING_BLOCKS, bridges[i].what);
		cr_assert_str_eq(found(&look, "bridge")->commands[0], "tenon devices");
		for (size_t j = 0; j < look.findings.count; j++)
			cr_assert(strcmp(look.findings.list[j]->subject, bridges[i].address) ||
					  !strcmp(look.findings.list[j]->id, "bridge"),
				  "%s", look.findings.list[j]->what);
		done(&look);
	}
}

Test(check, what_vfio_pci_refuses_by_its_ids)
{
	struct look look = good_host();

	model_put_file(look.model, "/sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:01.1/device",
		       "0x37c9\n");
	add_device(&look, "3b:01.1");
	check_now(&look);
	check_found(&look, "driver", FINDING_BLOCKS, "iavf");
	check_found(&look, "denylist", FINDING_BLOCKS, "8086:37c9");
	cr_assert_str_eq(found(&look, "denylist")->commands[0],
			 "modprobe -r vfio_pci; modprobe vfio_pci disable_denylist=1");
	look.config.devices[1].managed = true;
	model_put_file(look.model, "/sys/module/vfio_pci/parameters/disable_denylist", "N\n");
	check_now(&look);
	check_found(&look, "denylist", FINDING_BLOCKS, "8086:37c9");
	cr_assert(strstr(found(&look, "denylist")->commands[0], "vfio_pci.disable_denylist=1"),
		  "built in: %s", found(&look, "denylist")->commands[0]);
	model_put_file(look.model, "/sys/module/vfio_pci/initstate", "live\n");
	check_now(&look);
	cr_assert(strstr(found(&look, "denylist")->commands[0], "modprobe"));
	model_put_file(look.model, "/sys/module/vfio_pci/parameters/disable_denylist", "Y\n");
	check_now(&look);
	cr_assert_null(found(&look, "denylist"));
	done(&look);
}

/* For a launch: what blocks and what to type, or what warns in short. */
Test(check, what_a_launch_says)
{
	struct look look = good_host();
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	model_process(look.model, 77, "tenon", "/dev/vfio/devices/vfio1");
	check_now(&look);
	check_print_launch(&look.findings, out);
	(void)fclose(out);
	cr_assert(strstr(text, "tenon: error: 0000:3b:01.0: in use by tenon (pid 77), which has "
			       "/dev/vfio/devices/vfio1 open\ntenon: remedy: kill 77; "),
		  "%s", text);
	free(text);
	done(&look);
}
