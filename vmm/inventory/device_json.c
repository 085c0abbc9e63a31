/* SPDX-License-Identifier: MIT */
/* Unknown is null; a set that is empty is []. What is allocated in between is checked once, in the end: jansson's functions take
 * NULL for a failure and pass it on. */
#include "inventory/device_json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "host/holder_guest.h"
#include "inventory/cap_name.h"
#include "inventory/class_word.h"
#include "inventory/printable.h"

struct writer {
	const struct pt_sys *sys;
	bool details;
	bool failed;
};

static void set(struct writer *writer, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		writer->failed = true;
}

static void append(struct writer *writer, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) < 0)
		writer->failed = true;
}

/* What is empty is not known, or not there. */
static json_t *text(const char *value)
{
	char clean[512];

	printable(value, clean, sizeof(clean));
	return clean[0] ? json_string(clean) : json_null();
}

static json_t *hex(unsigned value, int digits)
{
	char buf[16];

	(void)snprintf(buf, sizeof(buf), "%0*x", digits, value);
	return json_string(buf);
}

static json_t *number(int value)
{
	return value == PT_UNKNOWN ? json_null() : json_integer(value);
}

static json_t *truth(int value)
{
	return value == PT_UNKNOWN ? json_null() : json_boolean(value);
}

/* "flr bus" is ["flr", "bus"]. */
static json_t *words(struct writer *writer, const char *value)
{
	json_t *array = json_array();
	char buf[PT_RESETS_SIZE], *next, *word;

	(void)snprintf(buf, sizeof(buf), "%s", value);
	for (word = strtok_r(buf, " ", &next); word; word = strtok_r(NULL, " ", &next))
		append(writer, array, text(word));
	return array;
}

static json_t *resets(struct writer *writer, const struct pt_host_details *details)
{
	/* A kernel that does not list them. */
	if (!details->resets[0] && details->resettable != 0)
		return json_null();
	return words(writer, details->resets);
}

static json_t *bar(struct writer *writer, unsigned index, const struct pt_host_bar *from,
		   uint64_t sizes)
{
	json_t *object = json_object(), *can_be = json_array();

	set(writer, object, "index", json_integer((json_int_t)index));
	set(writer, object, "size", json_integer((json_int_t)from->size));
	set(writer, object, "kind", json_string(from->io ? "io" : "memory"));
	set(writer, object, "64bit", json_boolean(from->is_64bit));
	set(writer, object, "prefetchable", json_boolean(from->prefetchable));
	for (unsigned n = 0; n < 43; n++) {
		if (sizes >> n & 1)
			append(writer, can_be, json_integer((json_int_t)1 << (20 + n)));
	}
	set(writer, object, "sizes", can_be);
	return object;
}

static json_t *bars(struct writer *writer, const struct inventory_device *device)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < PT_BARS; i++) {
		if (device->host.bars[i].size)
			append(writer, array,
			       bar(writer, i, &device->host.bars[i], device->details.bar_sizes[i]));
	}
	return array;
}

static json_t *siblings(struct writer *writer, const struct pt_host_device *host)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < host->sibling_count; i++) {
		json_t *object = json_object();

		set(writer, object, "address", text(host->siblings[i].name));
		set(writer, object, "driver", text(host->siblings[i].driver));
		set(writer, object, "blocks", json_boolean(host->siblings[i].blocks));
		append(writer, array, object);
	}
	return array;
}

static json_t *node(struct writer *writer, const struct pt_host_device *host,
		    enum pt_backend_kind backend)
{
	struct pt_host_node found;
	json_t *object;
	char mode[8], holder[128];
	struct holder_guest guest;
	int pid;

	if (pt_host_device_node(writer->sys, host, backend, &found) < 0)
		return json_null();
	object = json_object();
	(void)snprintf(mode, sizeof(mode), "%04o", found.stat.mode);
	set(writer, object, "path", text(found.path));
	set(writer, object, "mode", json_string(mode));
	set(writer, object, "uid", json_integer(found.stat.uid));
	set(writer, object, "gid", json_integer(found.stat.gid));
	set(writer, object, "usable", json_boolean(found.stat.usable));
	if (writer->details) {
		pid = pt_host_holder(writer->sys, found.path, holder, sizeof(holder));
		set(writer, object, "holder_pid", pid ? json_integer(pid) : json_null());
		set(writer, object, "holder_guest",
		    pid && holder_guest_of(writer->sys, pid, &guest) ? text(guest.name)
								     : json_null());
	}
	return object;
}

