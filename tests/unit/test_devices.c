/* SPDX-License-Identifier: MIT */
/* What `tenon devices` prints of recorded hosts. */
#include "check.h"

#include <jansson.h>

#include "golden.h"
#include "inventory/class_word.h"
#include "inventory/device_json.h"
#include "inventory/device_table.h"
#include "inventory/printable.h"
#include "inventory/text_table.h"

#define HOSTS TEST_DATA_DIR "/hosts/"
#define MDPY  "/sys/devices/virtual/mdpy/mdpy/mdev_supported_types/"

struct list {
	struct model *model;
	const struct pt_sys *sys;
	struct pci_names *names;
	struct device_filter filter;
	struct inventory inventory;
	struct mdevs mdevs;
	struct pt_error err;
};

/* @words: separated by blanks. */
static void list_read(struct list *list, const char *host, const char *words)
{
	static char text[256];
	char *args[16], *next, *word;
	size_t count = 0;

	*list = (struct list){.model = model_new(), .err = PT_ERROR_INIT};
	list->sys = model_sys(list->model);
	list->names = pci_names_open(TEST_DATA_DIR "/pci.ids");
	model_load_host(list->model, host);
	snprintf(text, sizeof(text), "%s", words);
	for (word = strtok_r(text, " ", &next); word; word = strtok_r(NULL, " ", &next))
		args[count++] = word;
	check_ok(device_filter_parse(list->sys, args, count, &list->filter, &list->err), list->err);
	check_ok(
		inventory_read(list->sys, &list->filter, list->names, &list->inventory, &list->err),
		list->err);
	check_ok(mdevs_read(list->sys, &list->mdevs, &list->err), list->err);
}

static void list_done(struct list *list)
{
	mdevs_done(&list->mdevs);
	inventory_done(&list->inventory);
	device_filter_done(&list->filter);
	pci_names_close(list->names);
	check_clean(list->model);
	model_free(list->model);
}

static void print_all(struct list *list, bool json, FILE *out)
{
	if (json) {
		check_ok(device_json_print(list->sys, &list->inventory, &list->mdevs, true, out,
					   &list->err),
			 list->err);
		return;
	}
	check_ok(device_table_print(&list->inventory, 0, out, &list->err), list->err);
	(void)fputc('\n', out);
	/* What is to be done about the others is somebody else's text. */
	for (size_t i = 0; i < list->inventory.count; i++)
		if (list->inventory.devices[i].verdict == VERDICT_YES)
			device_details_print(list->sys, list->names, &list->inventory.devices[i],
					     out);
	(void)fputc('\n', out);
	check_ok(mdev_table_print(&list->mdevs, 0, out, &list->err), list->err);
}

static void compare(const char *host, const char *words, const char *suffix, bool json)
{
	char path[256], golden[128], *text = NULL;
	struct list list;
	size_t size;
	FILE *out;

	snprintf(path, sizeof(path), HOSTS "%s", host);
	snprintf(golden, sizeof(golden), "devices/%s.%s", host, suffix);
	list_read(&list, path, words);
	out = open_memstream(&text, &size);
	print_all(&list, json, out);
	(void)fclose(out);
	golden_compare(golden, text);
	free(text);
	list_done(&list);
}

Test(devices, an_emulated_host)
{
	compare("emulated", "", "txt", false);
}

Test(devices, an_emulated_host_for_programs)
{
	compare("emulated", "nvme 02:00.0", "json", true);
}

/* What the six kinds of hosts look like that the preflight is tested on. */
Test(devices, recorded_hosts)
{
	static const char *const hosts[] = {"dead-device", "desktop",	   "gpu-server",
					    "no-iommu",	   "no-remapping", "sriov-server"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		compare(hosts[i], "", "txt", false);
		compare(hosts[i], "", "json", true);
	}
}

static char *man_page(void)
{
	char *text = calloc(1, 262144);
	FILE *file = fopen(TEST_DATA_DIR "/../../docs/tenon.1", "re");

	cr_assert(file && text);
	cr_assert_lt(fread(text, 1, 262143, file), 262143);
	(void)fclose(file);
	return text;
}

