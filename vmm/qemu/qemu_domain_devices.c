/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_domain_devices.h"

#include <errno.h>
#include <passthrough/host.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/qemu_xml.h"

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
static bool number(const struct qemu_element *element, const char *name, unsigned *ret_number)
{
	char text[QEMU_XML_VALUE_SIZE], *end;

	if (!qemu_xml_attribute(element, name, text))
		return false;
	*ret_number = (unsigned)strtoul(text, &end, 0);
	return end != text && !*end;
}

/* In the guest; what is in <source> is the host's. ",bus=pci.1,addr=0x0.0x1", or nothing. */
static void place_of(const char *xml, const struct qemu_element *device, char place[PLACE_SIZE])
{
	struct qemu_element source, address, machine;
	const char *from = device->start + 1, *root = "pci.0";
	unsigned bus, slot, function;
	char text[QEMU_XML_VALUE_SIZE];

	*place = '\0';
	if (qemu_xml_within(device, "source", &source))
		from = source.end;
	if (!qemu_xml_find(from, device->end, "address", &address) ||
	    !number(&address, "bus", &bus) || !number(&address, "slot", &slot) ||
	    !number(&address, "function", &function))
		return;
	if (qemu_xml_find(xml, device->start, "type", &machine) &&
	    qemu_xml_attribute(&machine, "machine", text) && strstr(text, "q35"))
		root = "pcie.0";
	if (bus)
		(void)snprintf(place, PLACE_SIZE, ",bus=pci.%u,addr=0x%x.0x%x", bus, slot,
			       function);
	else
		(void)snprintf(place, PLACE_SIZE, ",bus=%s,addr=0x%x.0x%x", root, slot, function);
}

static bool host_address(const struct qemu_element *hostdev, char ret_name[PT_NAME_SIZE])
{
	struct qemu_element source, address;
	unsigned domain, bus, slot, function;
	char text[64];

	if (!qemu_xml_within(hostdev, "source", &source) ||
	    !qemu_xml_within(&source, "address", &address) ||
	    !number(&address, "domain", &domain) || !number(&address, "bus", &bus) ||
	    !number(&address, "slot", &slot) || !number(&address, "function", &function))
		return false;
	(void)snprintf(text, sizeof(text), "%04x:%02x:%02x.%x", domain, bus, slot, function);
	return pt_bdf_parse(text, ret_name) == 0;
}

/* Of a mediated device. */
static bool uuid_of(const struct qemu_element *hostdev, char ret_uuid[QEMU_XML_VALUE_SIZE])
{
	struct qemu_element source, address;

	return qemu_xml_within(hostdev, "source", &source) &&
	       qemu_xml_within(&source, "address", &address) &&
	       qemu_xml_attribute(&address, "uuid", ret_uuid);
}

/* In a list of pairs a comma is doubled. */
static void double_commas(const char *text, char *ret_text, size_t size)
{
	size_t used = 0;

	for (; *text && used + 2 < size; text++) {
		ret_text[used++] = *text;
		if (*text == ',')
			ret_text[used++] = ',';
	}
	ret_text[used] = '\0';
}

/* ",rombar=off", ",romfile=FILE" */
static void rom_of(const struct qemu_element *hostdev, char *ret_text, size_t size)
{
	char file[QEMU_XML_VALUE_SIZE], escaped[2 * QEMU_XML_VALUE_SIZE] = "";
	struct qemu_element rom;

	*ret_text = '\0';
	if (!qemu_xml_within(hostdev, "rom", &rom))
		return;
	if (qemu_xml_attribute(&rom, "file", file))
		double_commas(file, escaped, sizeof(escaped));
	(void)snprintf(ret_text, size, "%s%s%s",
		       qemu_xml_is(&rom, "bar", "off") || qemu_xml_is(&rom, "enabled", "no")
			       ? ",rombar=off"
			       : "",
		       *escaped ? ",romfile=" : "", escaped);
}

static int add_hostdev(const char *xml, const struct qemu_element *hostdev, unsigned index,
		       struct qemu_added *added, struct pt_error *err)
{
	char host[PT_NAME_SIZE], uuid[QEMU_XML_VALUE_SIZE], place[PLACE_SIZE],
		rom[2 * QEMU_XML_VALUE_SIZE + 32];
	int ret;

