/* SPDX-License-Identifier: MIT */
/*
 * A domain as libvirt 9.0 and 12.8 describe it, run by tenon itself.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "qemu/qemu_domain.h"
#include "qemu/qemu_words.h"
#include "qemu/qemu_xml.h"

#define COMMAND                                                                                       \
	"LC_ALL=C PATH=/usr/bin:/bin HOME=/var/lib/libvirt/qemu/domain--1-lab /usr/bin/tenon-qemu "   \
	"-name guest=lab,debug-threads=on -S -object secret,id=masterKey0,format=raw,"                \
	"file=/var/lib/libvirt/qemu/domain--1-lab/master-key.aes "                                    \
	"-machine pc-q35-tenon-1,usb=off,dump-guest-core=off,memory-backend=pc.ram -accel kvm "       \
	"-cpu host -m 256 -object memory-backend-ram,id=pc.ram,size=268435456 -overcommit "           \
	"mem-lock=off -smp 2,sockets=2,cores=1,threads=1 -uuid 8ab0b4b4-b4d1-4ac0-ad2b-9a8b0dc6736e " \
	"-display none -no-user-config -nodefaults -chardev socket,id=charmonitor,"                   \
	"path=/var/lib/libvirt/qemu/domain--1-lab/monitor.sock,server=on,wait=off "                   \
	"-mon chardev=charmonitor,id=monitor,mode=control -rtc base=utc -no-shutdown "                \
	"-boot strict=on -kernel /images/kernel -append 'console=ttyS0 a='\\''b c'\\''' "             \
	"-device pcie-root-port,port=8,chassis=1,id=pci.1,bus=pcie.0,multifunction=on,addr=0x1 \\\n"  \
	"-device pcie-root-port,port=9,chassis=2,id=pci.2,bus=pcie.0,addr=0x1.0x1 "                   \
	"-device pcie-root-port,port=10,chassis=3,id=pci.3,bus=pcie.0,addr=0x1.0x2 "                  \
	"-chardev pty,id=charserial0 -device isa-serial,chardev=charserial0,id=serial0,index=0 "      \
	"-audiodev '{\"id\":\"audio1\",\"driver\":\"none\"}' -msg timestamp=on"

#define TYPE "<os><type arch='x86_64' machine='pc-q35-tenon-1'>hvm</type></os>"

#define DISK                                                                                             \
	"<hostdev mode='subsystem' type='pci' managed='yes'>\n  <source>\n    <address domain='0x0000' " \
	"bus='0x02' slot='0x1f' function='0x1'/>\n  </source>\n  <rom bar='off' file='/a,b&amp;c'/>\n"   \
	"  <address type='pci' domain='0x0000' bus='0x02' slot='0x00' function='0x0'/>\n</hostdev>\n"

#define MEDIATED                                                                                \
	"<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci'><source><address " \
	"uuid='83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'/></source></hostdev>"

#define CARD                                                                                      \
	"<interface type='ethernet'>\n<mac address='52:54:00:6d:90:04'/>\n<target dev='lab1'/>\n" \
	"<model type='virtio'/>\n<driver name='qemu' queues='2'/>\n<mtu size='9000'/>\n"          \
	"<address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>\n</interface>"

#define SOCKETS                                                                                  \
	"<vsock model='virtio'><cid auto='no' address='7'/><address type='pci' domain='0x0000' " \
	"bus='0x03' slot='0x00' function='0x0'/></vsock>"

struct rig {
	struct vm_config config;
	struct pt_error err;
	char said[1024];
};

static int parse(struct rig *rig, const char *command, const char *devices)
{
	char *text = strdup(command), *xml = NULL;
	FILE *out;
	int ret;

	*rig = (struct rig){.err = PT_ERROR_INIT};
	out = fmemopen(rig->said, sizeof(rig->said), "w");
	cr_assert_geq(asprintf(&xml, "<domain>" TYPE "%s</domain>", devices), 0);
	ret = qemu_domain_parse(text, xml, "qemu:///system", out, &rig->config, &rig->err);
	(void)fclose(out);
	free(text);
	free(xml);
	return ret;
}

Test(qemu_domain, what_libvirt_would_do_itself_is_done)
{
	struct rig rig;

	check_ok(parse(&rig, COMMAND,
		       "<on_reboot>destroy</on_reboot><on_crash>restart</on_crash><cputune>"
		       "<vcpupin vcpu='0' cpuset='4'/><vcpupin vcpu='1' cpuset='5-6'/>"
		       "<emulatorpin cpuset='0'/></cputune>" DISK MEDIATED CARD SOCKETS),
		 rig.err);
	cr_assert_str_eq(rig.config.name, "lab");
	cr_assert_str_eq(rig.config.kernel, "/images/kernel");
	cr_assert_str_eq(rig.config.cmdline, "console=ttyS0 a='b c'");
	cr_assert_str_eq(rig.config.pin, "0:4 1:5-6");
	cr_assert(cpu_list_has(&rig.config.emulator_cpus, 0));
	cr_assert_str_eq(rig.config.libvirt, "qemu:///system");
	cr_assert_eq(rig.config.on_reboot, VM_REBOOT_STOP);
	cr_assert_eq(rig.config.on_panic, VM_PANIC_RESET);
	cr_assert_null(rig.config.control);
	cr_assert_not(rig.config.paused || rig.config.stays);
	cr_assert_eq(rig.config.stop_limit, 60);
	cr_assert_eq(rig.config.cpus, 2);
	cr_assert_str_eq(rig.said, "");
	vm_config_done(&rig.config);
}

Test(qemu_domain, devices_are_read_from_the_xml)
{
	struct rig rig;

	check_ok(parse(&rig, COMMAND, DISK MEDIATED CARD SOCKETS), rig.err);
	cr_assert_eq(rig.config.device_count, 2);
	cr_assert_str_eq(rig.config.devices[0].name, "0000:02:1f.1");
	cr_assert_str_eq(rig.config.devices[0].id, "hostdev0");
	cr_assert_str_eq(rig.config.devices[0].rom_file, "/a,b&c");
	cr_assert_eq(rig.config.devices[0].slot, 2);
	cr_assert(rig.config.devices[0].managed);
	cr_assert_str_eq(rig.config.devices[1].name,
			 "/sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");
	cr_assert_not(rig.config.devices[1].managed);
	cr_assert_eq(rig.config.net_count, 1);
	cr_assert_str_eq(rig.config.nets[0].tap, "lab1");
	cr_assert_eq(rig.config.nets[0].queues, 2);
	cr_assert_eq(rig.config.nets[0].mtu, 9000);
	cr_assert_eq(rig.config.nets[0].mac[5], 4);
	cr_assert_eq(rig.config.nets[0].slot, 1);
	cr_assert_eq(rig.config.nets[0].vhost, VM_VHOST_OFF);
	cr_assert_eq(rig.config.vsock.cid, 7);
	cr_assert_eq(rig.config.vsock.slot, 3);
	vm_config_done(&rig.config);
}

Test(qemu_domain, what_limits_it_is_told)
{
	struct rig rig;

	check_ok(parse(&rig, COMMAND,
		       "<memtune><hard_limit unit='KiB'>1</hard_limit></memtune><blkiotune/>"),
		 rig.err);
	cr_assert(strstr(rig.said, "<memtune> is without effect"), "%s", rig.said);
	cr_assert(strstr(rig.said, "<blkiotune> is without effect"), "%s", rig.said);
	vm_config_done(&rig.config);
}

/* Elements of a domain, or another command line; what is wrong; and what the remedy names. */
static const struct {
	const char *command;
	const char *devices;
	const char *message;
	const char *remedy;
} refusals[] = {
	{COMMAND, "<interface type='bridge'><model type='virtio'/></interface>",
	 "<interface type='bridge'>: libvirt itself makes", "<interface type='ethernet'>"},
	{COMMAND, "<interface type='hostdev'/>", "<interface type='hostdev'>", "mac ADDRESS"},
	{COMMAND, "<interface type='ethernet'><target dev='t'/><model type='e1000'/></interface>",
	 "no card by virtio", "<model type='virtio'/>"},
	{COMMAND, "<interface type='ethernet'><model type='virtio'/></interface>", "without a name",
	 "<target dev='TAP'/>"},
	{COMMAND, "<hostdev mode='subsystem' type='usb'/>", "neither a PCI device", "type='pci'"},
	{COMMAND, "<vsock><cid auto='yes'/></vsock>", "without an address", "<cid auto='no'"},
	{COMMAND, "<cputune><vcpupin vcpu='0' cpuset='x'/></cputune>", "<cputune>: ", ""},
	{COMMAND " -device qemu-xhci", "", "there is no such device", "<controller type='usb'"},
	{COMMAND " 'open", "", "quotes that are not understood", ""},
	{"LC_ALL=C", "", "without an emulator", ""},
};

