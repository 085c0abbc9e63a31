/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_xml.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "library.h"

static const struct library_function functions[] = {
	{"xmlReadDoc", offsetof(struct qemu_xml_library, read)},
	{"xmlFreeDoc", offsetof(struct qemu_xml_library, free)},
	{"xmlGetLastError", offsetof(struct qemu_xml_library, last_error)},
	{"xmlUnlinkNode", offsetof(struct qemu_xml_library, unlink)},
	{"xmlFreeNode", offsetof(struct qemu_xml_library, free_node)},
	{"xmlDocDumpMemory", offsetof(struct qemu_xml_library, write)},
	{0},
};

/* Before libxml2 2.14, and since: what is used here is the same in both. */
static int load(struct qemu_xml_library *ret_functions, struct pt_error *err)
{
	int ret = library_load("libxml2.so.2", functions, ret_functions, NULL);

	if (ret < 0)
		ret = library_load("libxml2.so.16", functions, ret_functions, err);
	if (ret == 0)
		return 0;
	return pt_error_remedy(err, pt_error_prefix(err, ret, "what reads a domain's XML"),
			       "install libxml2");
}

static int not_understood(const struct qemu_xml_library *library, struct pt_error *err)
{
	const xmlError *error = library->last_error();

	if (!error || !error->message)
		(void)pt_error_set(err, -EINVAL, "the domain's XML cannot be read");
	else
		(void)pt_error_set(err, -EINVAL, "the domain's XML: line %d: %.*s", error->line,
				   (int)strcspn(error->message, "\n"), error->message);
	return -EINVAL;
}

int qemu_xml_read(const char *text, struct qemu_xml *ret_xml, struct pt_error *err)
{
	CLEANUP(qemu_xml_done) struct qemu_xml xml = {0};
	int ret = load(&xml.library, err);

	if (ret < 0)
		return ret;
	xml.document = xml.library.read((const xmlChar *)text, NULL, NULL,
					XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (!xml.document)
		return not_understood(&xml.library, err);
	if (xml.document->intSubset) {
		(void)pt_error_set(err, -EINVAL, "the domain's XML has a document type");
		return -EINVAL;
	}
	xml.domain = qemu_xml_child((const xmlNode *)xml.document, "domain");
	if (!xml.domain) {
		(void)pt_error_set(err, -EINVAL, "the domain's XML is no <domain>");
		return -EINVAL;
	}
	*ret_xml = xml;
	xml.document = NULL;
	return 0;
}

void qemu_xml_done(struct qemu_xml *xml)
{
	if (xml->document)
		xml->library.free(xml->document);
	*xml = (struct qemu_xml){0};
}

static bool is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !node->ns &&
	       strcmp((const char *)node->name, name) == 0;
}

static const xmlNode *first(const xmlNode *node, const char *name)
{
	while (node && !is(node, name))
		node = node->next;
	return node;
}

const xmlNode *qemu_xml_child(const xmlNode *parent, const char *name)
{
	return parent ? first(parent->children, name) : NULL;
}

const xmlNode *qemu_xml_next(const xmlNode *element)
{
	return first(element->next, (const char *)element->name);
}

const xmlNode *qemu_xml_within(const xmlNode *parent, const char *name)
{
	const xmlNode *found = NULL;

	for (const xmlNode *node = parent->children; node && !found; node = node->next) {
		if (node->type == XML_ELEMENT_NODE)
			found = is(node, name) ? node : qemu_xml_within(node, name);
	}
	return found;
}

/* Elements and attributes have theirs in a node of its own. */
static const char *text_of(const xmlNode *node)
{
	return node && node->type == XML_TEXT_NODE && node->content ? (const char *)node->content
								    : "";
}

const char *qemu_xml_text(const xmlNode *element)
{
	return text_of(element ? element->children : NULL);
}

const char *qemu_xml_attribute(const xmlNode *element, const char *name)
{
	const xmlAttr *attribute = element ? element->properties : NULL;

	while (attribute && strcmp((const char *)attribute->name, name) != 0)
		attribute = attribute->next;
	return text_of(attribute ? attribute->children : NULL);
}

int qemu_xml_without(const char *text, const char *const *names, char **ret_text,
		     struct pt_error *err)
{
	CLEANUP(qemu_xml_done) struct qemu_xml xml = {0};
	const xmlNode *devices;
	xmlChar *rest = NULL;
	int ret = qemu_xml_read(text, &xml, err);

	if (ret < 0)
		return ret;
	devices = qemu_xml_child(xml.domain, "devices");
	for (; *names; names++) {
		xmlNode *device;

		while ((device = (xmlNode *)qemu_xml_child(devices, *names))) {
			xml.library.unlink(device);
			xml.library.free_node(device);
		}
	}
	/* From malloc(3): nobody tells libxml2 of another. */
	xml.library.write(xml.document, &rest, NULL);
	if (!rest)
		return pt_error_set(err, -ENOMEM, "out of memory");
	*ret_text = (char *)rest;
	return 0;
}
