/* SPDX-License-Identifier: MIT */
/*
 * The tree of files: /sys, /dev, /proc. Directories, regular files that are read, links, character devices.
 * Paths are walked as the kernel walks them, links included.
 */
#include "model_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_DIR, KIND_FILE, KIND_LINK, KIND_NODE };

struct model_node {
	enum kind kind;
	char *name;
	struct model_node *parent;
	struct model_node *children; /* newest first: nobody may rely on an order */
	struct model_node *next;
	char *data; /* of a file; a link's target */
	size_t size;
	unsigned major, minor;
	int error;
	model_store store; /* of a file that can be written */
	void *store_arg;
	struct pt_stat stat;
};

static struct model_node *node_new(struct model_node *parent, const char *name, size_t size)
{
	struct model_node *node = model_xalloc(sizeof(*node));

	node->name = model_xalloc(size + 1);
	memcpy(node->name, name, size);
	node->parent = parent;
	if (parent) {
		node->next = parent->children;
		parent->children = node;
	}
	return node;
}

static void node_clear(struct model_node *node)
{
	while (node->children) {
		struct model_node *child = node->children;

		node->children = child->next;
		node_clear(child);
		free(child->name);
		free(child);
	}
	free(node->data);
	node->data = NULL;
	node->size = 0;
}

static struct model_node *child_of(struct model_node *node, const char *name, size_t size)
{
	struct model_node *child = node->children;

	while (child && (strncmp(child->name, name, size) || child->name[size]))
		child = child->next;
	return child;
}

/* Walks a path from @node; links in between are followed, one at the end only if @follow. */
static int walk(struct model *model, struct model_node *node, const char *path, bool follow,
		unsigned depth, struct model_node **ret_node)
{
	if (depth > 40)
		return -ELOOP;
	if (*path == '/')
		node = model->root;
	for (;;) {
		struct model_node *child;
		size_t size;
		int ret;

		path += strspn(path, "/");
		size = strcspn(path, "/");
		if (size == 0)
			break;
		if (node->kind != KIND_DIR)
			return -ENOTDIR;
		if (size == 2 && !strncmp(path, "..", 2))
			child = node->parent ? node->parent : node;
		else if (size == 1 && *path == '.')
			child = node;
		else
			child = child_of(node, path, size);
		if (!child)
			return -ENOENT;
		path += size;
		if (child->kind == KIND_LINK && (follow || path[strspn(path, "/")])) {
			if (child->error)
				return child->error;
			ret = walk(model, child->parent, child->data, true, depth + 1, &child);
			if (ret)
				return ret;
		}
		node = child;
	}
	*ret_node = node;
	return 0;
}

/* The node at a path without links, made if it is not there; the directories above it too. */
static struct model_node *make(struct model *model, const char *path, enum kind kind)
{
	struct model_node *node = model->root;

	for (;;) {
		struct model_node *child;
		size_t size;

		path += strspn(path, "/");
		size = strcspn(path, "/");
		if (size == 0)
			break;
		child = child_of(node, path, size);
		node = child ? child : node_new(node, path, size);
		path += size;
	}
	if (node->kind != kind || kind != KIND_DIR)
		node_clear(node);
	node->kind = kind;
	node->stat = (struct pt_stat){.mode = kind == KIND_NODE ? 0600 : 0644, .usable = 1};
	return node;
}

void model_put_dir(struct model *model, const char *path)
{
	make(model, path, KIND_DIR);
}

void model_put_bytes(struct model *model, const char *path, const void *data, size_t size)
{
	struct model_node *node = make(model, path, KIND_FILE);

	node->data = model_xalloc(size + 1);
	memcpy(node->data, data, size);
	node->size = size;
}

void model_put_file(struct model *model, const char *path, const char *text)
{
	model_put_bytes(model, path, text, strlen(text));
}

void model_put_store(struct model *model, const char *path, const char *text, model_store store,
		     void *arg)
{
	struct model_node *node = make(model, path, KIND_FILE);

	node->size = strlen(text);
	node->data = model_xalloc(node->size + 1);
	memcpy(node->data, text, node->size);
	node->store = store;
	node->store_arg = arg;
}

