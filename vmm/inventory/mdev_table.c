/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cleanup.h"
#include "inventory/device_table.h"
#include "inventory/printable.h"
#include "inventory/text_table.h"

static const struct text_column type_columns[] = {
	{.title = "PARENT"},
	{.title = "TYPE"},
	{.title = "NAME", .cut = true},
	{.title = "LEFT"},
	{.title = "MADE", .spare = 1},
	{.title = "API", .spare = 2},
};

static const struct text_column device_columns[] = {
	{.title = "UUID"},
	{.title = "PARENT"},
	{.title = "TYPE"},
	{.title = "GROUP", .spare = 1},
	{.title = "NODE", .spare = 2},
	{.title = "ASSIGN"},
};

#define TYPE_COLUMNS   (sizeof(type_columns) / sizeof(type_columns[0]))
#define DEVICE_COLUMNS (sizeof(device_columns) / sizeof(device_columns[0]))

static void set(const struct text_table *table, size_t row, size_t column, const char *text)
{
	printable(text, text_table_cell(table, row, column), TEXT_CELL_SIZE);
}

static void set_number(const struct text_table *table, size_t row, size_t column, int number)
{
	if (number >= 0)
		(void)snprintf(text_table_cell(table, row, column), TEXT_CELL_SIZE, "%d", number);
}

/* Drivers put what people look for into the one, the other or both; some repeat the type. */
static void set_name(const struct text_table *table, size_t row, size_t column,
		     const struct pt_host_mdev_type *type)
{
	const char *name = strcmp(type->name, type->id) ? type->name : "";
	char text[sizeof(type->name) + sizeof(type->description) + 2];

	(void)snprintf(text, sizeof(text), "%s%s%s", name,
		       *name && type->description[0] ? ": " : "", type->description);
	set(table, row, column, text);
}

static int print_types(const struct mdevs *mdevs, size_t width, FILE *out, struct pt_error *err)
{
	CLEANUP(text_table_done) struct text_table table = {0};
	int ret = text_table_init(&table, type_columns, TYPE_COLUMNS, mdevs->type_count, err);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < mdevs->type_count; i++) {
		const struct pt_host_mdev_type *type = &mdevs->types[i];

		set(&table, i, 0, type->parent);
		set(&table, i, 1, type->id);
		set_name(&table, i, 2, type);
		set_number(&table, i, 3, type->available);
		set_number(&table, i, 4, (int)type->instances);
		set(&table, i, 5, type->api);
	}
	text_table_print(&table, width, out);
	return 0;
}

static int print_devices(const struct mdevs *mdevs, size_t width, FILE *out, struct pt_error *err)
{
	CLEANUP(text_table_done) struct text_table table = {0};
	int ret = text_table_init(&table, device_columns, DEVICE_COLUMNS, mdevs->device_count, err);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < mdevs->device_count; i++) {
		const struct inventory_device *device = &mdevs->devices[i];

		set(&table, i, 0, device->host.name);
		set(&table, i, 1, mdevs->parents[i].parent);
		set(&table, i, 2, mdevs->parents[i].type);
		set_number(&table, i, 3, device->host.group);
		set(&table, i, 4, device->host.node);
		set(&table, i, 5, device->verdict_text);
	}
	text_table_print(&table, width, out);
	return 0;
}

int mdev_table_print(const struct mdevs *mdevs, size_t width, FILE *out, struct pt_error *err)
{
	int ret = print_types(mdevs, width, out, err);

	if (ret < 0)
		return ret;
	(void)fputc('\n', out);
	return print_devices(mdevs, width, out, err);
}
