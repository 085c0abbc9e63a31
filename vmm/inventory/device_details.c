/* SPDX-License-Identifier: MIT */
/* All of one device, for people: a line a fact, those that are unknown left out. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "config/size.h"
#include "host/holder_guest.h"
#include "inventory/cap_name.h"
#include "inventory/device_table.h"
#include "inventory/printable.h"

#define TEXT_SIZE 1024

static void line(FILE *out, const char *title, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void line(FILE *out, const char *title, const char *format, ...)
{
	char text[TEXT_SIZE], clean[TEXT_SIZE];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printable(text, clean, sizeof(clean));
	(void)fprintf(out, "  %-13s %s\n", title, clean);
}

static void append(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text + used, size - used, format, args);
	va_end(args);
}

static void print_heading(const struct inventory_device *device, FILE *out)
{
	const struct pt_host_device *host = &device->host;

	if (host->mediated)
		(void)fprintf(out, "%s  mediated device\n", host->name);
	else
		(void)fprintf(out, "%s  %s%s%s [%04x:%04x]\n", host->name,
			      device->vendor[0] ? device->vendor : "unknown vendor",
			      device->name[0] ? " " : "", device->name, host->vendor, host->device);
}

static void print_ids(struct pci_names *names, const struct inventory_device *device, FILE *out)
{
	const struct pt_host_details *details = &device->details;
	char name[PCI_NAME_SIZE], vendor[PCI_NAME_SIZE];

	if (device->host.mediated)
		return;
	pci_names_class(names, device->host.class_code, name);
	line(out, "class", "%s%s[%06x], revision %02x", name, name[0] ? " " : "",
	     device->host.class_code, details->revision);
	pci_names_vendor(names, details->subsystem_vendor, vendor);
	pci_names_subsystem(names, &device->host, details, name);
	if (details->subsystem_vendor)
		line(out, "subsystem", "%s%s%s%s[%04x:%04x]", vendor, vendor[0] ? " " : "", name,
		     name[0] ? " " : "", details->subsystem_vendor, details->subsystem_device);
}

static int print_obstacle(void *arg, const struct pt_obstacle *obstacle)
{
	line(arg, "", "- %s", obstacle->error.message);
	if (obstacle->error.remedy[0])
		line(arg, "", "  remedy: %s", obstacle->error.remedy);
	return 0;
}

static void print_verdict(const struct pt_sys *sys, const struct inventory_device *device,
			  FILE *out)
{
	const struct pt_space_setup setup = {.backend = pt_host_backend(sys, &device->host)};

	line(out, "assign", "%s", device->verdict_text);
	(void)pt_host_obstacles(sys, &device->host, &setup, print_obstacle, out);
}

static void print_driver(const struct inventory_device *device, FILE *out)
{
	const char *override = device->details.driver_override;

	line(out, "driver", "%s%s%s%s", device->host.driver[0] ? device->host.driver : "none",
	     override[0] ? " (driver_override: " : "", override, override[0] ? ")" : "");
}

static void print_group(const struct pt_host_device *host, FILE *out)
{
	if (host->group < 0) {
		line(out, "IOMMU group", "none");
		return;
	}
	line(out, "IOMMU group", "%d%s", host->group,
	     host->sibling_count ? ", with:" : ", alone in it");
	for (unsigned i = 0; i < host->sibling_count; i++) {
		const struct pt_host_sibling *sibling = &host->siblings[i];

		line(out, "", "%s, %s%s", sibling->name,
		     sibling->driver[0] ? sibling->driver : "no driver",
		     sibling->blocks ? ", which is in the way" : "");
	}
}

static const char *iommu_text(enum pt_iommu_kind kind)
{
	switch (kind) {
	case PT_IOMMU_INTEL:
		return "Intel VT-d";
	case PT_IOMMU_AMD:
		return "AMD-Vi";
	case PT_IOMMU_VIRTIO:
		return "virtio";
	case PT_IOMMU_OTHER:
		return "other";
	case PT_IOMMU_NONE:
		break;
	}
	return "none that the kernel shows";
}

static void print_iommu(const struct pt_sys *sys, const struct inventory_device *device, FILE *out)
{
	struct pt_iova_range ranges[8];
	unsigned bits = pt_host_iova_bits(sys, &device->host);
	char text[TEXT_SIZE] = "";
	size_t count = 0;

	if (device->host.mediated)
		return;
	if (device->details.iommu_name[0])
		append(text, sizeof(text), ", %s", device->details.iommu_name);
	if (bits)
		append(text, sizeof(text), ", addresses of %u bits", bits);
	line(out, "IOMMU", "%s%s", iommu_text(device->details.iommu), text);
	if (device->host.group < 0 ||
	    pt_host_reserved(sys, &device->host, ranges, 8, &count, NULL) < 0)
		return;
	for (size_t i = 0; i < count && i < 8; i++)
		line(out, i ? "" : "reserved", "0x%" PRIx64 "-0x%" PRIx64, ranges[i].first,
		     ranges[i].last);
}

static void print_node(const struct pt_sys *sys, const struct inventory_device *device,
		       enum pt_backend_kind backend, const char *title, FILE *out)
{
	char holder[128], name[HOLDER_GUEST_SIZE];
	struct holder_guest guest;
	struct pt_host_node node;
	int pid;

	if (pt_host_device_node(sys, &device->host, backend, &node) < 0)
		return;
	line(out, title, "%s, mode %04o, user %u, group %u: %s", node.path, node.stat.mode,
	     node.stat.uid, node.stat.gid,
	     node.stat.usable ? "this user may open it" : "this user may not open it");
	pid = pt_host_holder(sys, node.path, holder, sizeof(holder));
	if (pid && holder_guest_of(sys, pid, &guest)) {
		printable(guest.name, name, sizeof(name));
		line(out, "", "held by %s, %s %s", holder,
		     guest.libvirt ? "libvirt's domain" : "guest", name);
	} else if (pid) {
		line(out, "", "held by %s", holder);
	}
}

static void print_bars(const struct inventory_device *device, FILE *out)
{
	const struct pt_host_device *host = &device->host;
	char title[16], size[SIZE_TEXT_SIZE], can_be[256];

	for (unsigned i = 0; i < PT_BARS; i++) {
		const struct pt_host_bar *bar = &host->bars[i];
		uint64_t sizes = device->details.bar_sizes[i];

		if (bar->size == 0)
			continue;
		can_be[0] = '\0';
		for (unsigned n = 0; n < 44; n++) {
			if (sizes >> n & 1)
				append(can_be, sizeof(can_be), "%s%s",
				       can_be[0] ? ", " : "; can be ",
				       size_text(UINT64_C(1) << (20 + n), size));
		}
		(void)snprintf(title, sizeof(title), "BAR %u", i);
		line(out, title, "%s, %s%s%s", size_text(bar->size, size),
		     bar->io	     ? "ports"
		     : bar->is_64bit ? "64-bit"
				     : "32-bit",
		     bar->prefetchable ? ", prefetchable" : "", can_be);
	}
	if (host->rom_size)
		line(out, "ROM", "%s", size_text(host->rom_size, size));
}

static void print_interrupts(const struct pt_host_device *host, const struct pt_host_caps *caps,
			     FILE *out)
{
	char text[128] = "";

	if (host->irq_pin)
		append(text, sizeof(text), "INT%c#", (int)('A' + host->irq_pin - 1));
	if (caps->msi_vectors)
		append(text, sizeof(text), "%sMSI with %u", text[0] ? ", " : "", caps->msi_vectors);
	if (caps->msix_vectors)
		append(text, sizeof(text), "%sMSI-X with %u", text[0] ? ", " : "",
		       caps->msix_vectors);
	if (text[0])
		line(out, "interrupts", "%s", text);
}

static void print_reset(const struct pt_host_details *details, FILE *out)
{
	if (details->resets[0])
		line(out, "reset", "%s", details->resets);
	else if (details->resettable != PT_UNKNOWN)
		line(out, "reset", "%s",
		     details->resettable ? "yes; this kernel does not say how"
					 : "none: a guest finds it as the one before left it");
}

static void print_power(const struct pt_host_details *details, FILE *out)
{
	if (details->answers == 0)
		line(out, "alive", "no: its configuration space reads all ones");
	if (details->power_state[0])
		line(out, "power", "%s%s%s%s", details->power_state,
		     details->runtime_status[0] ? ", " : "", details->runtime_status,
		     !strcmp(details->runtime_control, "auto") ? ", may be suspended" : "");
}

static void print_link(const struct pt_host_details *details, FILE *out)
{
	const struct pt_host_link *now = &details->link, *max = &details->link_max;

	if (!max->speed || !max->width)
		return;
	if (!now->speed || !now->width)
		line(out, "link", "down; it can %u.%u GT/s x%u", max->speed / 1000,
		     max->speed / 100 % 10, max->width);
	else
		line(out, "link", "%u.%u GT/s x%u of %u.%u GT/s x%u", now->speed / 1000,
		     now->speed / 100 % 10, now->width, max->speed / 1000, max->speed / 100 % 10,
		     max->width);
}

static void print_sriov(const struct pt_sys *sys, const struct inventory_device *device, FILE *out)
{
	const struct pt_host_details *details = &device->details;
	char name[PT_NAME_SIZE];

	if (device->host.physfn[0])
		line(out, "SR-IOV", "virtual function of %s", device->host.physfn);
	if (details->vfs_max <= 0)
		return;
	line(out, "SR-IOV", "%d of %d virtual functions%s", details->vfs < 0 ? 0 : details->vfs,
	     details->vfs_max, details->vfs > 0 ? ":" : "");
	for (int i = 0; i < details->vfs; i++) {
		if (pt_host_vf(sys, &device->host, (unsigned)i, name) == 0)
			line(out, "", "%s", name);
	}
}

static void print_caps(const struct pt_host_device *host, const struct pt_host_caps *caps,
		       FILE *out)
{
	char text[TEXT_SIZE] = "";

	for (unsigned i = 0; i < caps->count; i++) {
		const char *name = cap_name(&caps->caps[i]);

		/* Some have five that are vendor-specific. */
		if (i > 0 && caps->caps[i].id == caps->caps[i - 1].id &&
		    caps->caps[i].extended == caps->caps[i - 1].extended)
			continue;
		append(text, sizeof(text), "%s", text[0] ? ", " : "");
		if (name)
			append(text, sizeof(text), "%s", name);
		else
			append(text, sizeof(text), "%s%02x",
			       caps->caps[i].extended ? "extended " : "", caps->caps[i].id);
	}
	if (!host->mediated && caps->size > 0 && caps->size < 256)
		line(out, "capabilities", "only root may read them");
	else if (text[0])
		line(out, "capabilities", "%s", text);
}

void device_details_print(const struct pt_sys *sys, struct pci_names *names,
			  const struct inventory_device *device, FILE *out)
{
	struct pt_host_caps caps;

	pt_host_caps(sys, &device->host, &caps);
	print_heading(device, out);
	print_verdict(sys, device, out);
	print_ids(names, device, out);
	print_driver(device, out);
	print_group(&device->host, out);
	print_node(sys, device, PT_BACKEND_CDEV, "node", out);
	print_node(sys, device, PT_BACKEND_GROUP, "group's node", out);
	print_iommu(sys, device, out);
	print_bars(device, out);
	print_interrupts(&device->host, &caps, out);
	print_reset(&device->details, out);
	print_power(&device->details, out);
	print_link(&device->details, out);
	if (device->details.numa_node != PT_UNKNOWN)
		line(out, "NUMA node", "%d", device->details.numa_node);
	print_sriov(sys, device, out);
	if (device->details.boot_vga == 1)
		line(out, "boot VGA", "yes: firmware and console draw on it");
	print_caps(&device->host, &caps, out);
}
