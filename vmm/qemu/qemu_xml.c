/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_xml.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE 64

bool qemu_xml_find(const char *at, const char *end, const char *name, struct qemu_element *ret)
{
	char open[NAME_SIZE], close[NAME_SIZE];
	const char *tag_end, *last;
	size_t len;

	(void)snprintf(open, sizeof(open), "<%s", name);
	(void)snprintf(close, sizeof(close), "</%s>", name);
	len = strlen(open);
	for (;; at += len) {
		at = strstr(at, open);
		if (!at || at >= end)
			return false;
		if (at[len] && strchr(" >/\n", at[len]))
			break;
	}
	tag_end = strchr(at, '>');
	if (!tag_end)
		return false;
	last = tag_end + 1;
	if (tag_end[-1] != '/') {
		last = strstr(tag_end, close);
		last = last ? last + strlen(close) : end;
	}
	*ret = (struct qemu_element){at, last < end ? last : end};
	return true;
}

bool qemu_xml_within(const struct qemu_element *parent, const char *name, struct qemu_element *ret)
{
	return qemu_xml_find(parent->start + 1, parent->end, name, ret);
}

/* What a value's "&...;" stands for. Return: how many characters it has, 0 for none that is known. */
static size_t decode(const char *text, char *ret_c)
{
	static const struct {
		const char *name;
		char c;
	} entities[] = {
		{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&apos;", '\''}, {"&quot;", '"'}};

	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		size_t len = strlen(entities[i].name);

		if (strncmp(text, entities[i].name, len) != 0)
			continue;
		*ret_c = entities[i].c;
		return len;
	}
	return 0;
}

bool qemu_xml_attribute(const struct qemu_element *element, const char *name,
			char ret_value[QEMU_XML_VALUE_SIZE])
{
	const char *tag_end = strchr(element->start, '>');
	char key[NAME_SIZE];
	const char *at;
	size_t size = 0;

	(void)snprintf(key, sizeof(key), " %s='", name);
	at = strstr(element->start, key);
	if (!at || !tag_end || at > tag_end)
		return false;
	for (at += strlen(key); *at && *at != '\''; size++) {
		size_t len = *at == '&' ? decode(at, &ret_value[size]) : 0;

		if (size == QEMU_XML_VALUE_SIZE - 1)
			return false;
		if (!len)
			ret_value[size] = *at;
		at += len ? len : 1;
	}
	ret_value[size] = '\0';
	return *at == '\'';
}

bool qemu_xml_is(const struct qemu_element *element, const char *name, const char *value)
{
	char text[QEMU_XML_VALUE_SIZE];

	return qemu_xml_attribute(element, name, text) && strcmp(text, value) == 0;
}

static bool find_any(const char *at, const char *end, const char *const *names,
		     struct qemu_element *ret)
{
	struct qemu_element first = {end, end}, element;

	for (; *names; names++) {
		if (qemu_xml_find(at, end, *names, &element) && element.start < first.start)
			first = element;
	}
	*ret = first;
	return first.start < end;
}

char *qemu_xml_without(const char *xml, const char *const *names)
{
	const char *at = xml, *end = xml + strlen(xml);
	char *copy = strdup(xml), *to = copy;
	struct qemu_element element;

	if (!copy)
		return NULL;
	for (; find_any(at, end, names, &element); at = element.end) {
		memcpy(to, at, (size_t)(element.start - at));
		to += element.start - at;
	}
	memcpy(to, at, (size_t)(end - at) + 1);
	return copy;
}
