/* SPDX-License-Identifier: MIT */
/* The log of calls, the fault, the violations. */
#include "model_private.h"

#include <stdio.h>
#include <string.h>

void model_log_add(struct model *model, const char *text)
{
	model->log = model_grow(model->log, model->log_count, &model->log_max, MODEL_TEXT);
	snprintf(model->log[model->log_count++], MODEL_TEXT, "%s", text);
}

void model_log_result(struct model *model, int64_t result)
{
	char *line = model->log[model->current];
	size_t used = strlen(line);

	if (model->detail[0])
		used += (size_t)snprintf(line + used, MODEL_TEXT - used, " %s", model->detail);
	if (used < MODEL_TEXT)
		snprintf(line + used, MODEL_TEXT - used, " = %lld", (long long)result);
}

void model_detail(struct model *model, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(model->detail, sizeof(model->detail), fmt, args);
	va_end(args);
}

unsigned model_mark(const struct model *model)
{
	return model->log_count;
}

int model_find_call(const struct model *model, unsigned mark, const char *part)
{
	for (unsigned i = mark; i < model->log_count; i++)
		if (strstr(model->log[i], part))
			return (int)i;
	return -1;
}

unsigned model_calls(const struct model *model, unsigned mark, const char *part)
{
	unsigned found = 0;

	for (unsigned i = mark; i < model->log_count; i++)
		found += strstr(model->log[i], part) != NULL;
	return found;
}

const char *model_call_text(const struct model *model, unsigned index)
{
	return index < model->log_count ? model->log[index] : "";
}

bool model_ordered(const struct model *model, unsigned mark, const char *before, const char *after)
{
	int first = model_find_call(model, mark, before);
	int second = model_find_call(model, mark, after);

	return first >= 0 && second >= 0 && first < second;
}

void model_print_calls(const struct model *model, unsigned mark)
{
	for (unsigned i = mark; i < model->log_count; i++)
		fprintf(stderr, "%5u %s\n", i, model->log[i]);
}

void model_log(struct model *model, const char *fmt, ...)
{
	char text[MODEL_TEXT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	model_log_add(model, text);
}

void model_violate(struct model *model, const char *fmt, ...)
{
	char text[MODEL_TEXT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	model_log_add(model, text);
	if (!model->violation[0])
		snprintf(model->violation, sizeof(model->violation), "%s", text);
}

/* The fault. */

static int fault_tick(struct model *model, const char *what)
{
	struct model_fault *fault = &model->fault;

	fault->calls++;
	if (fault->countdown == 0 || (fault->only && !strstr(what, fault->only)) ||
	    --fault->countdown > 0)
		return 0;
	fault->fired = true;
	fault->countdown = fault->stays;
	snprintf(fault->where, sizeof(fault->where), "%s", what);
	for (unsigned i = 0; i < model->device_count; i++) {
		model->devices[i]->gone |= fault->kills == MODEL_GONE;
		model->devices[i]->dead |= fault->kills == MODEL_DEAD;
	}
	return fault->kills == MODEL_LIVES ? fault->error : 0;
}

int model_enter(struct model *model, const char *fmt, ...)
{
	char text[MODEL_TEXT];
	va_list args;
	int ret;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	model_log_add(model, text);
	model->current = model->log_count - 1;
	model->detail[0] = '\0';
	ret = fault_tick(model, text);
	if (ret) {
		model_detail(model, "(fault)");
		model_log_result(model, ret);
	}
	return ret;
}
