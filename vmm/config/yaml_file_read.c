/* SPDX-License-Identifier: MIT */
/*
 * From the disk; apart from yaml_file.c, so that a fuzzer can have files of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "config/yaml_file.h"

#define FILE_SIZE_MAX (UINT64_C(1) << 20)

static int unreadable(struct config_error *err, const char *path, int code)
{
	(void)pt_error_set(&err->error, code, "%s: %s", path, strerror(-code));
	(void)pt_error_remedy(&err->error, code, YAML_FILE_REMEDY);
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

static int read_path(struct yaml_file *file, const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int ret;

	if (fd < 0)
		return unreadable(file->err, path, -errno);
	/* Not by its size: it may be a pipe. One more byte than allowed tells what is too large. */
	file->text = malloc(FILE_SIZE_MAX + 1);
	if (!file->text)
		return pt_error_set(&file->err->error, -ENOMEM, "out of memory");
	ret = read_all(fd, file->text, FILE_SIZE_MAX + 1, &file->size);
	if (ret < 0)
		return unreadable(file->err, path, ret);
	if (file->size > FILE_SIZE_MAX)
		return pt_error_remedy(
			&file->err->error,
			pt_error_set(&file->err->error, -EFBIG, "%s: larger than 1 MiB", path),
			YAML_FILE_REMEDY);
	if (fstat(fd, &st) == 0) {
		file->device = st.st_dev;
		file->inode = st.st_ino;
	}
	return yaml_file_name(file, path);
}

int yaml_file_read(struct yaml_file *file, const char *path, struct config_error *err)
{
	int ret;

	*file = (struct yaml_file){.err = err};
	ret = read_path(file, path);
	if (ret < 0)
		yaml_file_done(file);
	return ret;
}
