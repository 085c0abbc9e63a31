/* SPDX-License-Identifier: MIT */
/*
 * struct text_table: rows of cells under titles, aligned, and made to fit a terminal.
 */
#ifndef TENON_INVENTORY_TEXT_TABLE_H
#define TENON_INVENTORY_TEXT_TABLE_H

#include <passthrough/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TEXT_CELL_SIZE	 128
#define TEXT_COLUMNS_MAX 12

/**
 * struct text_column - a column
 * @cut: its cells are cut where the terminal is narrow
 * @spare: columns with a number are left out where that is not enough, the highest number first; 0 never
 */
struct text_column {
	const char *title;
	bool cut;
	unsigned spare;
};

struct text_table {
	const struct text_column *columns;
	size_t column_count;
	size_t row_count;
	char (*cells)[TEXT_CELL_SIZE];
};

/** text_table_init() - @columns: kept, TEXT_COLUMNS_MAX at most. Inverse: text_table_done(). Errors: -ENOMEM. */
int text_table_init(struct text_table *table, const struct text_column *columns,
		    size_t column_count, size_t row_count, struct pt_error *err);
void text_table_done(struct text_table *table);

/** text_table_cell() - TEXT_CELL_SIZE bytes for printable UTF-8; empty at first, and printed as "-" then */
char *text_table_cell(const struct text_table *table, size_t row, size_t column);

/** text_table_print() - @width: columns of the terminal, 0 for no limit */
void text_table_print(const struct text_table *table, size_t width, FILE *out);

#endif