void model_put_link(struct model *model, const char *path, const char *target)
{
	struct model_node *node = make(model, path, KIND_LINK);

	node->size = strlen(target);
	node->data = model_xalloc(node->size + 1);
	memcpy(node->data, target, node->size);
}

void model_put_node(struct model *model, const char *path, unsigned major, unsigned minor)
{
	struct model_node *node = make(model, path, KIND_NODE);

	node->major = major;
	node->minor = minor;
}

void model_remove(struct model *model, const char *path)
{
	struct model_node *node, **link;

	if (walk(model, model->root, path, false, 0, &node) || !node->parent) {
		model_violate(model, "test removes %s, which is not there", path);
		return;
	}
	for (link = &node->parent->children; *link != node; link = &(*link)->next)
		;
	*link = node->next;
	node_clear(node);
	free(node->name);
	free(node);
}

void model_refuse(struct model *model, const char *path, int error)
{
	struct model_node *node;

	if (walk(model, model->root, path, false, 0, &node))
		model_violate(model, "test refuses %s, which is not there", path);
	else
		node->error = error;
}

void model_permit(struct model *model, const char *path, const struct pt_stat *stat)
{
	struct model_node *node;

	if (walk(model, model->root, path, false, 0, &node))
		model_violate(model, "test permits %s, which is not there", path);
	else
		node->stat = *stat;
}

void model_process(struct model *model, unsigned pid, const char *comm, const char *target)
{
	char path[MODEL_TEXT], text[MODEL_TEXT];

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	snprintf(text, sizeof(text), "%s\n", comm);
	model_put_file(model, path, text);
	snprintf(path, sizeof(path), "/proc/%u/fd/0", pid);
	model_put_link(model, path, "/dev/null");
	snprintf(path, sizeof(path), "/proc/%u/fd/7", pid);
	model_put_link(model, path, target);
}

int model_tree_init(struct model *model)
{
	model->root = node_new(NULL, "", 0);
	return 0;
}

void model_tree_done(struct model *model)
{
	node_clear(model->root);
	free(model->root->name);
	free(model->root);
}

/* An open regular file. Its contents are copied, as sysfs does at the first read. */
struct text_file {
	struct model_file file;
	char *data;
	size_t size;
	size_t position;
	model_store store;
	void *store_arg;
};

static int64_t text_pread(struct model_file *file, void *buf, size_t size, uint64_t offset)
{
	struct text_file *text = container_of(file, struct text_file, file);

	if (offset >= text->size)
		return 0;
	if (size > text->size - offset)
		size = text->size - (size_t)offset;
	memcpy(buf, text->data + offset, size);
	return (int64_t)size;
}

static int64_t text_read(struct model_file *file, void *buf, size_t size)
{
	struct text_file *text = container_of(file, struct text_file, file);
	int64_t got = text_pread(file, buf, size, text->position);

	text->position += (size_t)got;
	return got;
}

/* A write to a file of sysfs is one value. */
static int64_t text_write(struct model_file *file, const void *buf, size_t size)
{
	struct text_file *text = container_of(file, struct text_file, file);
	char value[MODEL_TEXT];
	int ret;

	if (!text->store)
		return -EBADF;
	if (size >= sizeof(value))
		return -EINVAL;
	memcpy(value, buf, size);
	value[size] = '\0';
	value[strcspn(value, "\n")] = '\0';
	ret = text->store(file->model, text->store_arg, value);
	return ret ? ret : (int64_t)size;
}

static void text_release(struct model_file *file)
{
	struct text_file *text = container_of(file, struct text_file, file);

	free(text->data);
	free(text);
}

static const struct model_file_ops text_ops = {
	.name = "file",
	.pread = text_pread,
	.read = text_read,
	.write = text_write,
	.release = text_release,
};

static int open_text(struct model *model, const struct model_node *node, int flags,
		     struct model_file **ret_file)
{
	struct text_file *text;

