/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with a config, and where.
 */
#ifndef TENON_CONFIG_CONFIG_ERROR_H
#define TENON_CONFIG_CONFIG_ERROR_H

#include <passthrough/error.h>
#include <passthrough/host.h>
#include <stddef.h>
#include <stdio.h>

#define CONFIG_LINE_SIZE 256

/**
 * struct config_error - an error in a config file or on the command line
 * @error: what is wrong
 * @file: the file, as the user named it; empty when it was not in a file
 * @line, @column: from 1, in characters; 0 when no place in @file is to blame
 * @width: how many characters are wrong; at least 1
 * @text: the line, cut to fit
 * @included: who includes @file, as FILE:LINE; empty for a file that nobody includes
 */
struct config_error {
	struct pt_error error;
	char file[PT_PATH_SIZE];
	unsigned line;
	unsigned column;
	unsigned width;
	char text[CONFIG_LINE_SIZE];
	char included[CONFIG_LINE_SIZE];
};

/** config_error_place() - say where in @text, the whole of @file, the error is; the arguments are the fields' */
void config_error_place(struct config_error *err, const char *file, const char *text, size_t size,
			unsigned line, unsigned column, unsigned width);

/**
 * config_error_print() - for people
 *
 * With a place: "FILE:LINE:COLUMN: error: MESSAGE", the line, and a caret under what is wrong; then who includes the file. Without: as report_error().
 */
void config_error_print(const struct config_error *err, FILE *out);

#endif
