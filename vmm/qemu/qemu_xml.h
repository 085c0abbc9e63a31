/* SPDX-License-Identifier: MIT */
/*
 * A domain's XML, by libxml2, which is loaded when it is used. libvirt needs it too, so where there are domains it is there, and then
 * in the process already.
 */
#ifndef TENON_QEMU_QEMU_XML_H
#define TENON_QEMU_QEMU_XML_H

#include <libxml/parser.h>
#include <passthrough/error.h>

/** struct qemu_xml_library - what is used of it */
struct qemu_xml_library {
	__typeof__(xmlReadDoc) *read;
	__typeof__(xmlFreeDoc) *free;
	__typeof__(xmlGetLastError) *last_error;
	__typeof__(xmlUnlinkNode) *unlink;
	__typeof__(xmlFreeNode) *free_node;
	__typeof__(xmlDocDumpMemory) *write;
};

struct qemu_xml {
	struct qemu_xml_library library;
	xmlDoc *document;
	const xmlNode *domain;
};

/**
 * qemu_xml_read() - nothing else is read for it, and no document type is taken: libvirt writes none
 *
 * Errors: -ENOENT there is no libxml2; -EINVAL. Inverse: qemu_xml_done().
 */
int qemu_xml_read(const char *text, struct qemu_xml *ret_xml, struct pt_error *err);

/** qemu_xml_done() - accepts one that was only zeroed */
void qemu_xml_done(struct qemu_xml *xml);

/*
 * Elements are those without a name space, as libvirt's own are. One that is not there is NULL, and NULL has no children and no
 * attributes: qemu_xml_attribute(qemu_xml_child(device, "rom"), "bar").
 */

/** qemu_xml_child() - the first child of this name */
const xmlNode *qemu_xml_child(const xmlNode *parent, const char *name);

/** qemu_xml_next() - the next one of the same name */
const xmlNode *qemu_xml_next(const xmlNode *element);

/** qemu_xml_within() - one of this name in another, at any depth */
const xmlNode *qemu_xml_within(const xmlNode *parent, const char *name);

/** qemu_xml_text() - that of an element, or "" */
const char *qemu_xml_text(const xmlNode *element);

/** qemu_xml_attribute() - its value, or "" */
const char *qemu_xml_attribute(const xmlNode *element, const char *name);

/**
 * qemu_xml_without() - the same domain without those of its devices that have one of these names
 * @names: end with a NULL
 * @ret_text: from malloc(3)
 *
 * Errors: of qemu_xml_read(); -ENOMEM.
 */
int qemu_xml_without(const char *text, const char *const *names, char **ret_text,
		     struct pt_error *err);

#endif