static json_t *link_of(struct writer *writer, const struct pt_host_link *link)
{
	json_t *object;

	if (!link->speed || !link->width)
		return json_null();
	object = json_object();
	set(writer, object, "mts", json_integer(link->speed));
	set(writer, object, "lanes", json_integer(link->width));
	return object;
}

static json_t *iommu(struct writer *writer, const struct inventory_device *device)
{
	static const char *const kinds[] = {
		[PT_IOMMU_NONE] = NULL,	      [PT_IOMMU_INTEL] = "intel", [PT_IOMMU_AMD] = "amd",
		[PT_IOMMU_VIRTIO] = "virtio", [PT_IOMMU_OTHER] = "other",
	};
	json_t *object;

	if (!kinds[device->details.iommu])
		return json_null();
	object = json_object();
	set(writer, object, "kind", json_string(kinds[device->details.iommu]));
	set(writer, object, "name", text(device->details.iommu_name));
	return object;
}

static json_t *virtual_functions(struct writer *writer, const struct inventory_device *device)
{
	json_t *array = json_array();
	char name[PT_NAME_SIZE];

	for (int i = 0; i < device->details.vfs; i++) {
		if (pt_host_vf(writer->sys, &device->host, (unsigned)i, name) == 0)
			append(writer, array, text(name));
	}
	return array;
}

static json_t *sriov(struct writer *writer, const struct inventory_device *device)
{
	json_t *object;

	if (device->details.vfs_max <= 0)
		return json_null();
	object = json_object();
	set(writer, object, "max", json_integer(device->details.vfs_max));
	set(writer, object, "functions", virtual_functions(writer, device));
	set(writer, object, "autoprobe", truth(device->details.vfs_autoprobe));
	return object;
}

static void set_capabilities(struct writer *writer, json_t *object,
			     const struct inventory_device *device)
{
	struct pt_host_caps caps;
	json_t *array = json_array();

	pt_host_caps(writer->sys, &device->host, &caps);
	for (unsigned i = 0; i < caps.count; i++) {
		json_t *one = json_object();
		const char *name = cap_name(&caps.caps[i]);

		set(writer, one, "id", hex(caps.caps[i].id, caps.caps[i].extended ? 4 : 2));
		set(writer, one, "extended", json_boolean(caps.caps[i].extended));
		set(writer, one, "name", name ? json_string(name) : json_null());
		append(writer, array, one);
	}
	/* Without privilege only the header can be read. */
	if (caps.size < 256) {
		json_decref(array);
		array = json_null();
	}
	set(writer, object, "capabilities", array);
	set(writer, object, "msi_vectors",
	    caps.size < 256 ? json_null() : json_integer(caps.msi_vectors));
	set(writer, object, "msix_vectors",
	    caps.size < 256 ? json_null() : json_integer(caps.msix_vectors));
}

static void set_verdict(struct writer *writer, json_t *object,
			const struct inventory_device *device)
{
	static const char *const kinds[] = {"yes", "bind", "no"};

	set(writer, object, "assignable", json_string(kinds[device->verdict]));
	set(writer, object, "assignable_text", text(device->verdict_text));
}

static void set_ids(struct writer *writer, json_t *object, const struct inventory_device *device)
{
	const struct pt_host_device *host = &device->host;
	const struct pt_host_details *details = &device->details;

	set(writer, object, "vendor", hex(host->vendor, 4));
	set(writer, object, "device", hex(host->device, 4));
	set(writer, object, "subsystem_vendor", hex(details->subsystem_vendor, 4));
	set(writer, object, "subsystem_device", hex(details->subsystem_device, 4));
	set(writer, object, "class", hex(host->class_code, 6));
	set(writer, object, "revision", hex(details->revision, 2));
	set(writer, object, "class_word", json_string(class_word(host->class_code)));
	set(writer, object, "vendor_name", text(device->vendor));
	set(writer, object, "device_name", text(device->name));
	set(writer, object, "modalias", text(details->modalias));
}

static void set_access(struct writer *writer, json_t *object, const struct inventory_device *device)
{
	const struct pt_host_device *host = &device->host;

	set(writer, object, "driver", text(host->driver));
	set(writer, object, "driver_override", text(device->details.driver_override));
	set(writer, object, "iommu", iommu(writer, device));
	set(writer, object, "iommu_group", number(host->group));
	set(writer, object, "group_members", siblings(writer, host));
	set(writer, object, "cdev", node(writer, host, PT_BACKEND_CDEV));
	set(writer, object, "group_node", node(writer, host, PT_BACKEND_GROUP));
}

