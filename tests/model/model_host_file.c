/* SPDX-License-Identifier: MIT */
/* The tree of files of a recorded host, from a text file: see model.h. */
#include "model_private.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MAX 16384
#define LINE_SIZE 4096

struct reader {
	struct model *model;
	const char *file_name;
	FILE *file;
	unsigned line_number;
	char line[LINE_SIZE]; /* the next one, without its newline */
	bool more;
	char folder[MODEL_TEXT];
};

static void fail(const struct reader *reader, const char *what)
{
	(void)fprintf(stderr, "%s:%u: %s\n", reader->file_name, reader->line_number, what);
	abort();
}

static void next_line(struct reader *reader)
{
	reader->more = fgets(reader->line, sizeof(reader->line), reader->file) != NULL;
	reader->line_number++;
	if (!reader->more)
		return;
	if (!strchr(reader->line, '\n'))
		fail(reader, "the line is too long, or the last one has no end");
	reader->line[strcspn(reader->line, "\n")] = '\0';
}

/* The lines that begin with a tab, from the next one on, as they are but for the tab. Return: bytes. */
static size_t read_block(struct reader *reader, char block[BLOCK_MAX])
{
	size_t used = 0;

	for (next_line(reader); reader->more && reader->line[0] == '\t'; next_line(reader)) {
		int n = snprintf(block + used, BLOCK_MAX - used, "%s\n", reader->line + 1);

		used += (size_t)n;
		if (used >= BLOCK_MAX)
			fail(reader, "too much text for one file");
	}
	block[used] = '\0';
	return used;
}

/* @text is the size of the file; the block has its first bytes, the others are zero. */
static void read_bytes(struct reader *reader, const char *path, const char *text)
{
	char block[BLOCK_MAX], *at, *end;
	unsigned long size = strtoul(text, &end, 0);
	uint8_t *bytes;
	size_t used = 0;

	if (end == text || *end || size > BLOCK_MAX)
		fail(reader, "that is no size");
	bytes = model_xalloc(size + 1);
	(void)read_block(reader, block);
	for (at = block; used <= size; at = end, used++) {
		unsigned long byte = strtoul(at, &end, 16);

		if (end == at)
			break;
		bytes[used] = (uint8_t)byte;
	}
	if (used > size || at[strspn(at, " \n")])
		fail(reader, "that are no bytes, or more than the file has");
	model_put_bytes(reader->model, path, bytes, size);
	free(bytes);
}

/* @text is what is shown of it by ls -n: "0660 0:104 10:232", and "closed" behind it when the process may not open it. */
static void read_node(const struct reader *reader, const char *path, const char *text)
{
	unsigned major, minor;
	struct pt_stat stat;
	char word[8] = "";

	if (sscanf(text, "%o %u:%u %u:%u %7s", &stat.mode, &stat.uid, &stat.gid, &major, &minor,
		   word) < 5)
		fail(reader, "that is no MODE UID:GID MAJOR:MINOR");
	stat.usable = strcmp(word, "closed") != 0;
	model_put_node(reader->model, path, major, minor);
	model_permit(reader->model, path, &stat);
}

static void read_entry(struct reader *reader)
{
	char path[MODEL_TEXT], text[LINE_SIZE], block[BLOCK_MAX], *name = reader->line, *rest;
	size_t size;

	rest = name + strcspn(name, " ");
	if (*rest)
		*rest++ = '\0';
	size = strlen(name);
	if (snprintf(path, sizeof(path), "%s%s%s", *name == '/' ? "" : reader->folder,
		     *name == '/' ? "" : "/", name) >= (int)sizeof(path))
		fail(reader, "the path is too long");
	memcpy(text, rest, strlen(rest) + 1);
	if (!strcmp(name, "in")) {
		(void)snprintf(reader->folder, sizeof(reader->folder), "%.*s", MODEL_TEXT - 1,
			       text);
		model_put_dir(reader->model, reader->folder);
	} else if (!strncmp(text, "-> ", 3)) {
		model_put_link(reader->model, path, text + 3);
	} else if (!strncmp(text, "% ", 2)) {
		read_bytes(reader, path, text + 2);
		return;
	} else if (!strncmp(text, "@ ", 2)) {
		read_node(reader, path, text + 2);
	} else if (text[0] == '=') {
		(void)snprintf(block, sizeof(block), "%s\n", text + 1 + (text[1] == ' '));
		model_put_file(reader->model, path, block);
	} else if (size > 1 && path[strlen(path) - 1] == ':' && !*text) {
		path[strlen(path) - 1] = '\0';
		size = read_block(reader, block);
		model_put_bytes(reader->model, path, block, size);
		return;
	} else if (path[strlen(path) - 1] == '/' && !*text) {
		model_put_dir(reader->model, path);
	} else {
		fail(reader,
		     "not one of: in FOLDER, PATH = TEXT, PATH:, PATH % SIZE, PATH -> TARGET, PATH/, PATH @ NODE");
	}
	next_line(reader);
}

void model_load_host(struct model *model, const char *file_name)
{
	struct reader reader = {.model = model, .file_name = file_name};

	reader.file = fopen(file_name, "re");
	if (!reader.file)
		fail(&reader, "cannot be opened");
	model_tree_done(model);
	model_tree_init(model);
	next_line(&reader);
	while (reader.more) {
		if (reader.line[0] == '\0' || reader.line[0] == '#')
			next_line(&reader);
		else
			read_entry(&reader);
	}
	(void)fclose(reader.file);
}
