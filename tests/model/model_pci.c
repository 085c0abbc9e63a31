/* SPDX-License-Identifier: MIT */
/* PCI functions of the host: their config space, and all that sysfs shows of them. */
#include "model_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Config space. */

uint32_t model_config_get(const struct model_pci *pci, unsigned at, unsigned size)
{
	uint32_t value = 0;

	memcpy(&value, pci->config + at, size);
	return value;
}

void model_config_put(struct model_pci *pci, unsigned at, unsigned size, uint32_t value)
{
	memcpy(pci->config + at, &value, size);
}

void model_config_init(struct model_pci *pci, uint16_t vendor, uint16_t device, uint32_t class_code)
{
	memset(pci->config, 0, sizeof(pci->config));
	pci->config_size = MODEL_CONFIG_SIZE;
	pci->last_cap = 0;
	pci->last_ecap = 0;
	model_config_put(pci, 0x00, 2, vendor);
	model_config_put(pci, 0x02, 2, device);
	model_config_put(pci, 0x08, 4, class_code << 8 | 0x01);
	model_config_put(pci, 0x2c, 2, vendor);
	model_config_put(pci, 0x2e, 2, device);
}

void model_config_cap(struct model_pci *pci, unsigned at, uint8_t id, const void *body, size_t size)
{
	pci->config[0x06] |= 0x10;
	pci->config[pci->last_cap ? pci->last_cap + 1 : 0x34] = (uint8_t)at;
	pci->config[at] = id;
	pci->config[at + 1] = 0;
	if (size)
		memcpy(pci->config + at + 2, body, size);
	pci->last_cap = at;
}

void model_config_ecap(struct model_pci *pci, unsigned at, uint16_t id, const void *body,
		       size_t size)
{
	if (pci->last_ecap)
		model_config_put(pci, pci->last_ecap + 2, 2,
				 (uint32_t)at << 4 | (pci->config[pci->last_ecap + 2] & 0x0f));
	model_config_put(pci, at, 4, id | 1u << 16);
	if (size)
		memcpy(pci->config + at + 4, body, size);
	pci->last_ecap = at;
}

void model_config_pm(struct model_pci *pci, unsigned at)
{
	const uint8_t body[6] = {0x03, 0x00, 0x08, 0x00};

	model_config_cap(pci, at, 0x01, body, sizeof(body));
}

void model_config_express(struct model_pci *pci, unsigned at)
{
	uint8_t body[58] = {0x02, 0x00};

	body[5] = 0x10; /* device capabilities: function level reset */
	body[6] = 0x10;
	model_config_cap(pci, at, 0x10, body, sizeof(body));
}

void model_config_msi(struct model_pci *pci, unsigned at, unsigned log2_vectors, bool is_64bit,
		      bool maskable)
{
	uint8_t body[22] = {0};

	body[0] = (uint8_t)(log2_vectors << 1 | (is_64bit ? 0x80u : 0));
	body[1] = maskable ? 1 : 0;
	model_config_cap(pci, at, 0x05, body, (is_64bit ? 12u : 8u) + (maskable ? 10u : 0u));
}

void model_config_msix(struct model_pci *pci, unsigned at, unsigned vectors, unsigned table_bar,
		       uint32_t table, unsigned pba_bar, uint32_t pba)
{
	model_config_cap(pci, at, 0x11, NULL, 0);
	model_config_put(pci, at + 2, 2, vectors - 1);
	model_config_put(pci, at + 4, 4, table | table_bar);
	model_config_put(pci, at + 8, 4, pba | pba_bar);
}

struct model_pci model_nvme(const char *bdf, int group)
{
	struct model_pci pci = {.bdf = bdf, .driver = "vfio-pci", .group = group};

	model_config_init(&pci, 0x1b36, 0x0010, 0x010802);
	pci.bars[0] = (struct model_bar){.size = 0x4000, .is_64bit = true};
	model_config_put(&pci, 0x3d, 1, 1);
	model_config_pm(&pci, 0x60);
	model_config_express(&pci, 0x80);
	model_config_msix(&pci, 0x40, 65, 0, 0x2000, 0, 0x3000);
	model_config_ecap(&pci, 0x100, 0x0001, NULL, 0);
	return pci;
}