static void check_documented(const json_t *value, const char *page)
{
	const char *key;
	json_t *member;
	size_t index;

	json_object_foreach((json_t *)value, key, member)
	{
		cr_assert(strstr(page, key), "docs/tenon.1 does not know \"%s\"", key);
		check_documented(member, page);
	}
	json_array_foreach(value, index, member) check_documented(member, page);
}

Test(devices, every_key_is_in_the_man_page)
{
	size_t size;
	char *text = golden_read("devices/emulated.json", &size), *page = man_page();
	json_t *root = json_loads(text, 0, NULL);

	cr_assert(root);
	check_documented(root, page);
	json_decref(root);
	free(text);
	free(page);
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t size = strcspn(text, "\n");

		longest = size > longest ? size : longest;
		text += size + (text[size] == '\n');
	}
	return longest;
}

/* Whatever the terminal's width, a line fits, as long as what is never left out does. */
Test(devices, a_narrow_terminal)
{
	struct list list;

	list_read(&list, HOSTS "emulated", "");
	for (size_t width = 76; width < 200; width++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		check_ok(device_table_print(&list.inventory, width, out, &list.err), list.err);
		(void)fclose(out);
		cr_assert_leq(longest_line(text), width, "%zu:\n%s", width, text);
		cr_assert(strstr(text, "ADDRESS") && strstr(text, "ASSIGN"), "%s", text);
		free(text);
	}
	list_done(&list);
}

Test(devices, bridges_are_left_out_unless_asked_for)
{
	struct list list;

	list_read(&list, HOSTS "emulated", "");
	cr_assert_eq(list.inventory.bridges_left_out, 5);
	cr_assert_eq(list.inventory.count, 10);
	list_done(&list);
	list_read(&list, HOSTS "emulated", "bridge");
	cr_assert_eq(list.inventory.bridges_left_out, 0);
	cr_assert_eq(list.inventory.count, 5);
	cr_assert_str_eq(list.inventory.devices[0].verdict_text, "no: a bridge");
	list_done(&list);
}

Test(devices, what_was_asked_for)
{
	struct list list;

	list_read(&list, HOSTS "emulated", "net");
	cr_assert_eq(list.inventory.count, 4);
	list_done(&list);
	list_read(&list, HOSTS "emulated", "storage 03:00.0");
	cr_assert_eq(list.inventory.count, 3);
	list_done(&list);
	list_read(&list, HOSTS "emulated", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");
	cr_assert_eq(list.inventory.count, 1);
	cr_assert_str_eq(list.inventory.devices[0].verdict_text, "yes");
	list_done(&list);
}

#define MANY	 300
#define MANY_DIR "/sys/devices/pci0000:00/0000:%02x:%02x.%x/"

static void put_function(struct model *model, unsigned number)
{
	const uint8_t config[256] = {0x86, 0x80, 0xc9, 0x10, [0x0b] = 0x02};
	const unsigned bus = number / 256, slot = number / 8 % 32, function = number % 8;
	static const struct {
		const char *name, *text;
	} files[] = {
		{"vendor", "0x8086\n"},
		{"device", "0x10c9\n"},
		{"class", "0x020000\n"},
		{"resource",
		 "0xfe000000 0xfe01ffff 0x40200\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n"},
	};
	char path[256], target[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), MANY_DIR "%s", bus, slot, function, files[i].name);
		model_put_file(model, path, files[i].text);
	}
	snprintf(path, sizeof(path), MANY_DIR "config", bus, slot, function);
	model_put_bytes(model, path, config, sizeof(config));
	snprintf(path, sizeof(path), MANY_DIR "iommu_group", bus, slot, function);
	snprintf(target, sizeof(target), "../../../kernel/iommu_groups/%u", number);
	model_put_link(model, path, target);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/0000:%02x:%02x.%x", bus, slot, function);
	snprintf(target, sizeof(target), "../../../devices/pci0000:00/0000:%02x:%02x.%x", bus, slot,
		 function);
	model_put_link(model, path, target);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices/0000:%02x:%02x.%x",
		 number, bus, slot, function);
	snprintf(target, sizeof(target), "../../../../devices/pci0000:00/0000:%02x:%02x.%x", bus,
		 slot, function);
	model_put_link(model, path, target);
}

