/* SPDX-License-Identifier: MIT */
/* How a device is: whether it answers, sleeps, has all its lanes, had errors, can be reset, and shows the host's screen. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/rules.h"
#include "host/device_use.h"

#define CLASS_VGA     0x0300u
#define CLASS_DISPLAY 0x03

/* The directory that a function is in, which is that of the port above it. @ret_dir: PT_PATH_SIZE bytes. */
static bool directory_above(const struct check_run *check, const char *bdf, char *ret_dir)
{
	char path[PT_PATH_SIZE];
	char *slash;

	(void)snprintf(path, sizeof(path), SYSFS_PCI "%s", bdf);
	if (check->sys->realpath(check->sys->ctx, path, ret_dir, PT_PATH_SIZE) < 0)
		return false;
	slash = strrchr(ret_dir, '/');
	if (slash)
		*slash = '\0';
	return slash != NULL;
}

/* Of the path of a directory above: whether it is a port's, and not the root bus'. @ret_bdf: PT_NAME_SIZE bytes. */
static bool is_port(const char *above, char *ret_bdf)
{
	const char *slash = strrchr(above, '/');

	return slash && pt_bdf_parse(slash + 1, ret_bdf) == 0;
}

/* What the kernel remembers of a device goes with it. */
static void look_anew(const struct check_run *check, const char *bdf, struct finding *finding)
{
	bool root = check_is_root(check);

	finding_root_command(finding, root, "echo 1 > " SYSFS_PCI "%s/remove", bdf);
	finding_root_command(finding, root, "echo 1 > /sys/bus/pci/rescan");
}

void check_answers(struct check_run *check, const struct device_facts *device)
{
	const char *bdf = device->host.name;
	struct finding *finding;
	char path[PT_PATH_SIZE];

	if (device->details.answers != 0)
		return;
	finding = findings_add(
		check->findings, FINDING_BLOCKS, "dead", bdf,
		"it fell off its bus, has no power, or its firmware hangs; no driver could use it");
	finding_what(finding, "%s: the device does not answer", bdf);
	(void)snprintf(path, sizeof(path), SYSFS_PCI "%s/config", bdf);
	finding_seen(finding, path, "all ones");
	look_anew(check, bdf, finding);
	finding_hint(
		finding,
		"that looks for it anew; where it stays away, turn the machine's power off and on; "
		"dmesg says what happened");
}

#define BAR_0	     0x10
#define BAR_TYPE     0x0eu /* of a memory BAR: 64 bits, prefetchable; read-only. PCI 3.0, 6.2.5.1 */
#define BAR_64	     0x04u
#define BAR_PREFETCH 0x08u

static bool read_header(const struct check_run *check, const char *path, uint8_t header[64])
{
	int fd = check->sys->open(check->sys->ctx, path, O_RDONLY);
	int64_t n;

	if (fd < 0)
		return false;
	n = check->sys->pread(check->sys->ctx, fd, header, 64, 0);
	(void)check->sys->close(check->sys->ctx, fd);
	return n == 64;
}

static bool is_zero(const struct pt_host_bar *bar, const uint8_t *at)
{
	const uint32_t type = (bar->is_64bit ? BAR_64 : 0) | (bar->prefetchable ? BAR_PREFETCH : 0);
	const uint32_t value =
		at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
	uint32_t upper = 0;

	if (bar->is_64bit)
		memcpy(&upper, at + 4, sizeof(upper));
	return (value & BAR_TYPE) == type && !(value & ~BAR_TYPE) && !upper;
}

/* Those of virtual functions are all zero, and its physical function's business. */
void check_addresses(struct check_run *check, const struct device_facts *device)
{
	const struct pt_host_device *host = &device->host;
	unsigned there = 0, lost = 0;
	struct finding *finding;
	char path[PT_PATH_SIZE];
	uint8_t header[64];

	(void)snprintf(path, sizeof(path), SYSFS_PCI "%s/config", host->name);
	if (host->mediated || host->physfn[0] || !device->details.answers ||
	    !read_header(check, path, header))
		return;
	for (unsigned i = 0; i < PT_BARS; i++) {
		if (!host->bars[i].size || host->bars[i].io)
			continue;
		there++;
		lost += is_zero(&host->bars[i], header + BAR_0 + 4 * (size_t)i);
	}
	if (!there || lost < there)
		return;
	finding = findings_add(
		check->findings, FINDING_BLOCKS, "addresses", host->name,
		"who writes to its registers reaches nothing, and reads zeros or ones");
	finding_what(finding, "%s: its BARs have no addresses, as after a reset that failed",
		     host->name);
	finding_seen(finding, path, "zeros at 0x10");
	look_anew(check, host->name, finding);
	finding_hint(finding,
		     "that gives it addresses anew; where there are none left for it, start "
		     "the host with pci=realloc");
}