/* samples/vfio-mdev/mtty.c: a 16550 behind an I/O BAR, with a pin, no capabilities and a config space of 255 bytes. */
struct model_pci model_mtty(const char *uuid, int group)
{
	struct model_pci pci = {.bdf = uuid, .driver = "mtty", .group = group, .mediated = true};

	model_config_init(&pci, 0x4348, 0x3253, 0x070002);
	pci.config_size = 255;
	pci.bars[0] = (struct model_bar){.size = 8, .io = true};
	model_config_put(&pci, 0x04, 2, 0x0001);
	model_config_put(&pci, 0x3d, 1, 1);
	return pci;
}

/* samples/vfio-mdev/mdpy.c: a framebuffer, and a vendor's capability that describes it. */
struct model_pci model_mdpy(const char *uuid, int group)
{
	const uint8_t screen[14] = {16, 0, 'X', 'R', '2', '4', 0x80, 0x02, 0, 0, 0xe0, 0x01};
	struct model_pci pci = {.bdf = uuid, .driver = "mdpy", .group = group, .mediated = true};

	model_config_init(&pci, 0x1b36, 0x000f, 0x038000);
	pci.config_size = 255;
	pci.packed = true;
	pci.bars[0] = (struct model_bar){.size = 0x200000, .prefetchable = true};
	model_config_put(&pci, 0x04, 2, 0x0003);
	model_config_cap(&pci, 0x40, 0x09, screen, sizeof(screen));
	return pci;
}

/* What sysfs shows. */

/* A link in sysfs is relative: as many "../" as it is deep. */
static void sysfs_link(struct model *model, const char *path, const char *target)
{
	char text[MODEL_TEXT] = "";

	for (const char *slash = strchr(path + strlen("/sys/"), '/'); slash;
	     slash = strchr(slash + 1, '/'))
		strcat(text, "../");
	strcat(text, target + strlen("/sys/"));
	model_put_link(model, path, text);
}

struct place {
	struct model *model;
	char path[MODEL_TEXT / 2]; /* the function's directory, without links */
};

static void put(const struct place *place, const char *name, const char *fmt, ...) PT_PRINTF(3, 4);

static void put(const struct place *place, const char *name, const char *fmt, ...)
{
	char path[MODEL_TEXT], text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", place->path, name);
	model_put_file(place->model, path, text);
}

static void link_to(const struct place *place, const char *name, const char *fmt, ...)
	PT_PRINTF(3, 4);

static void link_to(const struct place *place, const char *name, const char *fmt, ...)
{
	char path[MODEL_TEXT], target[MODEL_TEXT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(target, sizeof(target), fmt, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", place->path, name);
	sysfs_link(place->model, path, target);
}

/* A line a resource: start, end, flags; the kernel shows seven of a function that is no bridge and has no SR-IOV. */
static void put_resource(const struct place *place, const struct model_pci *pci)
{
	char text[1024] = "";
	uint64_t start = 0x380000000000;

	for (unsigned i = 0; i < 7; i++) {
		const struct model_bar rom = {.size = pci->rom_space};
		const struct model_bar *bar = i < PT_BARS ? &pci->bars[i] : &rom;
		uint64_t flags = 0x40000;
		size_t used = strlen(text);

		if (bar->size == 0) {
			snprintf(text + used, sizeof(text) - used, "0x%016x 0x%016x 0x%016x\n", 0,
				 0, 0);
			continue;
		}
		flags |= bar->io ? 0x101 : 0x200;
		flags |= bar->is_64bit ? 0x100004 : 0;
		flags |= bar->prefetchable ? 0x2008 : 0;
		snprintf(text + used, sizeof(text) - used, "0x%016llx 0x%016llx 0x%016llx\n",
			 (unsigned long long)start, (unsigned long long)(start + bar->size - 1),
			 (unsigned long long)flags);
		start += bar->size;
	}
	put(place, "resource", "%s", text);
}

static void put_group(const struct place *place, const struct model_pci *pci)
{
	char path[MODEL_TEXT], text[512];

	if (pci->group < 0)
		return;
	link_to(place, "iommu_group", "/sys/kernel/iommu_groups/%d", pci->group);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices/%s", pci->group,
		 pci->bdf);
	sysfs_link(place->model, path, place->path);
	text[0] = '\0';
	for (unsigned i = 0; i < pci->reserved_count; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "0x%016llx 0x%016llx direct\n",
			 (unsigned long long)pci->reserved[i].first,
			 (unsigned long long)pci->reserved[i].last);
	}
	if (!pci->mediated)
		strcat(text, "0x00000000fee00000 0x00000000feefffff msi\n");
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/reserved_regions", pci->group);
	model_put_file(place->model, path, text);
}

