/* SPDX-License-Identifier: MIT */
#include "inventory/device_table.h"

#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "inventory/class_word.h"
#include "inventory/printable.h"
#include "inventory/text_table.h"

enum { ADDRESS, CLASS, NAME, DRIVER, GROUP, NODE, BARS, RESET, NUMA, ASSIGN, COLUMNS };

static const struct text_column columns[COLUMNS] = {
	[ADDRESS] = {.title = "ADDRESS"},	  [CLASS] = {.title = "CLASS"},
	[NAME] = {.title = "NAME", .cut = true},  [DRIVER] = {.title = "DRIVER"},
	[GROUP] = {.title = "GROUP", .spare = 1}, [NODE] = {.title = "NODE", .spare = 4},
	[BARS] = {.title = "BARS", .spare = 2},	  [RESET] = {.title = "RESET", .spare = 3},
	[NUMA] = {.title = "NUMA", .spare = 5},	  [ASSIGN] = {.title = "ASSIGN"},
};

/* Sizes of BARs are powers of two: "256", "16K", "32G". */
static void add_size(uint64_t size, char *text, size_t room)
{
	static const char units[] = "\0KMGTPE";
	size_t used = strlen(text);
	unsigned unit = 0;

	for (; size >= 1024 && unit < sizeof(units) - 2; unit++)
		size /= 1024;
	(void)snprintf(text + used, room - used, "%s%" PRIu64 "%.1s", used ? "+" : "", size,
		       units + unit);
}

static void bars_text(const struct pt_host_device *host, char *text)
{
	for (unsigned i = 0; i < PT_BARS; i++) {
		if (host->bars[i].size > 0 && !host->bars[i].io)
			add_size(host->bars[i].size, text, TEXT_CELL_SIZE);
	}
}

static void reset_text(const struct pt_host_details *details, char *text)
{
	if (details->resets[0])
		printable(details->resets, text, TEXT_CELL_SIZE);
	else if (details->resettable != PT_UNKNOWN)
		(void)snprintf(text, TEXT_CELL_SIZE, "%s", details->resettable ? "yes" : "none");
}

static void name_text(const struct inventory_device *device, char *text)
{
	if (device->vendor[0] || device->name[0])
		pci_names_short(device->vendor, device->name, text);
	if (!device->name[0] && !device->host.mediated) {
		size_t used = strlen(text);

		(void)snprintf(text + used, TEXT_CELL_SIZE - used, "%s[%04x:%04x]", used ? " " : "",
			       device->host.vendor, device->host.device);
	}
}

static void fill_row(const struct text_table *table, size_t row,
		     const struct inventory_device *device)
{
	const struct pt_host_device *host = &device->host;

	(void)snprintf(text_table_cell(table, row, ADDRESS), TEXT_CELL_SIZE, "%s", host->name);
	(void)snprintf(text_table_cell(table, row, CLASS), TEXT_CELL_SIZE, "%s",
		       host->mediated ? "mediated" : class_word(host->class_code));
	name_text(device, text_table_cell(table, row, NAME));
	printable(host->driver, text_table_cell(table, row, DRIVER), TEXT_CELL_SIZE);
	if (host->group >= 0)
		(void)snprintf(text_table_cell(table, row, GROUP), TEXT_CELL_SIZE, "%d",
			       host->group);
	printable(host->node, text_table_cell(table, row, NODE), TEXT_CELL_SIZE);
	bars_text(host, text_table_cell(table, row, BARS));
	reset_text(&device->details, text_table_cell(table, row, RESET));
	if (device->details.numa_node != PT_UNKNOWN)
		(void)snprintf(text_table_cell(table, row, NUMA), TEXT_CELL_SIZE, "%d",
			       device->details.numa_node);
	(void)snprintf(text_table_cell(table, row, ASSIGN), TEXT_CELL_SIZE, "%s",
		       device->verdict_text);
}

int device_table_print(const struct inventory *inventory, size_t width, FILE *out,
		       struct pt_error *err)
{
	CLEANUP(text_table_done) struct text_table table = {0};
	int ret = text_table_init(&table, columns, COLUMNS, inventory->count, err);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < inventory->count; i++)
		fill_row(&table, i, &inventory->devices[i]);
	text_table_print(&table, width, out);
	return 0;
}
