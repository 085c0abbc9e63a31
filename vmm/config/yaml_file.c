/* SPDX-License-Identifier: MIT */
#include "config/yaml_file.h"

#include <errno.h>
#include <libfyaml.h>
#include <string.h>

#include "cleanup.h"
#include "config/utf8.h"
#include "config/yaml_node.h"

/* What libfyaml has against the text, in our words for where. */
static int syntax_error(struct yaml_file *file, struct fy_diag *diag)
{
	void *iterator = NULL;
	struct fy_diag_error *found = fy_diag_errors_iterate(diag, &iterator);
	bool placed = found && found->line > 0 && found->column > 0;

	(void)pt_error_set(&file->err->error, -EINVAL, "not valid YAML: %s",
			   found && found->msg ? found->msg : "it cannot be read");
	config_error_place(file->err, file->path, file->text, file->size,
			   placed ? (unsigned)found->line : 1, placed ? (unsigned)found->column : 1,
			   1);
	(void)pt_error_remedy(&file->err->error, -EINVAL, "%s",
			      memmem(file->text, file->size, "\n\t", 2)
				      ? "indent with spaces; YAML takes no tabs for that"
				      : "look here and just before: a colon, quote or bracket is "
					"missing or too many");
	return -EINVAL;
}

struct walk {
	int (*function)(struct yaml_file *file, struct fy_node *root, void *arg);
	void *arg;
};

static int walk_document(struct yaml_file *file, struct fy_document *document,
			 const struct walk *walk)
{
	struct fy_node *root = fy_document_root(document);

	return root && !fy_node_is_null(root) ? walk->function(file, root, walk->arg) : 0;
}

static int walk_stream(struct yaml_file *file, struct fy_parser *parser, struct fy_diag *diag,
		       const struct walk *walk)
{
	struct fy_document *document;
	int ret;

	if (fy_parser_set_string(parser, file->text, file->size) < 0)
		return pt_error_set(&file->err->error, -ENOMEM, "out of memory");
	document = fy_parse_load_document(parser);
	if (!document)
		return fy_parser_get_stream_error(parser) ? syntax_error(file, diag) : 0;
	ret = walk_document(file, document, walk);
	fy_parse_document_destroy(parser, document);
	if (ret < 0)
		return ret;
	document = fy_parse_load_document(parser);
	if (!document)
		return fy_parser_get_stream_error(parser) ? syntax_error(file, diag) : 0;
	(void)pt_error_set(&file->err->error, -EINVAL,
			   "a second document begins here, and a file describes one guest");
	(void)pt_error_remedy(&file->err->error, -EINVAL, "give each guest a file of its own");
	ret = yaml_blame(file, fy_document_root(document), NULL);
	fy_parse_document_destroy(parser, document);
	return ret;
}

static int walk_text(struct yaml_file *file, const struct walk *walk)
{
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = {
		/* Duplicate keys are let through: yaml_each_key() says it the way it says everything. */
		.flags = FYPCF_QUIET | FYPCF_JSON_NONE | FYPCF_ALLOW_DUPLICATE_KEYS,
	};
	struct fy_parser *parser;
	int ret;

	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	cfg.diag = fy_diag_create(&diag_cfg);
	if (!cfg.diag)
		return pt_error_set(&file->err->error, -ENOMEM, "out of memory");
	fy_diag_set_collect_errors(cfg.diag, true);
	parser = fy_parser_create(&cfg);
	if (parser)
		ret = walk_stream(file, parser, cfg.diag, walk);
	else
		ret = pt_error_set(&file->err->error, -ENOMEM, "out of memory");
	fy_parser_destroy(parser);
	fy_diag_destroy(cfg.diag);
	return ret;
}

/* libfyaml takes a byte that is no text for the end of it, and what stands behind would be lost without a word. */
static int check_text(struct yaml_file *file)
{
	size_t bad = utf8_check(file->text, file->size);

	if (bad == file->size)
		return 0;
	(void)pt_error_set(&file->err->error, -EINVAL, "not text: byte 0x%02x is not UTF-8 here",
			   (unsigned char)file->text[bad]);
	(void)pt_error_remedy(&file->err->error, -EINVAL, YAML_FILE_REMEDY);
	yaml_file_place(file, bad, 1);
	return -EINVAL;
}

void yaml_file_place(struct yaml_file *file, size_t offset, size_t len)
{
	unsigned line = 1, column = 1, width = 0;

	for (size_t i = 0; i < offset; i++) {
		if (file->text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)file->text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	for (size_t i = offset; i < offset + len && i < file->size && file->text[i] != '\n'; i++)
		width += ((unsigned char)file->text[i] & 0xc0) != 0x80;
	config_error_place(file->err, file->path, file->text, file->size, line, column, width);
}

int yaml_file_name(struct yaml_file *file, const char *path)
{
	const char *slash = strrchr(path, '/');

	file->path = strdup(path);
	if (slash)
		file->dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	return file->path && (file->dir || !slash)
		       ? 0
		       : pt_error_set(&file->err->error, -ENOMEM, "out of memory");
}

int yaml_file_set(struct yaml_file *file, const char *path, const char *text, size_t size,
		  struct config_error *err)
{
	int ret;

	*file = (struct yaml_file){.size = size, .err = err};
	file->text = malloc(size + 1);
	if (!file->text)
		return pt_error_set(&err->error, -ENOMEM, "out of memory");
	memcpy(file->text, text, size);
	ret = yaml_file_name(file, path);
	if (ret < 0)
		yaml_file_done(file);
	return ret;
}

void yaml_file_done(struct yaml_file *file)
{
	free(file->text);
	free(file->dir);
	free(file->path);
	*file = (struct yaml_file){0};
}

int yaml_file_walk(struct yaml_file *file,
		   int (*function)(struct yaml_file *file, struct fy_node *root, void *arg),
		   void *arg)
{
	const struct walk walk = {function, arg};
	int ret = check_text(file);

	return ret < 0 ? ret : walk_text(file, &walk);
}
