/* SPDX-License-Identifier: MIT */
/*
 * Findings, for people and for programs.
 */
#ifndef TENON_CHECK_CHECK_PRINT_H
#define TENON_CHECK_CHECK_PRINT_H

#include <stdio.h>

#include "check/finding.h"

/** check_print() - all of them by subject, with evidence, reason and remedy, and a last line with the verdict */
void check_print(const struct findings *findings, FILE *out);

/**
 * check_print_json() - the same as one JSON object; its form is in docs/tenon-check.1
 *
 * Errors: -ENOMEM; -EIO it could not be written.
 */
int check_print_json(const struct findings *findings, FILE *out, struct pt_error *err);

/** check_print_launch() - for `tenon run`: what blocks as error and remedy, else what warns in a line each */
void check_print_launch(const struct findings *findings, FILE *out);

/** check_verdict() - "ready", "ready with warnings" or "not ready" */
const char *check_verdict(const struct findings *findings);

#endif
