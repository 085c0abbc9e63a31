/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_domain_devices.h"

#include <errno.h>
#include <passthrough/host.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define PLACE_SIZE 64

const char *const qemu_domain_devices[] = {"hostdev", "interface", "vsock", NULL};

static int add(struct qemu_added *added, struct pt_error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int add(struct qemu_added *added, struct pt_error *err, const char *format, ...)
{
	va_list args;
	int n;

	if (added->count == QEMU_ADDED_MAX)
		return pt_error_set(err, -E2BIG, "a domain with more than %d devices",
				    VM_DEVICES_MAX);
	va_start(args, format);
	n = vasprintf(&added->words[added->count], format, args);
	va_end(args);
	if (n < 0)
		return pt_error_set(err, -ENOMEM, "out of memory");
	added->count++;
	return 0;
}

/* "0x1f" */
static bool number(const xmlNode *element, const char *name, unsigned *ret_number)
{
	const char *text = qemu_xml_attribute(element, name);
	char *end;

	*ret_number = (unsigned)strtoul(text, &end, 0);
	return end != text && !*end;
}

/* In the guest. ",bus=pci.1,addr=0x0.0x1", or nothing. */
static void place_of(const xmlNode *domain, const xmlNode *device, char place[PLACE_SIZE])
{
	const xmlNode *address = qemu_xml_child(device, "address"),
		      *type = qemu_xml_child(qemu_xml_child(domain, "os"), "type");
	const char *root = strstr(qemu_xml_attribute(type, "machine"), "q35") ? "pcie.0" : "pci.0";
	unsigned bus, slot, function;

	*place = '\0';
	if (!number(address, "bus", &bus) || !number(address, "slot", &slot) ||
	    !number(address, "function", &function))
		return;
	if (bus)
		(void)snprintf(place, PLACE_SIZE, ",bus=pci.%u,addr=0x%x.0x%x", bus, slot,
			       function);
	else
		(void)snprintf(place, PLACE_SIZE, ",bus=%s,addr=0x%x.0x%x", root, slot, function);
}

/* On the host. */
static const xmlNode *source_of(const xmlNode *hostdev)
{
	return qemu_xml_child(qemu_xml_child(hostdev, "source"), "address");
}

static bool host_address(const xmlNode *hostdev, char ret_name[PT_NAME_SIZE])
{
	const xmlNode *address = source_of(hostdev);
	unsigned domain, bus, slot, function;
	char text[64];

	if (!number(address, "domain", &domain) || !number(address, "bus", &bus) ||
	    !number(address, "slot", &slot) || !number(address, "function", &function))
		return false;
	(void)snprintf(text, sizeof(text), "%04x:%02x:%02x.%x", domain, bus, slot, function);
	return pt_bdf_parse(text, ret_name) == 0;
}

static bool is(const xmlNode *element, const char *name, const char *value)
{
	return strcmp(qemu_xml_attribute(element, name), value) == 0;
}

/* ",rombar=off", ",romfile=FILE", where a comma is doubled. The caller frees it; NULL: out of memory. */
static char *rom_of(const xmlNode *hostdev)
{
	const xmlNode *rom = qemu_xml_child(hostdev, "rom");
	const char *file = qemu_xml_attribute(rom, "file");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (is(rom, "bar", "off") || is(rom, "enabled", "no"))
		(void)fputs(",rombar=off", out);
	if (*file)
		(void)fputs(",romfile=", out);
	for (; *file; file++)
		(void)fprintf(out, *file == ',' ? ",%c" : "%c", *file);
	(void)fclose(out);
	return text;
}

static int add_hostdev(const xmlNode *domain, const xmlNode *hostdev, unsigned index,
		       struct qemu_added *added, struct pt_error *err)
{
	const char *uuid = qemu_xml_attribute(source_of(hostdev), "uuid");
	char host[PT_NAME_SIZE], place[PLACE_SIZE];
	CLEANUP_FREE char *rom = rom_of(hostdev);
	int ret;

	if (!rom)
		return pt_error_set(err, -ENOMEM, "out of memory");
	place_of(domain, hostdev, place);
	if (is(hostdev, "type", "pci") && host_address(hostdev, host)) {
		ret = add(added, err, "-device");
		return ret < 0 ? ret
			       : add(added, err, "vfio-pci,host=%s,id=hostdev%u%s%s", host, index,
				     place, rom);
	}
	if (is(hostdev, "type", "mdev") && *uuid) {
		ret = add(added, err, "-device");
		return ret < 0 ? ret
			       : add(added, err,
				     "vfio-pci,sysfsdev=/sys/bus/mdev/devices/%s,id=hostdev%u%s",
				     uuid, index, place);
	}
	return pt_error_remedy(
		err,
		pt_error_set(err, -EOPNOTSUPP,
			     "a <hostdev> that is neither a PCI device nor a mediated one"),
		"in the domain's XML: <hostdev mode='subsystem' type='pci'>, or 'mdev'");
}

static int only_libvirt(const char *type, struct pt_error *err)
{
	(void)pt_error_set(err, -EOPNOTSUPP,
			   "<interface type='%s'>: libvirt itself makes what is behind it, and is "
			   "not asked to",
			   type);
	if (strcmp(type, "hostdev") == 0)
		return pt_error_remedy(err, -EOPNOTSUPP,
				       "in the domain's XML: <hostdev>, after ip link set PF vf N "
				       "mac ADDRESS");
	return pt_error_remedy(err, -EOPNOTSUPP,
			       "in the domain's XML: <interface type='ethernet'> with "
			       "<target dev='TAP'/>, a tap device that there is");
}

/* Of an element within another, or "". */
static const char *detail(const xmlNode *parent, const char *name, const char *key)
{
	return qemu_xml_attribute(qemu_xml_child(parent, name), key);
}

static int add_netdev(const xmlNode *interface, unsigned index, struct qemu_added *added,
		      struct pt_error *err)
{
	const char *tap = detail(interface, "target", "dev"),
		   *queues = detail(interface, "driver", "queues");
	int ret;

	if (!*tap)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EOPNOTSUPP,
				     "an <interface> without a name, for which libvirt makes one"),
			"in the domain's XML: <target dev='TAP'/>, a tap device that there is");
	ret = add(added, err, "-netdev");
	return ret < 0 ? ret
		       : add(added, err, "tap,id=hostnet%u,ifname=%s,vhost=%s%s%s", index, tap,
			     strcmp(detail(interface, "driver", "name"), "qemu") == 0 ? "off"
										      : "on",
			     *queues ? ",queues=" : "", queues);
}