/* Return: calls of the kernel. All are there, in order. */
static unsigned read_functions(unsigned count)
{
	struct device_filter filter = {0};
	struct inventory inventory;
	struct pt_error err = PT_ERROR_INIT;
	struct model *model = model_new();
	unsigned calls;

	model_put_dir(model, "/sys/class/iommu/dmar0");
	for (unsigned i = 0; i < count; i++)
		put_function(model, (i * 7) % count);
	check_ok(inventory_read(model_sys(model), &filter, NULL, &inventory, &err), err);
	calls = (unsigned)model_calls(model, 0, "");
	cr_assert_eq(inventory.count, count, "%zu: %s", inventory.count, inventory.reason.message);
	cr_assert_eq(inventory.unreadable, 0);
	for (unsigned i = 1; i < count; i++)
		cr_assert_lt(
			strcmp(inventory.devices[i - 1].host.name, inventory.devices[i].host.name),
			0);
	inventory_done(&inventory);
	check_clean(model);
	model_free(model);
	return calls;
}

/* What a function costs does not depend on how many others there are. */
Test(devices, hundreds_of_functions)
{
	unsigned few = read_functions(MANY / 10), many = read_functions(MANY);

	cr_assert_gt(few, MANY / 10);
	cr_assert_leq(many, 10 * few, "%u calls for %u functions, %u for %u", many, MANY, few,
		      MANY / 10);
}

static void refused(const char *word, int code, const char *message, const char *remedy)
{
	struct model *model = model_new();
	struct pt_error err = PT_ERROR_INIT;
	struct device_filter filter;
	char *args[] = {(char *)word};

	model_load_host(model, HOSTS "emulated");
	check_error(device_filter_parse(model_sys(model), args, 1, &filter, &err), code, err,
		    message);
	check_remedy(err, remedy);
	model_free(model);
}

Test(devices, what_is_neither_a_device_nor_a_class)
{
	refused("nett", -EINVAL, "\"nett\" is neither a device nor a class; did you mean \"net\"?",
		"");
	refused("flux-capacitor", -EINVAL, "flux-capacitor", "nvme, ");
	refused("7f:00.0", -ENODEV, "0000:7f:00.0", "lspci");
	refused("7f:00", -EINVAL, "7f:00", "0000:02:00.0");
	refused("", -EINVAL, "\"\"", "");
}

/* What sysfs says makes no sense: of this one only, and it is told. */
Test(devices, a_function_that_cannot_be_read_is_told)
{
	const char *file = "/sys/devices/pci0000:00/0000:00:10.0/0000:01:00.0/resource";
	struct device_filter filter = {0};
	struct inventory inventory;
	struct pt_error err = PT_ERROR_INIT;
	struct model *model = model_new();

	model_load_host(model, HOSTS "emulated");
	model_put_file(model, file, "what\n");
	check_ok(inventory_read(model_sys(model), &filter, NULL, &inventory, &err), err);
	cr_assert_eq(inventory.unreadable, 1);
	cr_assert(strstr(inventory.reason.message, "resource"), "%s", inventory.reason.message);
	cr_assert_eq(inventory.count, 9);
	inventory_done(&inventory);
	model_free(model);
}

Test(devices, all_of_one_device)
{
	static const char *const parts[] = {
		"0000:02:00.0  Intel Corporation 82576 Gigabit Network Connection [8086:10c9]\n",
		"  assign        bind first\n",
		"- 0000:02:00.0: is bound to igb, not to vfio-pci\n",
		"  SR-IOV        2 of 7 virtual functions:\n                0000:02:10.0\n",
		"MSI-X with 10\n",
		"AER, ARI, SR-IOV",
		"this user may not open it\n                held by qemu (pid 77)\n",
	};
	struct list list;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	list_read(&list, HOSTS "emulated", "02:00.0 01:00.0");
	model_process(list.model, 77, "qemu", "/dev/vfio/devices/vfio0");
	model_permit(list.model, "/dev/vfio/devices/vfio0",
		     &(struct pt_stat){.mode = 0600, .uid = 64055});
	for (size_t i = 0; i < list.inventory.count; i++)
		device_details_print(list.sys, list.names, &list.inventory.devices[i], out);
	(void)fclose(out);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		cr_assert(strstr(text, parts[i]), "no \"%s\" in\n%s", parts[i], text);
	free(text);
	list_done(&list);
}

