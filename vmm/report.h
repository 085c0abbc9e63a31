/* SPDX-License-Identifier: MIT */
/*
 * How tenon speaks to people on standard error.
 */
#ifndef TENON_REPORT_H
#define TENON_REPORT_H

#include <passthrough/error.h>
#include <stdio.h>

/**
 * report_line() - @before, @text and a newline
 *
 * What is quoted in @text may come from anybody's file: what would move the cursor or speak to the terminal is not printed.
 */
void report_line(FILE *out, const char *before, const char *text);

/** report_error() - "tenon: error: MESSAGE", and where a remedy is known "tenon: remedy: TEXT" */
void report_error(const struct pt_error *err, FILE *out);

/** report_warning() - the same with "warning" for what a guest can do without */
void report_warning(const struct pt_error *err, FILE *out);

/** report_note() - "tenon: TEXT": something that happened and that a person may want to know */
void report_note(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