static int add_interface(const xmlNode *domain, const xmlNode *interface, unsigned index,
			 struct qemu_added *added, struct pt_error *err)
{
	const char *type = qemu_xml_attribute(interface, "type"),
		   *model = detail(interface, "model", "type"),
		   *mtu = detail(interface, "mtu", "size");
	char place[PLACE_SIZE];
	int ret;

	if (strcmp(type, "ethernet") != 0)
		return only_libvirt(type, err);
	place_of(domain, interface, place);
	if (strncmp(model, "virtio", strlen("virtio")) != 0)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EOPNOTSUPP, "an <interface> that is no card by virtio"),
			"in the domain's XML: <model type='virtio'/>");
	ret = add_netdev(interface, index, added, err);
	if (ret == 0)
		ret = add(added, err, "-device");
	if (ret < 0)
		return ret;
	return add(added, err, "virtio-net-pci%s,netdev=hostnet%u,id=net%u,mac=%s%s%s%s",
		   model + strlen("virtio"), index, index, detail(interface, "mac", "address"),
		   *mtu ? ",host_mtu=" : "", mtu, place);
}

static int add_vsock(const xmlNode *domain, const xmlNode *vsock, unsigned index,
		     struct qemu_added *added, struct pt_error *err)
{
	const char *cid = detail(vsock, "cid", "address");
	char place[PLACE_SIZE];
	int ret;

	(void)index;
	place_of(domain, vsock, place);
	if (!*cid)
		return pt_error_remedy(
			err,
			pt_error_set(
				err, -EOPNOTSUPP,
				"a <vsock> without an address, for which libvirt looks for one"),
			"in the domain's XML: <cid auto='no' address='3'/>");
	ret = add(added, err, "-device");
	return ret < 0 ? ret
		       : add(added, err, "vhost-vsock-pci,id=vsock0,guest-cid=%s%s", cid, place);
}

static int add_all(const xmlNode *domain, const char *name,
		   int (*add_one)(const xmlNode *domain, const xmlNode *device, unsigned index,
				  struct qemu_added *added, struct pt_error *err),
		   struct qemu_added *added, struct pt_error *err)
{
	const xmlNode *device = qemu_xml_child(qemu_xml_child(domain, "devices"), name);
	unsigned index = 0;
	int ret = 0;

	for (; ret == 0 && device; device = qemu_xml_next(device))
		ret = add_one(domain, device, index++, added, err);
	return ret;
}

int qemu_domain_add(const xmlNode *domain, struct qemu_added *added, struct pt_error *err)
{
	int ret = add_all(domain, "hostdev", add_hostdev, added, err);

	if (ret == 0)
		ret = add_all(domain, "interface", add_interface, added, err);
	return ret < 0 ? ret : add_all(domain, "vsock", add_vsock, added, err);
}

void qemu_added_done(struct qemu_added *added)
{
	while (added->count)
		free(added->words[--added->count]);
}

void qemu_domain_manage(const xmlNode *domain, struct vm_config *config)
{
	const xmlNode *hostdev = qemu_xml_child(qemu_xml_child(domain, "devices"), "hostdev");
	char name[PT_NAME_SIZE];

	for (; hostdev; hostdev = qemu_xml_next(hostdev)) {
		if (!is(hostdev, "managed", "yes") || !host_address(hostdev, name))
			continue;
		for (size_t i = 0; i < config->device_count; i++) {
			if (strcmp(config->devices[i].name, name) == 0)
				config->devices[i].managed = true;
		}
	}
}
