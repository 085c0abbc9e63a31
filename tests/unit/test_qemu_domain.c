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
#include "qemu/qemu_domain_devices.h"
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

/* @limits: what is not in <devices> */
static int parse(struct rig *rig, const char *command, const char *limits, const char *devices)
{
	char *text = strdup(command), *xml = NULL;
	FILE *out;
	int ret;

	*rig = (struct rig){.err = PT_ERROR_INIT};
	out = fmemopen(rig->said, sizeof(rig->said), "w");
	cr_assert_geq(asprintf(&xml, "<domain type='kvm'>" TYPE "%s<devices>%s</devices></domain>",
			       limits, devices),
		      0);
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
		       "<emulatorpin cpuset='0'/></cputune>",
		       DISK MEDIATED CARD SOCKETS),
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

/* libvirt makes a folder for sockets whose place nobody says, of domains that it runs. */
Test(qemu_domain, a_channel_of_libvirt_s_own_ends_in_a_pty)
{
	struct rig rig;

	check_ok(parse(&rig,
		       COMMAND
		       " -device virtio-serial-pci,id=virtio-serial0,bus=pci.1,addr=0x0 -chardev "
		       "socket,id=charchannel0,path=/var/lib/libvirt/qemu/channel/target/"
		       "domain--1-lab/org.qemu.guest_agent.0,server=on,wait=off -device "
		       "virtserialport,bus=virtio-serial0.0,nr=1,chardev=charchannel0,id=channel0,"
		       "name=org.qemu.guest_agent.0 -chardev "
		       "socket,id=charchannel1,path=/run/b.sock,server=on,wait=off -device "
		       "virtserialport,bus=virtio-serial0.0,nr=2,chardev=charchannel1,id=channel1,"
		       "name=b",
		       "", ""),
		 rig.err);
	cr_assert_eq(rig.config.consoles[0].where, VM_CONSOLE_PTY);
	cr_assert_null(rig.config.consoles[0].path);
	cr_assert_eq(rig.config.consoles[1].where, VM_CONSOLE_SOCKET);
	cr_assert(strstr(rig.said, "<channel> org.qemu.guest_agent.0: its socket"), "%s", rig.said);
	cr_assert(strstr(rig.said, "tenon ctl lab info"), "%s", rig.said);
	vm_config_done(&rig.config);
}

Test(qemu_domain, devices_are_read_from_the_xml)
{
	struct rig rig;

	check_ok(parse(&rig, COMMAND, "", DISK MEDIATED CARD SOCKETS), rig.err);
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

	check_ok(parse(&rig, COMMAND, "<memtune><hard_limit unit='KiB'>1</hard_limit></memtune>",
		       "<disk type='file'><iotune/></disk>"),
		 rig.err);
	cr_assert(strstr(rig.said, "<memtune> is without effect"), "%s", rig.said);
	cr_assert(strstr(rig.said, "<iotune> is without effect"), "%s", rig.said);
	vm_config_done(&rig.config);
}

/* A domain, or another command line; what is wrong; and what the remedy names. */
static const struct {
	const char *command;
	const char *limits;
	const char *devices;
	const char *message;
	const char *remedy;
} refusals[] = {
	{COMMAND, "", "<interface type='bridge'><model type='virtio'/></interface>",
	 "<interface type='bridge'>: libvirt itself makes", "<interface type='ethernet'>"},
	{COMMAND, "", "<interface type='hostdev'/>", "<interface type='hostdev'>", "mac ADDRESS"},
	{COMMAND, "",
	 "<interface type='ethernet'><target dev='t'/><model type='e1000'/></interface>",
	 "no card by virtio", "<model type='virtio'/>"},
	{COMMAND, "", "<interface type='ethernet'><model type='virtio'/></interface>",
	 "without a name", "<target dev='TAP'/>"},
	{COMMAND, "", "<hostdev mode='subsystem' type='usb'/>", "neither a PCI device",
	 "type='pci'"},
	{COMMAND, "", "<vsock><cid auto='yes'/></vsock>", "without an address", "<cid auto='no'"},
	{COMMAND, "<cputune><vcpupin vcpu='0' cpuset='x'/></cputune>", "", "<cputune>: ", ""},
	{COMMAND " -device qemu-xhci", "", "", "there is no such device", "<controller type='usb'"},
	{COMMAND " 'open", "", "", "quotes that are not understood", ""},
	{"LC_ALL=C", "", "", "without an emulator", ""},
};

