/* SPDX-License-Identifier: MIT */
#include "config/cpu_setting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/nearest.h"
#include "config/setting_text.h"
#include "config/vm_config.h"

static int not_like(struct pt_error *err, const char *value)
{
	(void)pt_error_set(err, -EINVAL, "\"%s\" is not a processor", value);
	return pt_error_remedy(
		err, -EINVAL,
		"write host, and behind it ,+NAME or ,-NAME for each feature that is "
		"to be there or not");
}

static int unknown_feature(const char *name, struct pt_error *err)
{
	const char *names[2 * CPU_FEATURES];
	const char *nearest;
	size_t count = 0;

	for (size_t i = 0; i < CPU_FEATURES; i++) {
		names[count++] = cpu_features[i].name;
		if (cpu_features[i].alias)
			names[count++] = cpu_features[i].alias;
	}
	nearest = nearest_name(name, names, count);
	if (nearest)
		return pt_error_set(err, -EINVAL, "unknown feature \"%s\"; did you mean \"%s\"?",
				    name, nearest);
	(void)pt_error_set(err, -EINVAL, "unknown feature \"%s\"", name);
	return pt_error_remedy(err, -EINVAL,
			       "name it as /proc/cpuinfo does; some it does not name because every "
			       "64-bit processor has them");
}

int set_cpu(void *object, const char *value, const char *dir, struct pt_error *err)
{
	signed char features[CPU_FEATURES] = {0};
	CLEANUP_FREE char *copy = strdup(value);
	struct vm_config *config = object;
	char *rest = copy;

	(void)dir;
	if (!copy)
		return pt_error_set(err, -ENOMEM, "out of memory");
	if (strcmp(setting_next_piece(&rest), "host") != 0)
		return not_like(err, value);
	while (rest) {
		const char *piece = setting_next_piece(&rest);
		int feature;

		if ((*piece != '+' && *piece != '-') || !piece[1])
			return not_like(err, value);
		feature = cpu_feature_find(piece + 1);
		if (feature < 0)
			return unknown_feature(piece + 1, err);
		features[feature] = *piece == '+' ? 1 : -1;
	}
	memcpy(config->cpu_features, features, sizeof(features));
	return 0;
}
