/* SPDX-License-Identifier: MIT */
#include "config/pin_setting.h"

#include <errno.h>
#include <string.h>

#include "config/setting_text.h"
#include "config/vm_config.h"

static int not_a_list(int code, const char *value, size_t len, struct pt_error *err)
{
	if (code == -ERANGE)
		(void)pt_error_set(err, code, "%.*s: CPUs of %u and more are out of range",
				   (int)len, value, CPU_LIST_MAX);
	else
		(void)pt_error_set(err, code, "\"%.*s\" is not a list of CPUs", (int)len, value);
	return pt_error_remedy(err, code, "write it as 0-3,8");
}

int setting_cpu_list(const char *value, struct cpu_list *ret_list, struct pt_error *err)
{
	int ret = cpu_list_parse(value, strlen(value), ret_list);

	return ret < 0 ? not_a_list(ret, value, strlen(value), err) : 0;
}

/* One word, "CPUS" or "VCPUS:CPUS". */
static int check_word(const char *word, size_t len, struct pt_error *err)
{
	const char *colon = memchr(word, ':', len);
	size_t before = colon ? (size_t)(colon - word) : len;
	struct cpu_list list;
	int ret = cpu_list_parse(word, before, &list);

	if (ret < 0)
		return not_a_list(ret, word, before, err);
	if (!colon)
		return 0;
	ret = cpu_list_parse(colon + 1, len - before - 1, &list);
	return ret < 0 ? not_a_list(ret, colon + 1, len - before - 1, err) : 0;
}

int set_pin(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config *config = object;

	(void)dir;
	for (const char *word = value;;) {
		size_t len = strcspn(word, " ");
		int ret = check_word(word, len, err);

		if (ret < 0)
			return ret;
		if (!word[len])
			break;
		word += len + 1;
	}
	return setting_text(&config->pin, value, VM_PIN_SIZE, err);
}

int set_emulator_pin(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config *config = object;

	(void)dir;
	return setting_cpu_list(value, &config->emulator_cpus, err);
}
