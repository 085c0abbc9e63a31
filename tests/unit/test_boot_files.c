/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/boot_files.h"

static void must_fail(char *kernel, char *initrd, int code, const char *message)
{
	const struct vm_config config = {.kernel = kernel, .initrd = initrd};
	struct pt_error err = PT_ERROR_INIT;
	int ret = boot_files_check(&config, &err);

	cr_assert_eq(ret, code, "%d: %s", ret, err.message);
	cr_assert_str_eq(err.message, message, "%s", err.message);
}

Test(boot_files, checked)
{
	static char missing[] = "/nonexistent/bzImage";
	static char folder[] = "/tmp";
	static char node[] = "/dev/null";
	char empty[] = "/tmp/tenon-test.XXXXXX";
	char good[] = "/tmp/tenon-test.XXXXXX";
	char message[128];
	int fd = mkstemp(good);

	cr_assert_eq(write(fd, "x", 1), 1);
	(void)close(fd);
	(void)close(mkstemp(empty));
	must_fail(missing, NULL, -ENOENT, "kernel /nonexistent/bzImage: No such file or directory");
	must_fail(folder, NULL, -EINVAL, "kernel /tmp: not a file");
	must_fail(node, NULL, -EINVAL, "kernel /dev/null: not a file");
	must_fail(good, missing, -ENOENT, "initrd /nonexistent/bzImage: No such file or directory");
	(void)snprintf(message, sizeof(message), "kernel %s: the file is empty", empty);
	must_fail(empty, NULL, -EINVAL, message);
	cr_assert_eq(boot_files_check(&(struct vm_config){.kernel = good, .initrd = good}, NULL),
		     0);
	(void)unlink(good);
	(void)unlink(empty);
}