	place_of(xml, hostdev, place);
	rom_of(hostdev, rom, sizeof(rom));
	if (qemu_xml_is(hostdev, "type", "pci") && host_address(hostdev, host)) {
		ret = add(added, err, "-device");
		return ret < 0 ? ret
			       : add(added, err, "vfio-pci,host=%s,id=hostdev%u%s%s", host, index,
				     place, rom);
	}
	if (qemu_xml_is(hostdev, "type", "mdev") && uuid_of(hostdev, uuid)) {
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
static void detail(const struct qemu_element *parent, const char *name, const char *key,
		   char ret_value[QEMU_XML_VALUE_SIZE])
{
	struct qemu_element element;

	if (!qemu_xml_within(parent, name, &element) ||
	    !qemu_xml_attribute(&element, key, ret_value))
		*ret_value = '\0';
}

static int add_netdev(const struct qemu_element *interface, unsigned index,
		      struct qemu_added *added, struct pt_error *err)
{
	char tap[QEMU_XML_VALUE_SIZE], driver[QEMU_XML_VALUE_SIZE], queues[QEMU_XML_VALUE_SIZE];
	int ret;

	detail(interface, "target", "dev", tap);
	detail(interface, "driver", "name", driver);
	detail(interface, "driver", "queues", queues);
	if (!*tap)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EOPNOTSUPP,
				     "an <interface> without a name, for which libvirt makes one"),
			"in the domain's XML: <target dev='TAP'/>, a tap device that there is");
	ret = add(added, err, "-netdev");
	return ret < 0 ? ret
		       : add(added, err, "tap,id=hostnet%u,ifname=%s,vhost=%s%s%s", index, tap,
			     strcmp(driver, "qemu") == 0 ? "off" : "on", *queues ? ",queues=" : "",
			     queues);
}

static int add_interface(const char *xml, const struct qemu_element *interface, unsigned index,
			 struct qemu_added *added, struct pt_error *err)
{
	char type[QEMU_XML_VALUE_SIZE], model[QEMU_XML_VALUE_SIZE], mac[QEMU_XML_VALUE_SIZE],
		mtu[QEMU_XML_VALUE_SIZE], place[PLACE_SIZE];
	const char *suffix;
	int ret;

	if (!qemu_xml_attribute(interface, "type", type) || strcmp(type, "ethernet") != 0)
		return only_libvirt(type, err);
	place_of(xml, interface, place);
	detail(interface, "model", "type", model);
	detail(interface, "mac", "address", mac);
	detail(interface, "mtu", "size", mtu);
	if (strncmp(model, "virtio", strlen("virtio")) != 0)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EOPNOTSUPP, "an <interface> that is no card by virtio"),
			"in the domain's XML: <model type='virtio'/>");
	suffix = model + strlen("virtio");
	ret = add_netdev(interface, index, added, err);
	if (ret == 0)
		ret = add(added, err, "-device");
	if (ret < 0)
		return ret;
	return add(added, err, "virtio-net-pci%s,netdev=hostnet%u,id=net%u,mac=%s%s%s%s", suffix,
		   index, index, mac, *mtu ? ",host_mtu=" : "", mtu, place);
}

static int add_vsock(const char *xml, const struct qemu_element *vsock, unsigned index,
		     struct qemu_added *added, struct pt_error *err)
{
	char cid[QEMU_XML_VALUE_SIZE], place[PLACE_SIZE];
	int ret;

	(void)index;
	place_of(xml, vsock, place);
	detail(vsock, "cid", "address", cid);
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

static int add_all(const char *xml, const char *name,
		   int (*add_one)(const char *xml, const struct qemu_element *element,
				  unsigned index, struct qemu_added *added, struct pt_error *err),
		   struct qemu_added *added, struct pt_error *err)
{
	const char *at = xml, *end = xml + strlen(xml);
	struct qemu_element element;
	unsigned index = 0;
	int ret = 0;

	for (; ret == 0 && qemu_xml_find(at, end, name, &element); at = element.end)
		ret = add_one(xml, &element, index++, added, err);
	return ret;
}

int qemu_domain_add(const char *xml, struct qemu_added *added, struct pt_error *err)
{
	int ret = add_all(xml, "hostdev", add_hostdev, added, err);

	if (ret == 0)
		ret = add_all(xml, "interface", add_interface, added, err);
	return ret < 0 ? ret : add_all(xml, "vsock", add_vsock, added, err);
}

void qemu_added_done(struct qemu_added *added)
{
	while (added->count)
		free(added->words[--added->count]);
}

void qemu_domain_manage(const char *xml, struct vm_config *config)
{
	const char *at = xml, *end = xml + strlen(xml);
	struct qemu_element hostdev;
	char name[PT_NAME_SIZE];

	for (; qemu_xml_find(at, end, "hostdev", &hostdev); at = hostdev.end) {
		if (!qemu_xml_is(&hostdev, "managed", "yes") || !host_address(&hostdev, name))
			continue;
		for (size_t i = 0; i < config->device_count; i++) {
			if (strcmp(config->devices[i].name, name) == 0)
				config->devices[i].managed = true;
		}
	}
}
