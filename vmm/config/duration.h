/* SPDX-License-Identifier: MIT */
/*
 * Durations as people write them: "30s", "2m".
 */
#ifndef TENON_CONFIG_DURATION_H
#define TENON_CONFIG_DURATION_H

#define DURATION_MAX 3600 /* seconds */
#define DURATION_PATTERN \
	"^0*(([1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|3600)s|([1-9]|[1-5][0-9]|60)m)$"
#define DURATION_FORMS_TEXT "write a number and a unit, from 1s to 60m"

/**
 * duration_parse() - read a duration
 * @text: a whole number and a unit: s or m. A number without a unit is refused: people disagree on what it means.
 * @ret_seconds: 1 to DURATION_MAX
 *
 * Errors: -EINVAL not a duration; -ERANGE none, or longer than DURATION_MAX.
 */
int duration_parse(const char *text, unsigned *ret_seconds);

#endif