Test(qemu_domain, what_only_libvirt_could_make_is_refused)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct rig rig;

		cr_assert_lt(
			parse(&rig, refusals[i].command, refusals[i].limits, refusals[i].devices),
			0, "%s", refusals[i].message);
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

/* What others keep in a domain, in name spaces of their own, is nobody's device. */
Test(qemu_domain, metadata_is_left_alone)
{
	struct rig rig;

	check_ok(parse(&rig, COMMAND,
		       "<metadata><a:notes xmlns:a='http://a'><a:memtune/></a:notes>"
		       "<notes xmlns='http://b'><memtune/><vcpupin vcpu='0' cpuset='1'/>"
		       "<hostdev type='pci'/></notes></metadata>",
		       "<!-- <vsock/> --><n:vsock xmlns:n='http://n'/>"),
		 rig.err);
	cr_assert_str_eq(rig.said, "");
	cr_assert_null(rig.config.pin);
	cr_assert_eq(rig.config.vsock.cid, 0);
	vm_config_done(&rig.config);
}

Test(qemu_domain, elements)
{
	static const char text[] = "<domain><a x='1'/><b y='&lt;&amp;' x=''>t&gt;<c/></b>"
				   "<!-- b --><n:b xmlns:n='n'/><b z='2'/></domain>";
	struct pt_error err = PT_ERROR_INIT;
	struct qemu_xml xml;
	const xmlNode *b;

	check_ok(qemu_xml_read(text, &xml, &err), err);
	b = qemu_xml_child(xml.domain, "b");
	cr_assert_str_eq(qemu_xml_attribute(b, "y"), "<&");
	cr_assert_str_eq(qemu_xml_attribute(b, "x"), "");
	cr_assert_str_eq(qemu_xml_attribute(b, "z"), "");
	cr_assert_str_eq(qemu_xml_text(b), "t>");
	cr_assert_not_null(qemu_xml_child(b, "c"));
	cr_assert_null(qemu_xml_child(xml.domain, "c"));
	cr_assert_eq(qemu_xml_within(xml.domain, "c"), qemu_xml_child(b, "c"));
	b = qemu_xml_next(b);
	cr_assert_str_eq(qemu_xml_attribute(b, "z"), "2");
	cr_assert_null(qemu_xml_next(b));
	cr_assert_str_eq(qemu_xml_attribute(qemu_xml_child(NULL, "b"), "z"), "");
	cr_assert_str_eq(qemu_xml_text(NULL), "");
	qemu_xml_done(&xml);
}

Test(qemu_domain, xml_without_devices)
{
	static const char *const names[] = {"hostdev", "vsock", NULL};
	struct pt_error err = PT_ERROR_INIT;
	char *rest;

	check_ok(qemu_xml_without("<domain><hostdev/><devices><hostdev a='1'><source/></hostdev>"
				  "<disk b='&amp;'/><hostdev/><vsock/></devices></domain>",
				  names, &rest, &err),
		 err);
	cr_assert(strstr(rest, "<domain><hostdev/><devices><disk b=\"&amp;\"/></devices></domain>"),
		  "%s", rest);
	free(rest);
}

Test(qemu_domain, what_is_no_domain)
{
	static const struct {
		const char *text;
		const char *message;
	} wrong[] = {
		{"", "cannot be read"},
		{"<domain>\n<devices></domain>", "the domain's XML: line 2: Premature end"},
		{"<domain a='&b;'/>", "Entity 'b' not defined"},
		{"<network/>", "no <domain>"},
		{"<!DOCTYPE domain [<!ENTITY a 'x'>]><domain><a b='&a;'/></domain>",
		 "has a document type"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct pt_error err = PT_ERROR_INIT;
		struct qemu_xml xml;
		char *rest;

		check_error(qemu_xml_read(wrong[i].text, &xml, &err), -EINVAL, err,
			    wrong[i].message);
		check_error(qemu_xml_without(wrong[i].text, qemu_domain_devices, &rest, &err),
			    -EINVAL, err, wrong[i].message);
	}
}
