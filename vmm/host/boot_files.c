/* SPDX-License-Identifier: MIT */
#include "host/boot_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

static int check_file(const char *what, const char *path, struct pt_error *err)
{
	/* Non-blocking, so that a FIFO is refused instead of waited for. */
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int ret = 0;

	if (fd < 0 || fstat(fd, &st) < 0) {
		ret = -errno;
		(void)pt_error_set(err, ret, "%s %s: %s", what, path, strerror(-ret));
	} else if (!S_ISREG(st.st_mode)) {
		ret = pt_error_set(err, -EINVAL, "%s %s: not a file", what, path);
	} else if (st.st_size == 0) {
		ret = pt_error_set(err, -EINVAL, "%s %s: the file is empty", what, path);
	}
	if (ret < 0)
		(void)pt_error_remedy(
			err, -EINVAL,
			"name a file that can be read, by --%s FILE or \"%s: FILE\" in "
			"the guest's file",
			what, what);
	return ret;
}

int boot_files_check(const struct vm_config *config, struct pt_error *err)
{
	int ret = check_file("kernel", config->kernel, err);

	if (ret < 0)
		return ret;
	return config->initrd ? check_file("initrd", config->initrd, err) : 0;
}