static void holder_is(const char *cmdline, size_t size, const char *expected)
{
	struct list list;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	list_read(&list, HOSTS "emulated", "01:00.0");
	model_process(list.model, 77, "qemu", "/dev/vfio/devices/vfio0");
	model_put_bytes(list.model, "/proc/77/cmdline", cmdline, size);
	device_details_print(list.sys, list.names, &list.inventory.devices[0], out);
	(void)fclose(out);
	cr_assert(strstr(text, expected), "no \"%s\" in\n%s", expected, text);
	free(text);
	list_done(&list);
}

#define HOLDER_IS(cmdline, expected) holder_is(cmdline, sizeof(cmdline), expected)

Test(devices, who_has_a_device)
{
	HOLDER_IS("qemu\0-name\0guest=web,,one,debug-threads=on\0-S\0-monitor\0"
		  "unix:/var/lib/libvirt/qemu/domain-1/monitor.sock",
		  "held by qemu (pid 77), libvirt's domain web,one\n");
	HOLDER_IS("qemu\0-name\0mine", "held by qemu (pid 77), guest mine\n");
	HOLDER_IS("tenon\0run\0--name\0box\0", "guest box\n");
	HOLDER_IS("qemu\0-name", "held by qemu (pid 77)\n");
	HOLDER_IS("", "held by qemu (pid 77)\n");
	HOLDER_IS("qemu\0-name\0a\033[31m", "guest a?[31m\n");
}

/* Drivers' names and descriptions of types: both are shown where they say something. */
Test(devices, names_of_mediated_types)
{
	struct list list;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	list_read(&list, HOSTS "emulated", "");
	mdevs_done(&list.mdevs);
	model_put_file(list.model, MDPY "mdpy-vga/name", "GRID A100-4C\n");
	model_put_file(list.model, MDPY "mdpy-hd/description", "");
	check_ok(mdevs_read(list.sys, &list.mdevs, &list.err), list.err);
	check_ok(mdev_table_print(&list.mdevs, 0, out, &list.err), list.err);
	(void)fclose(out);
	cr_assert(strstr(text, "GRID A100-4C: virtual display, 640x480"), "%s", text);
	cr_assert(strstr(text, "mdpy-hd        -  "), "%s", text);
	free(text);
	list_done(&list);
}

static void verdict_after(const char *path, const char *text, const char *bdf, const char *verdict)
{
	struct device_filter filter = {0};
	struct inventory inventory;
	struct pt_error err = PT_ERROR_INIT;
	struct model *model = model_new();
	char *args[] = {(char *)bdf};

	model_load_host(model, HOSTS "emulated");
	if (path && text)
		model_put_link(model, path, text);
	else if (path)
		model_remove(model, path);
	check_ok(device_filter_parse(model_sys(model), args, 1, &filter, &err), err);
	check_ok(inventory_read(model_sys(model), &filter, NULL, &inventory, &err), err);
	cr_assert_str_eq(inventory.devices[0].verdict_text, verdict);
	inventory_done(&inventory);
	device_filter_done(&filter);
	model_free(model);
}

#define SHARED "/sys/devices/pci0000:00/0000:00:12.0/"

Test(devices, verdicts)
{
	verdict_after(NULL, NULL, "01:00.0", "yes");
	verdict_after(NULL, NULL, "00:10.0", "no: a bridge");
	verdict_after("/sys/devices/pci0000:00/0000:00:10.0/0000:01:00.0/iommu_group", NULL,
		      "01:00.0", "no: no IOMMU");
	verdict_after("/sys/devices/pci0000:00/0000:00:10.0/0000:01:00.0/driver", NULL, "01:00.0",
		      "bind first");
	verdict_after(SHARED "0000:03:00.1/driver", "../../../../bus/pci/drivers/8139cp", "03:00.0",
		      "bind with 0000:03:00.1");
}

