/* SPDX-License-Identifier: MIT */
#include "config/setting_text.h"

#include <errno.h>
#include <passthrough/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int setting_text(char **field, const char *value, size_t size_max, struct pt_error *err)
{
	char *copy;

	if (!*value)
		return pt_error_remedy(err, pt_error_set(err, -EINVAL, "no value given"),
				       "give one, or leave it out");
	if (strlen(value) >= size_max)
		return pt_error_remedy(err,
				       pt_error_set(err, -ENAMETOOLONG,
						    "longer than %zu characters", size_max - 1),
				       "shorten it");
	copy = strdup(value);
	if (!copy)
		return pt_error_set(err, -ENOMEM, "out of memory");
	free(*field);
	*field = copy;
	return 0;
}

char *setting_next_piece(char **rest)
{
	char *piece = *rest, *to = *rest, *from = *rest;

	while (*from && (*from != ',' || from[1] == ',')) {
		from += *from == ',';
		*to++ = *from++;
	}
	*rest = *from ? from + 1 : NULL;
	*to = '\0';
	return piece;
}

int setting_path(char **field, const char *value, const char *dir, struct pt_error *err)
{
	char path[PT_PATH_SIZE];
	int len;

	if (!dir || *value == '/' || !*value)
		return setting_text(field, value, PT_PATH_SIZE, err);
	len = snprintf(path, sizeof(path), "%s/%s", dir, value);
	if (len < 0 || (size_t)len >= sizeof(path))
		return pt_error_remedy(err,
				       pt_error_set(err, -ENAMETOOLONG,
						    "a path longer than %d characters",
						    PT_PATH_SIZE - 1),
				       "shorten it");
	return setting_text(field, path, PT_PATH_SIZE, err);
}