	if ((flags & O_ACCMODE) != O_RDONLY && !node->store)
		return -EACCES;
	text = model_xalloc(sizeof(*text));
	model_file_init(model, &text->file, &text_ops, node->name);
	text->data = model_xalloc(node->size + 1);
	if (node->size)
		memcpy(text->data, node->data, node->size);
	text->size = node->size;
	if ((flags & O_ACCMODE) != O_RDONLY) {
		text->store = node->store;
		text->store_arg = node->store_arg;
	}
	*ret_file = &text->file;
	return 0;
}

static int open_node(struct model *model, const struct model_node *node,
		     struct model_file **ret_file)
{
	int ret = 0;

	if (node->major == MODEL_MAJOR_VFIO)
		ret = model_vfio_open(model, node->minor, ret_file);
	else if (node->major == MODEL_MAJOR_GROUP)
		ret = model_group_open(model, node->minor, ret_file);
	else if (node->major == MODEL_MAJOR_MISC && node->minor == MODEL_MINOR_VFIO)
		*ret_file = model_container_new(model);
	else if (node->major == MODEL_MAJOR_MISC && node->minor == MODEL_MINOR_IOMMU)
		*ret_file = model_iommufd_new(model);
	else if (node->major == MODEL_MAJOR_MISC && node->minor == MODEL_MINOR_KVM)
		*ret_file = model_kvm_new(model);
	else
		return -ENXIO;
	if (ret)
		return ret;
	(*ret_file)->character = true;
	(*ret_file)->major = node->major;
	(*ret_file)->minor = node->minor;
	return 0;
}

int model_tree_open(struct model *model, const char *path, int flags, struct model_file **ret_file)
{
	struct model_node *node;
	int ret = walk(model, model->root, path, true, 0, &node);

	if (ret)
		return ret;
	if (node->error)
		return node->error;
	if (node->kind == KIND_FILE)
		return open_text(model, node, flags, ret_file);
	if (node->kind == KIND_NODE)
		return open_node(model, node, ret_file);
	return -EISDIR;
}

bool model_tree_begins(struct model *model, const char *path, char first)
{
	struct model_node *node;

	return walk(model, model->root, path, true, 0, &node) == 0 && node->kind == KIND_FILE &&
	       node->size > 0 && node->data[0] == first;
}

int model_tree_readlink(struct model *model, const char *path, char *buf, size_t size)
{
	struct model_node *node;
	int ret = walk(model, model->root, path, false, 0, &node);

	if (ret)
		return ret;
	if (node->error)
		return node->error;
	if (node->kind != KIND_LINK)
		return -EINVAL;
	if (node->size >= size)
		return -ENAMETOOLONG;
	memcpy(buf, node->data, node->size + 1);
	return (int)node->size;
}

int model_tree_realpath(struct model *model, const char *path, char *buf, size_t size)
{
	char text[PT_PATH_SIZE];
	size_t at = sizeof(text) - 1;
	struct model_node *node;
	int ret = walk(model, model->root, path, true, 0, &node);

	if (ret)
		return ret;
	text[at] = '\0';
	for (; node->parent; node = node->parent) {
		size_t part = strlen(node->name);

		if (part + 1 > at)
			return -ENAMETOOLONG;
		at -= part;
		memcpy(text + at, node->name, part);
		text[--at] = '/';
	}
	if (sizeof(text) - at > size)
		return -ENAMETOOLONG;
	memcpy(buf, text + at, sizeof(text) - at);
	return (int)(sizeof(text) - 1 - at);
}

int model_tree_list(struct model *model, const char *path, int (*each)(void *arg, const char *name),
		    void *arg)
{
	struct model_node *node;
	int ret = walk(model, model->root, path, true, 0, &node);

	if (ret)
		return ret;
	if (node->error)
		return node->error;
	if (node->kind != KIND_DIR)
		return -ENOTDIR;
	for (node = node->children; node && ret == 0; node = node->next)
		ret = each(arg, node->name);
	return ret;
}

int model_tree_stat(struct model *model, const char *path, struct pt_stat *ret_stat)
{
	struct model_node *node;
	int ret = walk(model, model->root, path, true, 0, &node);

	if (ret == 0)
		*ret_stat = node->stat;
	return ret;
}