/* Intel's CAP register: MGAW is the width less one; SAGAW has bit 1 for 39 bits, 2 for 48, 3 for 57. */
static void put_iommu(const struct place *place)
{
	struct model *model = place->model;
	unsigned bits = model->host.aperture_bits;
	uint64_t sagaw = bits > 48 ? 0x0e : bits > 39 ? 0x06 : 0x02;
	char text[64];

	if (model->host.iommu == MODEL_IOMMU_INTEL) {
		snprintf(text, sizeof(text), "%llx\n",
			 (unsigned long long)(0xd2008c40000062ull | sagaw << 8 |
					      (uint64_t)(bits - 1) << 16));
		model_put_file(model, "/sys/devices/virtual/iommu/dmar0/intel-iommu/cap", text);
		sysfs_link(model, "/sys/class/iommu/dmar0", "/sys/devices/virtual/iommu/dmar0");
		link_to(place, "iommu", "/sys/devices/virtual/iommu/dmar0");
	} else if (model->host.iommu == MODEL_IOMMU_AMD) {
		const char *ivhd = "/sys/devices/pci0000:00/0000:00:00.2/iommu/ivhd0";

		model_put_file(model,
			       "/sys/devices/pci0000:00/0000:00:00.2/iommu/ivhd0/amd-iommu/cap",
			       "1000b80f\n");
		model_put_file(
			model,
			"/sys/devices/pci0000:00/0000:00:00.2/iommu/ivhd0/amd-iommu/features",
			"25bf732fa2295afe:1d\n");
		sysfs_link(model, "/sys/class/iommu/ivhd0", ivhd);
		link_to(place, "iommu", "%s", ivhd);
	}
}

/* A group with a function on a VFIO driver has a node. */
static void put_group_node(struct model *model, int number, const char *prefix)
{
	char path[MODEL_TEXT], target[MODEL_TEXT / 2], text[32];
	unsigned minor = model_group_add(model, number);

	snprintf(target, sizeof(target), "/sys/devices/virtual/vfio/%s%d", prefix, number);
	snprintf(path, sizeof(path), "%s/dev", target);
	snprintf(text, sizeof(text), "%u:%u\n", MODEL_MAJOR_GROUP, minor);
	model_put_file(model, path, text);
	snprintf(path, sizeof(path), "/sys/class/vfio/%s%d", prefix, number);
	sysfs_link(model, path, target);
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", MODEL_MAJOR_GROUP, minor);
	sysfs_link(model, path, target);
	snprintf(path, sizeof(path), "/dev/vfio/%s%d", prefix, number);
	model_put_node(model, path, MODEL_MAJOR_GROUP, minor);
}

bool model_without_iommu(const struct model *model, const struct model_pci *pci)
{
	return model->host.iommu == MODEL_IOMMU_NONE && model->host.noiommu != PT_NOIOMMU_NONE &&
	       pci->driver && !strcmp(pci->driver, "vfio-pci");
}

/* The group that VFIO makes up for a device without an IOMMU, before Linux 7.3 and with CONFIG_VFIO_GROUP. */
static void put_noiommu_group(const struct place *place, unsigned index)
{
	struct model *model = place->model;
	char path[MODEL_TEXT];

	link_to(place, "iommu_group", "/sys/kernel/iommu_groups/%u", 90 + index);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/name", 90 + index);
	model_put_file(model, path, "vfio-noiommu\n");
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/reserved_regions", 90 + index);
	model_put_file(model, path, "");
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices", 90 + index);
	model_put_dir(model, path);
	put_group_node(model, (int)(90 + index), "noiommu-");
}

