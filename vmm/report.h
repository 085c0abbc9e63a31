/* SPDX-License-Identifier: MIT */
/*
 * How tenon speaks to people on standard error.
 */
#ifndef TENON_REPORT_H
#define TENON_REPORT_H

#include <passthrough/error.h>
#include <stdio.h>

/** report_error() - "tenon: error: MESSAGE", and where a remedy is known "tenon: remedy: TEXT" */
void report_error(const struct pt_error *err, FILE *out);

/** report_warning() - the same with "warning" for what a guest can do without */
void report_warning(const struct pt_error *err, FILE *out);

/** report_note() - "tenon: TEXT": something that happened and that a person may want to know */
void report_note(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