Test(qemu_domain, what_only_libvirt_could_make_is_refused)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct rig rig;

		cr_assert_lt(parse(&rig, refusals[i].command, refusals[i].devices), 0, "%s",
			     refusals[i].devices);
		cr_assert(strstr(rig.err.message, refusals[i].message), "%s", rig.err.message);
		cr_assert(strstr(rig.err.remedy, refusals[i].remedy), "%s", rig.err.remedy);
	}
}

Test(qemu_domain, words)
{
	char text[] = " a 'b c'd \\\n e\\ f '' 'it'\\''s'\n", open[] = "a 'b", shell[] = "a $b",
	     end[] = "a\\";
	char *words[6];
	size_t count;
	struct pt_error err = PT_ERROR_INIT;

	check_ok(qemu_words_split(text, words, 6, &count, &err), err);
	cr_assert_eq(count, 5);
	cr_assert_str_eq(words[0], "a");
	cr_assert_str_eq(words[1], "b cd");
	cr_assert_str_eq(words[2], "e f");
	cr_assert_str_eq(words[3], "");
	cr_assert_str_eq(words[4], "it's");
	cr_assert_null(words[5]);
	cr_assert_eq(qemu_words_split(open, words, 6, &count, &err), -EINVAL);
	cr_assert_eq(qemu_words_split(shell, words, 6, &count, &err), -EINVAL);
	cr_assert_eq(qemu_words_split(end, words, 6, &count, &err), -EINVAL);
	(void)strcpy(text, "a b c d e f");
	cr_assert_eq(qemu_words_split(text, words, 6, &count, &err), -E2BIG);
}

Test(qemu_domain, elements)
{
	static const char *const names[] = {"b", "d", NULL};
	static const char xml[] = "<a><bb x='1'/><b y='&lt;&amp;' x='2'>t<c/></b><d/>u<b/></a>";
	const char *end = xml + strlen(xml);
	struct qemu_element element, child;
	char value[QEMU_XML_VALUE_SIZE], *rest = qemu_xml_without(xml, names);

	cr_assert_str_eq(rest, "<a><bb x='1'/>u</a>");
	free(rest);
	cr_assert(qemu_xml_find(xml, end, "b", &element));
	cr_assert(qemu_xml_is(&element, "x", "2"));
	cr_assert(qemu_xml_attribute(&element, "y", value));
	cr_assert_str_eq(value, "<&");
	cr_assert_not(qemu_xml_attribute(&element, "z", value));
	cr_assert(qemu_xml_within(&element, "c", &child));
	cr_assert_not(qemu_xml_within(&element, "d", &child));
	cr_assert_not(qemu_xml_find(xml, end, "e", &child));
}