/* @prefix: of the node's name. */
static void put_cdev(const struct place *place, const char *prefix, unsigned index)
{
	struct model *model = place->model;
	struct place vfio = {.model = model};
	char path[MODEL_TEXT];

	snprintf(vfio.path, sizeof(vfio.path), "%.70s/vfio-dev/%svfio%u", place->path, prefix,
		 index);
	model_put_dir(model, vfio.path);
	link_to(&vfio, "device", "%s", place->path);
	link_to(&vfio, "subsystem", "/sys/class/vfio-dev");
	snprintf(path, sizeof(path), "/sys/class/vfio-dev/%svfio%u", prefix, index);
	sysfs_link(model, path, vfio.path);
	if (model->host.no_cdev || model->host.noiommu == PT_NOIOMMU_GROUP)
		return;
	put(&vfio, "dev", "%u:%u\n", MODEL_MAJOR_VFIO, index);
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", MODEL_MAJOR_VFIO, index);
	sysfs_link(model, path, vfio.path);
	snprintf(path, sizeof(path), "/dev/vfio/devices/%svfio%u", prefix, index);
	model_put_node(model, path, MODEL_MAJOR_VFIO, index);
}

static void put_driver(const struct place *place, const struct model_pci *pci, unsigned index)
{
	struct model *model = place->model;
	bool noiommu = model_without_iommu(model, pci);
	char path[MODEL_TEXT];

	if (!pci->driver)
		return;
	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s", pci->mediated ? "mdev" : "pci",
		 pci->driver);
	model_put_dir(model, path);
	link_to(place, "driver", "%s", path);
	if ((strcmp(pci->driver, "vfio-pci") && !pci->mediated) || (pci->group < 0 && !noiommu))
		return;
	put_cdev(place, noiommu ? "noiommu-" : "", index);
	if (noiommu && model->host.noiommu == PT_NOIOMMU_GROUP)
		put_noiommu_group(place, index);
	if (pci->group >= 0 && !model->host.no_group)
		put_group_node(model, pci->group, "");
}

static void put_mediated(struct model *model, const struct model_pci *pci, unsigned index)
{
	struct place place = {.model = model};
	char path[MODEL_TEXT];

	snprintf(place.path, sizeof(place.path), "/sys/devices/virtual/%s/%s/%s", pci->driver,
		 pci->driver, pci->bdf);
	model_put_dir(model, place.path);
	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s", pci->bdf);
	sysfs_link(model, path, place.path);
	put_group(&place, pci);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/name", pci->group);
	model_put_file(model, path, "vfio-noiommu\n");
	put_driver(&place, pci, index);
}

/* Functions of bus 0 are on the root bus, others behind a root port. */
void model_pci_place(const struct model_pci *pci, char *ret_path)
{
	bool root = !strncmp(pci->bdf + strlen("0000:"), "00:", 3);

	snprintf(ret_path, MODEL_TEXT / 2, "/sys/devices/pci0000:00/%s%s",
		 root ? "" : "0000:00:1c.0/", pci->bdf);
}

void model_put_driver(struct model_device *device)
{
	struct place place = {.model = device->model};

	model_pci_place(&device->pci, place.path);
	put_driver(&place, &device->pci, device->private->index);
}

void model_remove_driver(struct model_device *device)
{
	struct model *model = device->model;
	const unsigned index = device->private->index;
	char path[MODEL_TEXT], place[MODEL_TEXT / 2];

	model_pci_place(&device->pci, place);
	snprintf(path, sizeof(path), "%s/driver", place);
	model_remove(model, path);
	if (strcmp(device->pci.driver, "vfio-pci") != 0 || device->pci.group < 0)
		return;
	snprintf(path, sizeof(path), "%s/vfio-dev", place);
	model_remove(model, path);
	snprintf(path, sizeof(path), "/sys/class/vfio-dev/vfio%u", index);
	model_remove(model, path);
	if (model->host.no_cdev)
		return;
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", MODEL_MAJOR_VFIO, index);
	model_remove(model, path);
	snprintf(path, sizeof(path), "/dev/vfio/devices/vfio%u", index);
	model_remove(model, path);
}