void check_power(struct check_run *check, const struct device_facts *device)
{
	const struct pt_host_details *details = &device->details;
	const char *bdf = device->host.name;
	struct finding *finding;
	char path[PT_PATH_SIZE];

	/* One that sleeps is woken when it is opened; one that could not be is in error. What is dead is said already. */
	if (!device->details.answers || strcmp(details->runtime_status, "error") != 0)
		return;
	finding = findings_add(
		check->findings, FINDING_BLOCKS, "power", bdf,
		"the kernel could not change its power state once, and does not wake it any more");
	finding_what(finding, "%s: its power management is in error", bdf);
	(void)snprintf(path, sizeof(path), SYSFS_PCI "%s/power/runtime_status", bdf);
	finding_seen(finding, path, "%s", details->runtime_status);
	look_anew(check, bdf, finding);
	finding_hint(finding, "that looks for it anew; dmesg says what happened");
}

void check_link(struct check_run *check, const struct device_facts *device)
{
	const struct pt_host_link *link = &device->details.link, *max = &device->details.link_max;
	const char *bdf = device->host.name;
	char above[PT_PATH_SIZE], port[PT_NAME_SIZE], text[16], path[PT_PATH_SIZE + 16];
	struct finding *finding;
	unsigned long can;

	if (!max->width || !link->width || link->width >= max->width || device->host.physfn[0])
		return;
	if (!directory_above(check, bdf, above))
		return;
	/* A slot may have fewer lanes than the card. */
	(void)snprintf(path, sizeof(path), "%s/max_link_width", above);
	can = check_read(check, path, text, sizeof(text)) ? strtoul(text, NULL, 10) : 0;
	if (can <= link->width || can > 32)
		return;
	finding = findings_add(
		check->findings, FINDING_WARNS, "link", bdf,
		"it has less bandwidth than it could; a bad contact is the usual cause");
	finding_what(finding, "%s: its link has %u lanes, and both ends can have %lu", bdf,
		     link->width, can < max->width ? can : max->width);
	(void)snprintf(path, sizeof(path), SYSFS_PCI "%s/current_link_width", bdf);
	finding_seen(finding, path, "%u", link->width);
	/* Retrain Link, of Link Control. Source: PCI Express Base Specification, 7.5.3.7. */
	if (is_port(above, port))
		finding_root_command(finding, check_is_root(check),
				     "setpci -s %s CAP_EXP+10.w=20:20", port);
	finding_hint(finding, "that has both ends agree anew; where it stays so, take the card out "
			      "and put it in again, and clean its contacts");
}

/* Lines "NAME COUNT", the last "TOTAL_ERR_FATAL COUNT". Source: Documentation/ABI/testing/sysfs-bus-pci-devices-aer_stats. */
void check_errors(struct check_run *check, const struct device_facts *device)
{
	const char *bdf = device->host.name;
	char text[2048], path[PT_PATH_SIZE];
	struct finding *finding;
	const char *total;
	unsigned long count;

	(void)check_read_of(check, bdf, "aer_dev_fatal", text, sizeof(text), path);
	total = strstr(text, "TOTAL_ERR_FATAL ");
	count = total ? strtoul(total + strlen("TOTAL_ERR_FATAL "), NULL, 10) : 0;
	if (!count)
		return;
	finding = findings_add(check->findings, FINDING_WARNS, "errors", bdf,
			       "what failed before may fail again under the guest");
	finding_what(finding, "%s: it reported %lu fatal error%s since the host was started", bdf,
		     count, count == 1 ? "" : "s");
	finding_seen(finding, path, "TOTAL_ERR_FATAL %lu", count);
	finding_root_command(finding, check_is_root(check), "dmesg | grep -F %s", bdf);
}

struct bus_walk {
	const struct check_run *check;
	const char *bdf;
	unsigned others;
	char names[192];
	char options[PT_ERROR_REMEDY_SIZE / 2];
};

/* Another function that a reset of the bus would hit, and that is not this guest's. */
static int add_neighbour(void *arg, const char *name)
{
	struct bus_walk *walk = arg;
	char bdf[PT_NAME_SIZE];
	size_t used = strlen(walk->names), used_of_options = strlen(walk->options);

	if (pt_bdf_parse(name, bdf) < 0 || !strcmp(bdf, walk->bdf) || check_find(walk->check, bdf))
		return 0;
	(void)snprintf(walk->names + used, sizeof(walk->names) - used, "%s%s", used ? ", " : "",
		       bdf);
	(void)snprintf(walk->options + used_of_options, sizeof(walk->options) - used_of_options,
		       " --device %s", bdf);
	walk->others++;
	return 0;
}

