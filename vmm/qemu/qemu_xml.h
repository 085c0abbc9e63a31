/* SPDX-License-Identifier: MIT */
/*
 * What is looked for in a domain's XML as libvirt itself writes it: attributes in single quotes, one blank before each, and no text
 * that has a '<'. It is no reader of other XML.
 */
#ifndef TENON_QEMU_QEMU_XML_H
#define TENON_QEMU_QEMU_XML_H

#include <stdbool.h>
#include <stddef.h>

#define QEMU_XML_VALUE_SIZE 1024

/** struct qemu_element - @start: its '<'; @end: what follows it */
struct qemu_element {
	const char *start;
	const char *end;
};

/** qemu_xml_find() - the next element of this name that begins at @at or later, before @end */
bool qemu_xml_find(const char *at, const char *end, const char *name, struct qemu_element *ret);

/** qemu_xml_within() - the first of this name within another */
bool qemu_xml_within(const struct qemu_element *parent, const char *name, struct qemu_element *ret);

/** qemu_xml_attribute() - of the element's own tag. Return: false when it has none, or one that is too long. */
bool qemu_xml_attribute(const struct qemu_element *element, const char *name,
			char ret_value[QEMU_XML_VALUE_SIZE]);

/** qemu_xml_is() - whether it has an attribute with this value */
bool qemu_xml_is(const struct qemu_element *element, const char *name, const char *value);

/** qemu_xml_without() - a copy without the elements of these names, which end with a NULL; the caller frees it. NULL: out of memory. */
char *qemu_xml_without(const char *xml, const char *const *names);

#endif