static void put_sysfs(struct model *model, const struct model_pci *pci, unsigned index)
{
	struct place place = {.model = model};
	char path[MODEL_TEXT];

	model_pci_place(pci, place.path);
	model_put_dir(model, place.path);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", pci->bdf);
	sysfs_link(model, path, place.path);
	link_to(&place, "subsystem", "/sys/bus/pci");
	put(&place, "vendor", "0x%04x\n", model_config_get(pci, 0x00, 2));
	put(&place, "device", "0x%04x\n", model_config_get(pci, 0x02, 2));
	put(&place, "class", "0x%06x\n", model_config_get(pci, 0x08, 4) >> 8);
	put(&place, "revision", "0x%02x\n", model_config_get(pci, 0x08, 1));
	put(&place, "irq", "%d\n", 16);
	put(&place, "numa_node", "%d\n", -1);
	put(&place, "reset_method", "%s\n", "flr bus");
	put(&place, "power_state", "%s\n", "D0");
	if (pci->sriov)
		put(&place, "sriov_totalvfs", "%d\n", 7);
	if (pci->physfn)
		link_to(&place, "physfn", "/sys/devices/pci0000:00/0000:00:1c.0/%s", pci->physfn);
	put(&place, "driver_override", "%s\n", "(null)");
	snprintf(path, sizeof(path), "%s/config", place.path);
	model_put_bytes(model, path, pci->config, pci->config_size);
	put_resource(&place, pci);
	put_group(&place, pci);
	put_iommu(&place);
	put_driver(&place, pci, index);
}

struct model_device *model_add(struct model *model, const struct model_pci *pci)
{
	struct model_device *device = model_xalloc(sizeof(*device));
	struct model_pci placed;

	device->private = model_xalloc(sizeof(*device->private));
	device->model = model;
	device->pci = *pci;
	device->irq_index = -1;
	if (!pci->mediated)
		device->features = 1u << 3 | 1u << 4 | 1u << 5 | (pci->sriov ? 1u : 0);
	device->private->index = model->device_count;
	device->private->noiommu = model_without_iommu(model, pci);
	memcpy(device->private->config, pci->config, sizeof(pci->config));
	for (unsigned i = 0; i < PT_BARS; i++) {
		device->private->bar_fd[i] = -1;
		if (pci->bars[i].size == 0)
			continue;
		device->private->bar_fd[i] = memfd_create("bar", MFD_CLOEXEC);
		if (device->private->bar_fd[i] < 0 ||
		    ftruncate(device->private->bar_fd[i], (off_t)pci->bars[i].size))
			abort();
	}
	model_config_learn(device);
	if (model->host.iommu == MODEL_IOMMU_NONE && !pci->mediated)
		device->pci.group = -1;
	placed = device->pci;
	/* VFIO makes up a group for it. */
	if (device->private->noiommu && model->host.noiommu == PT_NOIOMMU_GROUP)
		device->pci.group = (int)(90 + device->private->index);
	if (pci->mediated)
		put_mediated(model, &placed, device->private->index);
	else
		put_sysfs(model, &placed, device->private->index);
	model->devices =
		realloc(model->devices, (model->device_count + 1) * sizeof(struct model_device *));
	if (!model->devices)
		abort();
	model->devices[model->device_count++] = device;
	return device;
}

void model_kill(struct model_device *device)
{
	uint8_t ones[MODEL_CONFIG_SIZE];
	char path[MODEL_TEXT];

	memset(ones, 0xff, sizeof(ones));
	snprintf(path, sizeof(path), "/sys/devices/pci0000:00/0000:00:1c.0/%s/config",
		 device->pci.bdf);
	model_put_bytes(device->model, path, ones, device->pci.config_size);
	device->dead = true;
}

void model_stuck(struct model_device *device)
{
	char path[MODEL_TEXT];

	snprintf(path, sizeof(path), "/sys/devices/pci0000:00/0000:00:1c.0/%s/power_state",
		 device->pci.bdf);
	model_put_file(device->model, path, "D3cold\n");
	device->asleep = true;
}

struct model_device *model_device(const struct model *model, unsigned index)
{
	return model->devices[index];
}
