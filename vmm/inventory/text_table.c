/* SPDX-License-Identifier: MIT */
#include "inventory/text_table.h"

#include <errno.h>
#include <stdlib.h>

#include "inventory/printable.h"

#define GAP	  2
#define CUT_WIDTH 16 /* to which a column is cut at most */

struct layout {
	size_t width[TEXT_COLUMNS_MAX]; /* 0: left out */
};

int text_table_init(struct text_table *table, const struct text_column *columns,
		    size_t column_count, size_t row_count, struct pt_error *err)
{
	*table = (struct text_table){
		.columns = columns,
		.column_count = column_count,
		.row_count = row_count,
		.cells = calloc(row_count * column_count + 1, TEXT_CELL_SIZE),
	};
	return table->cells ? 0 : pt_error_set(err, -ENOMEM, "out of memory");
}

void text_table_done(struct text_table *table)
{
	free(table->cells);
	*table = (struct text_table){0};
}

char *text_table_cell(const struct text_table *table, size_t row, size_t column)
{
	return table->cells[row * table->column_count + column];
}

static const char *shown(const struct text_table *table, size_t row, size_t column)
{
	const char *text = text_table_cell(table, row, column);

	return *text ? text : "-";
}

static void measure(const struct text_table *table, struct layout *layout)
{
	for (size_t c = 0; c < table->column_count; c++) {
		size_t *width = &layout->width[c];

		*width = printable_width(table->columns[c].title);
		for (size_t r = 0; r < table->row_count; r++) {
			size_t cell = printable_width(shown(table, r, c));

			*width = cell > *width ? cell : *width;
		}
	}
}

static size_t total(const struct text_table *table, const struct layout *layout)
{
	size_t sum = 0;

	for (size_t c = 0; c < table->column_count; c++)
		sum += layout->width[c] ? layout->width[c] + (sum ? GAP : 0) : 0;
	return sum;
}

/* Cuts what can be cut, by as much as is too much. Return: whether it fits then. */
static bool cut(const struct text_table *table, size_t width, struct layout *layout)
{
	for (size_t c = 0; c < table->column_count; c++) {
		size_t sum = total(table, layout), *own = &layout->width[c];

		if (sum <= width)
			return true;
		if (!table->columns[c].cut || *own <= CUT_WIDTH)
			continue;
		*own = sum - width < *own - CUT_WIDTH ? *own - (sum - width) : CUT_WIDTH;
	}
	return total(table, layout) <= width;
}

/* Leaves out the column that is spared first. Return: whether there was one. */
static bool leave_out(const struct text_table *table, struct layout *layout)
{
	size_t found = table->column_count;

	for (size_t c = 0; c < table->column_count; c++) {
		if (table->columns[c].spare == 0 || layout->width[c] == 0)
			continue;
		if (found == table->column_count ||
		    table->columns[c].spare > table->columns[found].spare)
			found = c;
	}
	if (found == table->column_count)
		return false;
	layout->width[found] = 0;
	return true;
}

/* Columns are left out before the one that can be cut becomes hard to read. */
static struct layout make_layout(const struct text_table *table, size_t width)
{
	struct layout full = {{0}}, layout;

	measure(table, &full);
	layout = full;
	while (width && !cut(table, width, &layout)) {
		if (!leave_out(table, &full))
			break;
		layout = full;
	}
	return layout;
}

static bool is_last(const struct text_table *table, const struct layout *layout, size_t column)
{
	for (size_t c = column + 1; c < table->column_count; c++) {
		if (layout->width[c])
			return false;
	}
	return true;
}

static void print_cell(const char *text, size_t width, bool last, FILE *out)
{
	size_t size = printable_cut(text, width);
	bool whole = text[size] == '\0';
	size_t used = whole ? printable_width(text) : width;

	if (!whole)
		size = printable_cut(text, width - 1);
	(void)fprintf(out, "%.*s%s", (int)size, text, whole ? "" : "~");
	if (!last)
		(void)fprintf(out, "%*s", (int)(width - used + GAP), "");
}

void text_table_print(const struct text_table *table, size_t width, FILE *out)
{
	struct layout layout = make_layout(table, width);

	for (size_t r = 0; r <= table->row_count; r++) {
		for (size_t c = 0; c < table->column_count; c++) {
			const char *text = r ? shown(table, r - 1, c) : table->columns[c].title;

			if (layout.width[c])
				print_cell(text, layout.width[c], is_last(table, &layout, c), out);
		}
		(void)fputc('\n', out);
	}
}
