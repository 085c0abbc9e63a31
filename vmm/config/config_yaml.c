/* SPDX-License-Identifier: MIT */
/*
 * libfyaml turns the text into a document, this file walks the document. Places: scalars have one of their own; a list or
 * a mapping where none belongs is blamed on its key, a list's item on the first thing in it.
 */
#include "config/config_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <libfyaml.h>
#include <string.h>

#include "cleanup.h"
#include "config/device_setting.h"
#include "config/nearest.h"
#include "config/utf8.h"
#include "config/vm_setting.h"

#define FILE_SIZE_MAX (UINT64_C(1) << 20)

#define FILE_REMEDY "name a guest's file, in YAML; tenon help run says what is in it"
#define DEVICES_KEY "devices"
#define DEVICE_KIND "passthrough"
#define DEVICE_FORM "write it as \"- passthrough: 0000:02:00.0\""

struct reader {
	const char *path;
	const char *dir; /* NULL: @path has none */
	const char *text;
	size_t size;
	struct vm_config *config;
	struct config_error *err;
};

typedef int (*key_function)(struct reader *reader, const char *key, struct fy_node *key_node,
			    struct fy_node *value, void *arg);

static void place(struct reader *reader, const struct fy_mark *start, const struct fy_mark *end)
{
	unsigned width = 1;

	if (end->line == start->line && end->column > start->column)
		width = (unsigned)(end->column - start->column);
	config_error_place(reader->err, reader->path, reader->text, reader->size,
			   (unsigned)start->line + 1, (unsigned)start->column + 1, width);
}

/* The first scalar of a node, the node itself included; NULL when there is none. */
static struct fy_token *first_token(struct fy_node *node)
{
	void *iterator = NULL;

	while (node && !fy_node_is_scalar(node)) {
		if (fy_node_is_mapping(node)) {
			struct fy_node_pair *pair = fy_node_mapping_iterate(node, &iterator);

			node = pair ? fy_node_pair_key(pair) : NULL;
		} else {
			node = fy_node_sequence_iterate(node, &iterator);
		}
		iterator = NULL;
	}
	return node ? fy_node_get_scalar_token(node) : NULL;
}

/* Give the recorded error its place: @node's, or else @fallback's. Return: the recorded code. */
static int blame(struct reader *reader, struct fy_node *node, struct fy_node *fallback)
{
	struct fy_token *token = first_token(node);
	const struct fy_mark *start, *end;

	if (!token)
		token = first_token(fallback);
	start = token ? fy_token_start_mark(token) : NULL;
	end = token ? fy_token_end_mark(token) : NULL;
	if (start && end)
		place(reader, start, end);
	else
		config_error_place(reader->err, reader->path, reader->text, reader->size, 1, 1, 1);
	return reader->err->error.code;
}

static int scalar_text(struct reader *reader, struct fy_node *node, struct fy_node *fallback,
		       char **ret_text)
{
	struct pt_error *err = &reader->err->error;
	size_t len = 0;
	const char *text = fy_node_get_scalar(node, &len);
	char *copy;

	if (text && memchr(text, '\0', len)) {
		(void)pt_error_set(err, -EINVAL, "a NUL character");
		(void)pt_error_remedy(err, -EINVAL, "leave the \\0 out");
		return blame(reader, node, fallback);
	}
	copy = strndup(text ? text : "", len);
	if (!copy) {
		(void)pt_error_set(err, -ENOMEM, "out of memory");
		return blame(reader, node, fallback);
	}
	*ret_text = copy;
	return 0;
}

