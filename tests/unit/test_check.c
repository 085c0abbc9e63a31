/* SPDX-License-Identifier: MIT */
/* The preflight's rules on recorded hosts: golden/check/CASE.txt is what a person reads. */
#include "check/check.h"
#include "check_look.h"

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

/* What draws without a driver of the card's is ended by the bind, but not by that of an old kernel. */
Test(check, a_screen_in_a_bar)
{
	struct look look = on_host("desktop");

	add_device(&look, "01:00.0");
	check_now(&look);
	check_found(&look, "screen", FINDING_WARNS, "started with");
	cr_assert_str_eq(found(&look, "screen")->path, "/proc/iomem");
	model_put_file(look.model, "/proc/sys/kernel/osrelease", "5.19.17\n");
	check_now(&look);
	check_found(&look, "screen", FINDING_BLOCKS, "one of its BARs is the host's screen");
	model_put_file(look.model, "/proc/sys/kernel/osrelease", "6.12.48\n");
	model_put_link(look.model, "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/driver",
		       "../../../../bus/pci/drivers/vfio-pci");
	check_now(&look);
	check_found(&look, "screen", FINDING_BLOCKS, "one of its BARs is the host's screen");
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
			 "echo options vfio_pci disable_denylist=1 >> /etc/modprobe.d/tenon.conf");
	cr_assert_str_eq(found(&look, "denylist")->commands[1], "modprobe -r vfio_pci");
	look.config.devices[1].managed = true;
	model_put_file(look.model, "/sys/module/vfio_pci/parameters/disable_denylist", "N\n");
	check_now(&look);
	check_found(&look, "denylist", FINDING_BLOCKS, "8086:37c9");
	cr_assert(strstr(found(&look, "denylist")->commands[0], "vfio_pci.disable_denylist=1"),
		  "built in: %s", found(&look, "denylist")->commands[0]);
	model_put_file(look.model, "/sys/module/vfio_pci/initstate", "live\n");
	check_now(&look);
	cr_assert(strstr(found(&look, "denylist")->commands[1], "modprobe"));
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