void check_reset(struct check_run *check, const struct device_facts *device)
{
	const char *bdf = device->host.name;
	struct bus_walk walk = {.check = check, .bdf = bdf};
	char above[PT_PATH_SIZE], parent[PT_NAME_SIZE], path[PT_PATH_SIZE];
	struct finding *finding;
	bool has_port;

	if (device->details.resettable != 0 || !directory_above(check, bdf, above))
		return;
	has_port = is_port(above, parent);
	(void)check->sys->list(check->sys->ctx, above, add_neighbour, &walk);
	/* All on its bus is this guest's: they are reset together. */
	if (has_port && !walk.others)
		return;
	finding = findings_add(
		check->findings, FINDING_WARNS, "reset", bdf,
		"a guest finds it as the one before left it, and a guest that crashed may leave it "
		"unusable until the host is started anew");
	(void)snprintf(path, sizeof(path), SYSFS_PCI "%s/reset_method", bdf);
	finding_seen(finding, path, "%s", device->details.resets);
	if (!has_port) {
		finding_what(
			finding,
			"%s: it cannot be reset: it has no reset of its own, and is on the root "
			"bus, which has none either",
			bdf);
		finding_hint(finding, "put the card into another slot, or live with it");
		return;
	}
	finding_what(finding,
		     "%s: it cannot be reset: it has no reset of its own, and one of its bus would "
		     "take %s down",
		     bdf, walk.names);
	finding_hint(finding, "give all of them to the same guest: --device %s%s", bdf,
		     walk.options);
}

static int other_display(void *arg, const char *name)
{
	struct bus_walk *walk = arg;
	char text[16];

	return strcmp(name, walk->bdf) != 0 &&
	       check_read_of(walk->check, name, "class", text, sizeof(text), NULL) &&
	       strtoul(text, NULL, 16) >> 16 == CLASS_DISPLAY;
}

/* Who sees nothing any more has to type it from elsewhere. */
static void how_to_do_without_display(struct check_run *check, const struct device_facts *device,
				      struct finding *finding)
{
	struct bus_walk walk = {.check = check, .bdf = device->host.name};
	bool root = check_is_root(check);

	if (check->sys->list(check->sys->ctx, "/sys/bus/pci/devices", other_display, &walk) == 1) {
		finding_hint(finding,
			     "choose the other display in the firmware's settings; where the guest "
			     "shows nothing, give it the ROM as a file (rom=FILE)");
		return;
	}
	/* What draws on it holds its driver. */
	if (device->host.driver[0] && strcmp(device->host.driver, "vfio-pci") != 0) {
		finding_root_command(finding, root, "systemctl enable --now ssh");
		finding_root_command(finding, root, "systemctl isolate multi-user.target");
	}
	finding_hint(finding,
		     "the host has no other display: go on from another machine by ssh (package "
		     "openssh-server), or by a serial line; where the guest shows nothing, give it "
		     "the ROM as a file (rom=FILE)");
}

/* As it takes a VGA controller, vfio-pci ends what draws in its BARs. Source: vfio_pci_core.c, vfio_pci_vga_init(), Linux 6.0. */
static bool bind_ends_framebuffer(const struct check_run *check, const struct device_facts *device)
{
	return device->host.class_code >> 8 == CLASS_VGA &&
	       strcmp(device->host.driver, "vfio-pci") != 0 && check_kernel_is(check, 6, 0);
}

void check_display(struct check_run *check, const struct device_facts *device)
{
	const char *bdf = device->host.name;
	struct finding *finding;
	char owner[FINDING_VALUE_SIZE], path[PT_PATH_SIZE];
	bool drawn;

	if (device->host.class_code >> 16 != CLASS_DISPLAY)
		return;
	drawn = device_use_framebuffer(check->sys, bdf, owner, sizeof(owner));
	if (drawn && !bind_ends_framebuffer(check, device)) {
		finding = findings_add(
			check->findings, FINDING_BLOCKS, "screen", bdf,
			"the kernel draws on the screen that firmware set up, in a BAR that the guest is to have");
		finding_what(finding, "%s: one of its BARs is the host's screen", bdf);
		finding_seen(finding, "/proc/iomem", "%s", owner);
		check_boot_with(check, finding, "initcall_blacklist=sysfb_init");
		return;
	}
	if (!drawn && device->details.boot_vga != 1)
		return;
	finding = findings_add(
		check->findings, FINDING_WARNS, "screen", bdf,
		"the host has no console while a guest has it, and its ROM may have been used up by firmware");
	finding_what(finding, "%s: it is the display that the host was started with", bdf);
	(void)snprintf(path, sizeof(path), SYSFS_PCI "%s/boot_vga", bdf);
	finding_seen(finding, drawn ? "/proc/iomem" : path, "%s", drawn ? owner : "1");
	how_to_do_without_display(check, device, finding);
}