static void set_hardware(struct writer *writer, json_t *object,
			 const struct inventory_device *device)
{
	const struct pt_host_details *details = &device->details;

	set(writer, object, "bars", bars(writer, device));
	set(writer, object, "rom_size", json_integer((json_int_t)device->host.rom_size));
	set(writer, object, "reset_methods", resets(writer, details));
	set(writer, object, "resettable", truth(details->resettable));
	set(writer, object, "numa_node", number(details->numa_node));
	set(writer, object, "answers", truth(details->answers));
	set(writer, object, "power_state", text(details->power_state));
	set(writer, object, "runtime_status", text(details->runtime_status));
	set(writer, object, "runtime_control", text(details->runtime_control));
	set(writer, object, "link", link_of(writer, &details->link));
	set(writer, object, "link_max", link_of(writer, &details->link_max));
	set(writer, object, "boot_vga", truth(details->boot_vga));
	set(writer, object, "physical_function", text(device->host.physfn));
	set(writer, object, "sriov", sriov(writer, device));
}

static json_t *function(struct writer *writer, const struct inventory_device *device)
{
	json_t *object = json_object();

	set(writer, object, "address", text(device->host.name));
	set_verdict(writer, object, device);
	set_ids(writer, object, device);
	set_access(writer, object, device);
	set_hardware(writer, object, device);
	if (writer->details)
		set_capabilities(writer, object, device);
	return object;
}

static json_t *mediated(struct writer *writer, const struct inventory_device *device)
{
	json_t *object = json_object();

	set(writer, object, "uuid", text(device->host.name));
	set_verdict(writer, object, device);
	set_access(writer, object, device);
	return object;
}

static json_t *type(struct writer *writer, const struct pt_host_mdev_type *from)
{
	json_t *object = json_object();

	set(writer, object, "parent", text(from->parent));
	set(writer, object, "type", text(from->id));
	set(writer, object, "name", text(from->name));
	set(writer, object, "description", text(from->description));
	set(writer, object, "api", text(from->api));
	set(writer, object, "available", number(from->available));
	set(writer, object, "instances", json_integer(from->instances));
	return object;
}

static void set_mdevs(struct writer *writer, json_t *root, const struct mdevs *mdevs)
{
	json_t *types = json_array(), *devices = json_array();

	for (size_t i = 0; i < mdevs->type_count; i++)
		append(writer, types, type(writer, &mdevs->types[i]));
	for (size_t i = 0; i < mdevs->device_count; i++) {
		json_t *object = mediated(writer, &mdevs->devices[i]);

		set(writer, object, "parent", text(mdevs->parents[i].parent));
		set(writer, object, "type", text(mdevs->parents[i].type));
		append(writer, devices, object);
	}
	set(writer, root, "mdev_types", types);
	set(writer, root, "mdevs", devices);
}

static void set_functions(struct writer *writer, json_t *root, const struct inventory *inventory)
{
	json_t *functions = json_array(), *others = json_array();

	for (size_t i = 0; i < inventory->count; i++) {
		const struct inventory_device *device = &inventory->devices[i];

		append(writer, device->host.mediated ? others : functions,
		       device->host.mediated ? mediated(writer, device) : function(writer, device));
	}
	set(writer, root, "devices", functions);
	/* Some that were asked for by name. */
	if (json_array_size(others) > 0)
		set(writer, root, "mdevs", others);
	else
		json_decref(others);
}

int device_json_print(const struct pt_sys *sys, const struct inventory *inventory,
		      const struct mdevs *mdevs, bool details, FILE *out, struct pt_error *err)
{
	struct writer writer = {.sys = sys, .details = details};
	json_t *root = json_object();
	int ret = 0;

	if (inventory)
		set_functions(&writer, root, inventory);
	if (mdevs)
		set_mdevs(&writer, root, mdevs);
	if (writer.failed || !root)
		ret = pt_error_set(err, -ENOMEM, "out of memory");
	else if (json_dumpf(root, out, JSON_INDENT(2)) < 0 || fputc('\n', out) == EOF)
		ret = pt_error_set(err, -EIO, "not all could be written");
	json_decref(root);
	return ret;
}
