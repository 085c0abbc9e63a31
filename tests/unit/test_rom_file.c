/* SPDX-License-Identifier: MIT */
/* Expansion ROMs given as files: what is one, and what is said of what is not. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/vm_config.h"
#include "host/host_facts.h"
#include "host/rom_file.h"
#include "rom_image.h"

static char path[64];
static uint8_t image[2048];

static void make(void)
{
	int fd;

	(void)snprintf(path, sizeof(path), "/tmp/tenon-test.XXXXXX");
	fd = mkstemp(path);
	rom_image(image, 4, 0x10de, 0x2330, 1);
	cr_assert_eq(write(fd, image, sizeof(image)), sizeof(image));
	(void)close(fd);
}

static void drop(void)
{
	(void)unlink(path);
}

TestSuite(rom_file, .init = make, .fini = drop);

static void must_fail(const char *name, int code, const char *what)
{
	struct pt_error err = PT_ERROR_INIT;
	void *bytes = &err;
	size_t size = 77;

	cr_assert_eq(rom_file_read(pt_sys_linux(), name, &bytes, &size, &err), code, "%s",
		     err.message);
	cr_assert(strstr(err.message, name), "%s", err.message);
	cr_assert(strstr(err.message, what), "%s", err.message);
	cr_assert(strstr(err.remedy, "rom=off"), "%s", err.remedy);
	cr_assert_eq(bytes, &err, "written on failure");
	cr_assert_eq(size, 77);
}

Test(rom_file, is_read_whole)
{
	struct pt_error err = PT_ERROR_INIT;
	void *bytes = NULL;
	size_t size = 0;

	cr_assert_eq(rom_file_read(pt_sys_linux(), path, &bytes, &size, &err), 0, "%s",
		     err.message);
	cr_assert_eq(size, sizeof(image));
	cr_assert_eq(memcmp(bytes, image, size), 0);
	free(bytes);
}

Test(rom_file, that_is_none)
{
	must_fail("/nonexistent/card.rom", -ENOENT, "No such file");
	must_fail("/tmp", -EINVAL, "not a file");
	must_fail("/dev/null", -EINVAL, "not a file");
	cr_assert_eq(truncate(path, 2047), 0);
	must_fail(path, -EINVAL, "says it has 2048 bytes, and there are 2047");
	cr_assert_eq(truncate(path, 0), 0);
	must_fail(path, -EINVAL, "0x55 0xaa");
	cr_assert_eq(truncate(path, (16 << 20) + 1), 0);
	must_fail(path, -EFBIG, "16 MiB");
	cr_assert_eq(truncate(path, 16 << 20), 0);
	must_fail(path, -EINVAL, "0x55 0xaa");
}

Test(rom_file, sizes_for_the_plan)
{
	struct vm_config_device devices[3] = {
		{.rom = VM_ROM_OFF}, {.rom = VM_ROM_FILE, .rom_file = path}, {0}};
	struct vm_config config = {.devices = devices, .device_count = 3};
	struct device_facts found[3] = {0};
	struct host_facts facts = {.devices = found, .device_count = 3};
	struct pt_error err = PT_ERROR_INIT;

	cr_assert_eq(rom_files_measure(pt_sys_linux(), &config, &facts, &err), 0, "%s",
		     err.message);
	cr_assert_eq(found[0].rom_file_size, 0);
	cr_assert_eq(found[1].rom_file_size, 2048);
	cr_assert_eq(found[2].rom_file_size, 0);
	(void)strcpy(found[1].host.name, "0000:02:00.0");
	drop();
	cr_assert_eq(rom_files_measure(pt_sys_linux(), &config, &facts, &err), -ENOENT);
	cr_assert(strstr(err.message, "0000:02:00.0: expansion ROM /tmp/"), "%s", err.message);
}
