/* SPDX-License-Identifier: MIT */
/*
 * The options of QEMU's command line that are known here, as one table: what each of them, and each of its keys, becomes; or why it
 * is rightly without effect; or what to change in the domain's XML where it cannot be honoured.
 *
 * What the control socket says of itself (which devices there are, and what keys they take) is made from it as well.
 */
#ifndef TENON_QEMU_QEMU_OPTIONS_H
#define TENON_QEMU_QEMU_OPTIONS_H

#include "qemu/qemu_guest.h"

/** struct qemu_place - where a device is to be; texts are the value's; NULL when not said */
struct qemu_place {
	const char *bus;
	const char *addr;
};

/**
 * struct qemu_item - an option of the command line that is being read
 * @value: its value, as pairs; @key: the one that is being read
 * @kind, @object: of an option that makes a device of a guest; NULL for others
 */
struct qemu_item {
	const struct qemu_row *row;
	struct qemu_value value;
	const char *key;
	const struct device_kind *kind;
	void *object;
	struct qemu_place place;
};

/** qemu_set_fn - @text: the value of the row's key, of the option itself where the row has no key; NULL for none */
typedef int qemu_set_fn(struct qemu_guest *guest, struct qemu_item *item, const char *text,
			struct pt_error *err);

/** enum qemu_style - how an option's value is written */
enum qemu_style {
	QEMU_PAIRS, /* see qemu_value.h */
	QEMU_WORD,  /* as it is */
	QEMU_FLAG,  /* there is none */
};

/**
 * struct qemu_row - an option (@type and @key are NULL), a type of it (@key is NULL), or a key
 * @option: without its "-"
 * @type: where the option's first key says of what type the rest is: the type; NULL for an option without types
 * @key: "*" for any
 * @style, @first: of an option: how it is written, and which key a first value without one is of
 * @device: of a type: what it makes, settings of which @becomes names
 * @becomes: the setting (config/setting.h) that takes the value as it is
 * @set: what else makes something of it; of an option or type it is called when its keys were read
 * @only: the values that are without effect, between '|'; NULL: all. "": none
 * @why: why it is rightly without effect; of what is refused, why it is
 * @instead: what to change in the domain's XML; a row with this and neither @becomes nor @set nor @only is a refusal
 */
struct qemu_row {
	const char *option;
	const char *type;
	const char *key;
	enum qemu_style style;
	const char *first;
	const struct device_kind *device;
	const char *becomes;
	qemu_set_fn *set;
	const char *only;
	const char *why;
	const char *instead;
};

extern const struct qemu_row qemu_rows[]; /* ends with one without an option */

/** qemu_row_find() - NULL when there is none */
const struct qemu_row *qemu_row_find(const char *option, const char *type, const char *key);

/** qemu_row_allows() - whether a value is one that is without effect. Errors: -EOPNOTSUPP, with what to change. */
int qemu_row_allows(const struct qemu_row *row, const char *value, struct pt_error *err);

/** qemu_row_refused() - whether a row only says why not */
bool qemu_row_refused(const struct qemu_row *row);

#endif