/* Asked once for all devices; a mediated device sends no interrupts of its own. */
Test(devices, a_host_that_does_not_remap_interrupts)
{
	struct device_filter filter = {0};
	struct inventory inventory;
	struct pt_error err = PT_ERROR_INIT;
	struct mdevs mdevs;
	struct model *model = model_new();

	model_load_host(model, HOSTS "emulated");
	model_put_file(model, "/sys/kernel/irq/24/chip_name", "PCI-MSI\n");
	check_ok(inventory_read(model_sys(model), &filter, NULL, &inventory, &err), err);
	for (size_t i = 0; i < inventory.count; i++)
		cr_assert_str_eq(inventory.devices[i].verdict_text, "no: interrupts not remapped");
	cr_assert_eq(model_calls(model, 0, "list /sys/kernel/irq"), 1);
	check_ok(mdevs_read(model_sys(model), &mdevs, &err), err);
	cr_assert_str_eq(mdevs.devices[0].verdict_text, "yes");
	mdevs_done(&mdevs);
	inventory_done(&inventory);
	model_put_file(model, "/sys/module/iommufd/parameters/allow_unsafe_interrupts", "Y\n");
	check_ok(inventory_read(model_sys(model), &filter, NULL, &inventory, &err), err);
	cr_assert_str_eq(inventory.devices[4].verdict_text, "yes");
	inventory_done(&inventory);
	model_free(model);
}

Test(devices, every_call_that_fails_leaves_nothing)
{
	unsigned n = 0;
	bool fired;

	do {
		struct device_filter filter = {0};
		struct inventory inventory = {0};
		struct pt_error err = PT_ERROR_INIT;
		struct model *model = model_new();

		model_load_host(model, HOSTS "emulated");
		*model_fault(model) = (struct model_fault){.countdown = ++n, .error = -EIO};
		if (inventory_read(model_sys(model), &filter, NULL, &inventory, &err) == 0)
			inventory_done(&inventory);
		else
			cr_assert(err.message[0]);
		fired = model_fault(model)->fired;
		check_clean(model);
		model_free(model);
		n += fired ? 6 : 0; /* every seventh will do */
	} while (fired);
	cr_assert_gt(n, 100);
}

Test(devices, class_words)
{
	cr_assert_str_eq(class_word(0x010802), "nvme");
	cr_assert_str_eq(class_word(0x030200), "display");
	cr_assert_str_eq(class_word(0xff0000), "other");
	cr_assert(class_word_fits("storage", 0x010802));
	cr_assert(class_word_fits("gpu", 0x030000));
	cr_assert(class_word_fits("other", 0xff0000));
	cr_assert_not(class_word_fits("net", 0x0d8000));
	/* An NVSwitch is a bridge of no kind, and goes to guests. */
	cr_assert_not(class_is_plumbing(0x068000));
	cr_assert(class_is_plumbing(0x060400));
}

Test(devices, text_that_is_none)
{
	char text[32];

	printable("a\x1b[31mb\xff\xc3\xa9\xc2\x9b", text, sizeof(text));
	cr_assert_str_eq(text, "a?[31mb?\xc3\xa9??");
	printable("ab\xc3\xa9", text, 4);
	cr_assert_str_eq(text, "ab", "a character is not cut in two");
	cr_assert_eq(printable_width("a\xc3\xa9z"), 3);
	cr_assert_eq(printable_cut("a\xc3\xa9z", 2), 3);
}

Test(devices, names)
{
	struct pci_names *names = pci_names_open(TEST_DATA_DIR "/pci.ids");
	char vendor[PCI_NAME_SIZE], name[PCI_NAME_SIZE], text[PCI_NAME_SIZE];

	pci_names_vendor(names, 0x1002, vendor);
	pci_names_device(names, 0x1002, 0x73bf, name);
	pci_names_short(vendor, name, text);
	cr_assert_str_eq(text, "AMD/ATI Navi 21 [Radeon RX 6800/6800 XT / 6900 XT]");
	pci_names_vendor(names, 0x10ec, vendor);
	pci_names_short(vendor, "", text);
	cr_assert_str_eq(text, "Realtek");
	pci_names_device(names, 0x1002, 0x0001, name);
	cr_assert_str_eq(name, "");
	pci_names_class(names, 0x010802, name);
	cr_assert_str_eq(name, "Non-Volatile memory controller");
	pci_names_vendor(NULL, 0x1002, vendor);
	cr_assert_str_eq(vendor, "");
	pci_names_close(names);
}