static bool is_null(struct fy_node *node, const char *text)
{
	return fy_node_get_style(node) == FYNS_PLAIN &&
	       (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

/* The text of a value that must be a single one. */
static int value_text(struct reader *reader, const char *key, struct fy_node *key_node,
		      struct fy_node *value, char **ret_text)
{
	struct pt_error *err = &reader->err->error;
	CLEANUP_FREE char *text = NULL;
	int ret;

	if (value && fy_node_is_alias(value)) {
		(void)pt_error_set(err, -EINVAL, "%s: aliases (*name) are not supported", key);
		(void)pt_error_remedy(err, -EINVAL, "write the value itself");
		return blame(reader, value, key_node);
	}
	if (value && !fy_node_is_scalar(value)) {
		(void)pt_error_set(err, -EINVAL, "%s: takes a single value, not a %s", key,
				   fy_node_is_mapping(value) ? "mapping" : "list");
		(void)pt_error_remedy(err, -EINVAL, "write it as \"%s: VALUE\"", key);
		return blame(reader, key_node, NULL);
	}
	if (value) {
		ret = scalar_text(reader, value, key_node, &text);
		if (ret < 0)
			return ret;
	}
	if (!value || is_null(value, text)) {
		(void)pt_error_set(err, -EINVAL, "%s: no value given", key);
		(void)pt_error_remedy(err, -EINVAL, "give one, or leave %s out", key);
		return blame(reader, key_node, NULL);
	}
	*ret_text = TAKE_PTR(text);
	return 0;
}

static bool same_key(struct fy_node *a, const char *text)
{
	size_t len = 0;
	const char *a_text;

	if (!a || !fy_node_is_scalar(a))
		return false;
	a_text = fy_node_get_scalar(a, &len);
	return len == strlen(text) && (!len || memcmp(a_text, text, len) == 0);
}

/* Whether the key already stood above @pair in its mapping. */
static bool is_duplicate(struct fy_node *mapping, struct fy_node_pair *pair, const char *key)
{
	struct fy_node_pair *earlier;
	void *iterator = NULL;

	while ((earlier = fy_node_mapping_iterate(mapping, &iterator)) && earlier != pair) {
		if (same_key(fy_node_pair_key(earlier), key))
			return true;
	}
	return false;
}

static int each_key(struct reader *reader, struct fy_node *mapping, key_function function,
		    void *arg)
{
	struct pt_error *err = &reader->err->error;
	struct fy_node_pair *pair;
	void *iterator = NULL;

	while ((pair = fy_node_mapping_iterate(mapping, &iterator))) {
		struct fy_node *node = fy_node_pair_key(pair);
		CLEANUP_FREE char *key = NULL;
		int ret;

		if (!node || !fy_node_is_scalar(node) || fy_node_is_alias(node)) {
			(void)pt_error_set(err, -EINVAL, "a key must be a word");
			(void)pt_error_remedy(err, -EINVAL,
					      "write keys and values, such as \"memory: 2G\"");
			return blame(reader, node, mapping);
		}
		ret = scalar_text(reader, node, mapping, &key);
		if (ret < 0)
			return ret;
		if (is_duplicate(mapping, pair, key)) {
			(void)pt_error_set(err, -EEXIST, "\"%s\" is given twice", key);
			(void)pt_error_remedy(err, -EEXIST, "leave one of the two out");
			return blame(reader, node, mapping);
		}
		ret = function(reader, key, node, fy_node_pair_value(pair), arg);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int device_key(struct reader *reader, const char *key, struct fy_node *key_node,
		      struct fy_node *value, void *arg)
{
	struct vm_config_device *device = arg;
	struct pt_error *err = &reader->err->error;
	const struct device_setting *setting = NULL;
	bool is_kind = strcmp(key, DEVICE_KIND) == 0;
	const char *const kind = DEVICE_KIND;
	CLEANUP_FREE char *text = NULL;
	int ret;

	if (!is_kind && nearest_name(key, &kind, 1)) {
		(void)pt_error_set(err, -EINVAL, "unknown device key \"%s\"; did you mean \"%s\"?",
				   key, kind);
		return blame(reader, key_node, NULL);
	}
	if (!is_kind) {
		setting = device_setting_find(key, err);
		if (!setting)
			return blame(reader, key_node, NULL);
	}
	ret = value_text(reader, key, key_node, value, &text);
	if (ret < 0)
		return ret;
	ret = setting ? setting->set(device, text, reader->dir, err)
		      : device_name_set(device, text, err);
	if (ret < 0) {
		(void)pt_error_prefix(err, ret, "%s", key);
		return blame(reader, value, key_node);
	}
	return 0;
}

static int read_device(struct reader *reader, struct fy_node *item, struct fy_node *list_key)
{
	CLEANUP(vm_config_device_done) struct vm_config_device device = {0};
	struct pt_error *err = &reader->err->error;
	int ret;

	if (!fy_node_is_mapping(item)) {
		(void)pt_error_set(err, -EINVAL, "not a device");
		(void)pt_error_remedy(err, -EINVAL, DEVICE_FORM);
		return blame(reader, item, list_key);
	}
	ret = each_key(reader, item, device_key, &device);
	if (ret < 0)
		return ret;
	if (!device.name) {
		(void)pt_error_set(err, -EINVAL, "does not say which device");
		(void)pt_error_remedy(err, -EINVAL, DEVICE_FORM);
		return blame(reader, item, list_key);
	}
	ret = vm_config_put_device(reader->config, &device, 0, err);
	return ret < 0 ? blame(reader, item, list_key) : 0;
}

static int read_devices(struct reader *reader, struct fy_node *key_node, struct fy_node *value)
{
	struct fy_node *item;
	void *iterator = NULL;

	if (!value || fy_node_is_null(value))
		return 0; /* a list whose items are all commented out */
	if (!fy_node_is_sequence(value)) {
		(void)pt_error_set(&reader->err->error, -EINVAL, "devices: takes a list");
		(void)pt_error_remedy(
			&reader->err->error, -EINVAL,
			"below it, for each device, write \"- passthrough: 0000:02:00.0\"");
		return blame(reader, key_node, NULL);
	}
	while ((item = fy_node_sequence_iterate(value, &iterator))) {
		int ret = read_device(reader, item, key_node);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* "the keys are name, cpus, ... and devices" */
static void list_keys(struct pt_error *err)
{
	char text[PT_ERROR_MESSAGE_SIZE] = "";
	size_t used = 0;

	for (size_t i = 0; i < VM_SETTINGS && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
					 i > 0 ? ", " : "", vm_settings[i].name);
	(void)pt_error_remedy(err, -EINVAL, "the keys are %s and %s", text, DEVICES_KEY);
}

static int unknown_key(struct reader *reader, const char *key, struct fy_node *key_node)
{
	const char *names[VM_SETTINGS + 1];
	const char *nearest;

	for (size_t i = 0; i < VM_SETTINGS; i++)
		names[i] = vm_settings[i].name;
	names[VM_SETTINGS] = DEVICES_KEY;
	nearest = nearest_name(key, names, VM_SETTINGS + 1);
	if (nearest) {
		(void)pt_error_set(&reader->err->error, -EINVAL,
				   "unknown key \"%s\"; did you mean \"%s\"?", key, nearest);
	} else {
		(void)pt_error_set(&reader->err->error, -EINVAL, "unknown key \"%s\"", key);
		list_keys(&reader->err->error);
	}
	return blame(reader, key_node, NULL);
}

static int guest_key(struct reader *reader, const char *key, struct fy_node *key_node,
		     struct fy_node *value, void *arg)
{
	struct pt_error *err = &reader->err->error;

	(void)arg;
	if (strcmp(key, DEVICES_KEY) == 0)
		return read_devices(reader, key_node, value);
	for (size_t i = 0; i < VM_SETTINGS; i++) {
		CLEANUP_FREE char *text = NULL;
		int ret;

		if (strcmp(key, vm_settings[i].name) != 0)
			continue;
		ret = value_text(reader, key, key_node, value, &text);
		if (ret < 0)
			return ret;
		ret = vm_settings[i].set(reader->config, text, reader->dir, err);
		if (ret < 0) {
			(void)pt_error_prefix(err, ret, "%s", key);
			return blame(reader, value, key_node);
		}
		return 0;
	}
	return unknown_key(reader, key, key_node);
}

static int read_document(struct reader *reader, struct fy_document *document)
{
	struct fy_node *root = fy_document_root(document);

	if (!root || fy_node_is_null(root))
		return 0;
	if (!fy_node_is_mapping(root)) {
		(void)pt_error_set(&reader->err->error, -EINVAL, "not a guest");
		(void)pt_error_remedy(&reader->err->error, -EINVAL,
				      "write keys and values, such as \"memory: 2G\"");
		return blame(reader, root, NULL);
	}
	return each_key(reader, root, guest_key, NULL);
}

/* What libfyaml has against the text, in our words for where. */
static int syntax_error(struct reader *reader, struct fy_diag *diag)
{
	void *iterator = NULL;
	struct fy_diag_error *found = fy_diag_errors_iterate(diag, &iterator);
	bool placed = found && found->line > 0 && found->column > 0;

	(void)pt_error_set(&reader->err->error, -EINVAL, "not valid YAML: %s",
			   found && found->msg ? found->msg : "it cannot be read");
	config_error_place(reader->err, reader->path, reader->text, reader->size,
			   placed ? (unsigned)found->line : 1, placed ? (unsigned)found->column : 1,
			   1);
	(void)pt_error_remedy(&reader->err->error, -EINVAL, "%s",
			      memmem(reader->text, reader->size, "\n\t", 2)
				      ? "indent with spaces; YAML takes no tabs for that"
				      : "look here and just before: a colon, quote or bracket is "
					"missing or too many");
	return -EINVAL;
}

static int read_stream(struct reader *reader, struct fy_parser *parser, struct fy_diag *diag)
{
	struct fy_document *document;
	struct fy_node *root;
	int ret;

	if (fy_parser_set_string(parser, reader->text, reader->size) < 0)
		return pt_error_set(&reader->err->error, -ENOMEM, "out of memory");
	document = fy_parse_load_document(parser);
	if (!document)
		return fy_parser_get_stream_error(parser) ? syntax_error(reader, diag) : 0;
	ret = read_document(reader, document);
	fy_parse_document_destroy(parser, document);
	if (ret < 0)
		return ret;
	document = fy_parse_load_document(parser);
	if (!document)
		return fy_parser_get_stream_error(parser) ? syntax_error(reader, diag) : 0;
	root = fy_document_root(document);
	(void)pt_error_set(&reader->err->error, -EINVAL,
			   "a second document begins here, and a file describes one guest");
	(void)pt_error_remedy(&reader->err->error, -EINVAL, "give each guest a file of its own");
	ret = blame(reader, root, NULL);
	fy_parse_document_destroy(parser, document);
	return ret;
}

static int read_text(struct reader *reader)
{
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = {
		/* Duplicate keys are let through: each_key() says it the way it says everything. */
		.flags = FYPCF_QUIET | FYPCF_JSON_NONE | FYPCF_ALLOW_DUPLICATE_KEYS,
	};
	struct fy_parser *parser;
	int ret;

	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	cfg.diag = fy_diag_create(&diag_cfg);
	if (!cfg.diag)
		return pt_error_set(&reader->err->error, -ENOMEM, "out of memory");
	fy_diag_set_collect_errors(cfg.diag, true);
	parser = fy_parser_create(&cfg);
	if (parser)
		ret = read_stream(reader, parser, cfg.diag);
	else
		ret = pt_error_set(&reader->err->error, -ENOMEM, "out of memory");
	fy_parser_destroy(parser);
	fy_diag_destroy(cfg.diag);
	return ret;
}

/* libfyaml takes a byte that is no text for the end of it, and what stands behind would be lost without a word. */
static int check_text(struct reader *reader)
{
	size_t bad = utf8_check(reader->text, reader->size);
	unsigned line = 1, column = 1;

	if (bad == reader->size)
		return 0;
	for (size_t i = 0; i < bad; i++) {
		if (reader->text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)reader->text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	(void)pt_error_set(&reader->err->error, -EINVAL, "not text: byte 0x%02x is not UTF-8 here",
			   (unsigned char)reader->text[bad]);
	(void)pt_error_remedy(&reader->err->error, -EINVAL, FILE_REMEDY);
	config_error_place(reader->err, reader->path, reader->text, reader->size, line, column, 1);
	return -EINVAL;
}

int config_yaml_parse(const char *path, const char *text, size_t size, struct vm_config *config,
		      struct config_error *err)
{
	const char *slash = strrchr(path, '/');
	CLEANUP_FREE char *dir = NULL;
	struct reader reader = {
		.path = path,
		.text = text,
		.size = size,
		.config = config,
		.err = err,
	};
	int ret;

	if (slash) {
		dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
		if (!dir)
			return pt_error_set(&err->error, -ENOMEM, "out of memory");
		reader.dir = dir;
	}
	ret = check_text(&reader);
	return ret < 0 ? ret : read_text(&reader);
}

static int unreadable(struct config_error *err, const char *path, int code)
{
	(void)pt_error_set(&err->error, code, "%s: %s", path, strerror(-code));
	(void)pt_error_remedy(&err->error, code, FILE_REMEDY);
	return code;
}

static int read_all(int fd, char *text, size_t size, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, text + len, size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_len = len;
	return 0;
}

int config_yaml_read(const char *path, struct vm_config *config, struct config_error *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP_FREE char *text = NULL;
	size_t size = 0;
	int ret;

	if (fd < 0)
		return unreadable(err, path, -errno);
	/* Not by its size: it may be a pipe. One more byte than allowed tells what is too large. */
	text = malloc(FILE_SIZE_MAX + 1);
	if (!text)
		return pt_error_set(&err->error, -ENOMEM, "out of memory");
	ret = read_all(fd, text, FILE_SIZE_MAX + 1, &size);
	if (ret < 0)
		return unreadable(err, path, ret);
	if (size > FILE_SIZE_MAX)
		return pt_error_remedy(
			&err->error,
			pt_error_set(&err->error, -EFBIG, "%s: larger than 1 MiB", path),
			FILE_REMEDY);
	return config_yaml_parse(path, text, size, config, err);
}
