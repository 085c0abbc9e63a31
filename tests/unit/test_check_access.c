/* SPDX-License-Identifier: MIT */
/* Who has a device already, and who may open what. */
#include "check/check.h"
#include "check_look.h"

Test(check_access, somebody_has_it)
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
Test(check_access, a_holder_of_libvirt)
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

Test(check_access, a_holder_that_is_a_guest_of_ours)
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
Test(check_access, a_launch_looks_for_holders_only_where_there_may_be_one)
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

Test(check_access, who_may_open_what)
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
Test(check_access, control_groups_and_security_modules)
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

/* It does not let the node be looked at, either; a directory that cannot be passed is another thing. */
Test(check_access, selinux)
{
	static const char current[] = "/proc/4242/attr/current";
	const struct pt_stat passable = {.mode = 0755}, closed_folder = {.mode = 0700};
	struct look look = good_host();
	const struct finding *finding;

	look.user = &alice;
	model_put_file(look.model, "/sys/fs/selinux/enforce", "1");
	model_put_file(look.model, current, "staff_u:staff_r:tenon_t:s0-s0:c0.c1023");
	model_refuse(look.model, "/dev/iommu", -EACCES);
	model_permit(look.model, "/dev", &passable);
	*model_fault(look.model) = (struct model_fault){
		.countdown = 1, .only = "stat /dev/iommu", .stays = true, .error = -EACCES};
	check_now(&look);
	check_found(&look, "access", FINDING_BLOCKS, "/dev/iommu: SELinux denies it");
	finding = found(&look, "access");
	cr_assert_str_eq(finding->value, "staff_u:staff_r:tenon_t:s0-s0:c0.c1023");
	cr_assert_str_eq(
		finding->commands[0],
		"sudo sh -c 'echo \"(allow tenon_t $(stat -c %C /dev/iommu | cut -d: -f3) (chr_file "
		"(getattr open read write ioctl map)))\" > tenon-iommu.cil'");
	cr_assert_str_eq(finding->commands[1], "sudo semodule -i tenon-iommu.cil");
	model_put_file(look.model, current, "u:r:tenon;reboot:s0");
	check_now(&look);
	cr_assert_eq(found(&look, "access")->command_count, 0, "it is not typed");
	model_permit(look.model, "/dev", &closed_folder);
	check_now(&look);
	cr_assert(strstr(found(&look, "access")->hint, "directories above"));
	done(&look);
	look = good_host();
	model_put_file(look.model, "/sys/fs/selinux/enforce", "1");
	model_put_file(look.model, current, "u:r:tenon_t");
	model_refuse(look.model, "/dev/vfio/devices/vfio1", -EACCES);
	*model_fault(look.model) = (struct model_fault){.countdown = 1,
							.only = "stat /dev/vfio/devices/vfio1",
							.stays = true,
							.error = -EACCES};
	check_now(&look);
	check_found(&look, "access", FINDING_BLOCKS, "/dev/vfio/devices/vfio1: SELinux");
	done(&look);
}

Test(check_access, kvm)
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
Test(check_access, kvm_without_hardware)
{
	struct look look = good_host();

	model_put_file(look.model, "/proc/cpuinfo", "flags\t\t: fpu sse2\n");
	check_now(&look);
	check_found(&look, "kvm", FINDING_WARNS, "neither VT-x nor SVM");
	done(&look);
}

/* AppArmor: permission is there until the node is opened. */
Test(check_access, a_security_profile)
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
Test(check_access, other_security_profiles)
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
