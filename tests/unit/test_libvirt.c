/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "host/libvirt.h"

#define DISK "0000:02:00.0"

struct rig {
	char log[64];
	char asked[512];
	struct pt_error err;
};

static void start_log(struct rig *rig)
{
	int fd;

	*rig = (struct rig){.err = PT_ERROR_INIT};
	(void)snprintf(rig->log, sizeof(rig->log), "/tmp/tenon-libvirt.XXXXXX");
	fd = mkstemp(rig->log);
	cr_assert_geq(fd, 0);
	(void)close(fd);
	cr_assert_eq(setenv("FAKE_LIBVIRT_LOG", rig->log, 1), 0);
}

static void read_log(struct rig *rig)
{
	FILE *log = fopen(rig->log, "r");
	size_t len;

	cr_assert_not_null(log);
	len = fread(rig->asked, 1, sizeof(rig->asked) - 1, log);
	rig->asked[len] = '\0';
	(void)fclose(log);
	(void)unlink(rig->log);
}

static int ask(struct rig *rig, const char *uri, const char *name, enum libvirt_action action,
	       unsigned limit)
{
	int ret;

	start_log(rig);
	ret = libvirt_do(FAKE_LIBVIRT, uri, name, action, limit, &rig->err);
	read_log(rig);
	return ret;
}

static int edit(const char *xml, char **ret_xml, struct pt_error *err)
{
	if (strstr(xml, "broken"))
		return pt_error_set(err, -EINVAL, "it is broken");
	*ret_xml = strdup(xml);
	cr_assert_not_null(*ret_xml);
	memset(strstr(*ret_xml, "flags"), '.', strlen("flags"));
	return 0;
}

static int read_domain(struct rig *rig, const char *uri, const char *name,
		       struct libvirt_domain *domain)
{
	int ret;

	start_log(rig);
	*domain = (struct libvirt_domain){0};
	ret = libvirt_domain_read(FAKE_LIBVIRT, uri, name, edit, 60000, domain, &rig->err);
	read_log(rig);
	return ret;
}

Test(libvirt, it_is_asked_for_the_device_by_its_name)
{
	struct rig rig;

	check_ok(ask(&rig, "qemu:///system", DISK, LIBVIRT_DETACH, 60000), rig.err);
	cr_assert_str_eq(rig.asked, "open qemu:///system\nlookup pci_0000_02_00_0\ndetach vfio\n"
				    "free pci_0000_02_00_0\nclose qemu:///system\n");
	check_ok(ask(&rig, "qemu:///system", DISK, LIBVIRT_REATTACH, 60000), rig.err);
	cr_assert_str_eq(rig.asked,
			 "open qemu:///system\nlookup pci_0000_02_00_0\nreattach pci_0000_02_00_0\n"
			 "free pci_0000_02_00_0\nclose qemu:///system\n");
}

Test(libvirt, it_is_asked_whether_it_knows_the_device)
{
	struct rig rig;

	check_ok(ask(&rig, "qemu:///system", DISK, LIBVIRT_LOOK, 60000), rig.err);
	cr_assert_str_eq(rig.asked, "open qemu:///system\nlookup pci_0000_02_00_0\n"
				    "free pci_0000_02_00_0\nclose qemu:///system\n");
	check_error(ask(&rig, "qemu:///away", DISK, LIBVIRT_LOOK, 60000), -ECONNREFUSED, rig.err,
		    "does not answer");
	check_error(ask(&rig, "qemu:///system", "0000:77:00.0", LIBVIRT_LOOK, 60000), -ENOENT,
		    rig.err, "does not know it");
}

Test(libvirt, its_refusals_are_told)
{
	struct rig rig;

	check_error(ask(&rig, "qemu:///busy", DISK, LIBVIRT_DETACH, 60000), -EBUSY, rig.err,
		    DISK ": libvirt (qemu:///busy) does not give it away: PCI device " DISK
			 " is in use by driver QEMU, domain box");
	cr_assert(strstr(rig.asked, "close"), "%s", rig.asked);
	check_error(ask(&rig, "qemu:///away", DISK, LIBVIRT_DETACH, 60000), -ECONNREFUSED, rig.err,
		    "does not answer: Failed to connect socket");
	check_remedy(rig.err, "start its daemon");
	check_error(ask(&rig, "qemu:///system", "0000:77:00.0", LIBVIRT_DETACH, 60000), -ENOENT,
		    rig.err, "does not know it: Node device not found");
}

Test(libvirt, it_is_given_up_after_the_limit)
{
	struct rig rig;

	check_error(ask(&rig, "qemu:///slow", DISK, LIBVIRT_DETACH, 1000), -ETIMEDOUT, rig.err,
		    "is not done with it after 1 s");
	/* The thread that is late ends by itself. */
	(void)sleep(3);
}

Test(libvirt, there_is_none)
{
	struct pt_error err = PT_ERROR_INIT;

	check_error(
		libvirt_do("libnothing.so.0", "qemu:///system", DISK, LIBVIRT_DETACH, 1000, &err),
		-ENOENT, err, "libnothing.so.0");
	check_remedy(err, "install libvirt");
}

Test(libvirt, a_domain_is_read)
{
	struct libvirt_domain domain;
	struct rig rig;

	check_ok(read_domain(&rig, "qemu:///system", "box", &domain), rig.err);
	cr_assert_str_eq(domain.xml, "<domain><name>box</name>flags 2</domain>");
	cr_assert_str_eq(domain.command, "/usr/bin/tenon-qemu -name guest=box");
	cr_assert_not(domain.active);
	cr_assert_str_eq(rig.asked, "open qemu:///system\ndomain box\n"
				    "qemu-argv <domain><name>box</name>..... 2</domain>\n"
				    "free domain box\nclose qemu:///system\n");
	libvirt_domain_done(&domain);
	check_ok(read_domain(&rig, "qemu:///system", "busy", &domain), rig.err);
	cr_assert(domain.active);
	libvirt_domain_done(&domain);
}

Test(libvirt, a_domain_that_cannot_be_read)
{
	struct libvirt_domain domain;
	struct rig rig;

	check_error(read_domain(&rig, "qemu:///system", "gone", &domain), -ENOENT, rig.err,
		    "gone: libvirt (qemu:///system) does not know it: Domain not found");
	check_error(read_domain(&rig, "qemu:///system", "odd", &domain), -EINVAL, rig.err,
		    "writes no command line for it: unsupported configuration");
	cr_assert(strstr(rig.asked, "free domain odd\nclose"), "%s", rig.asked);
	check_error(read_domain(&rig, "qemu:///away", "box", &domain), -ECONNREFUSED, rig.err,
		    "does not answer");
	check_remedy(rig.err, "start its daemon");
}
