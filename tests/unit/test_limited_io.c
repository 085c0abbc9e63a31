/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "host/journal.h"
#include "host/limited_io.h"

/* A FIFO is as patient as a driver: who opens it for writing waits for a reader. */
struct rig {
	char folder[64];
	char file[128];
	char fifo[128];
};

static void up(struct rig *rig)
{
	(void)snprintf(rig->folder, sizeof(rig->folder), "/tmp/tenon-limited.XXXXXX");
	cr_assert_not_null(mkdtemp(rig->folder));
	(void)snprintf(rig->file, sizeof(rig->file), "%s/file", rig->folder);
	(void)snprintf(rig->fifo, sizeof(rig->fifo), "%s/fifo", rig->folder);
	cr_assert_eq(mkfifo(rig->fifo, 0600), 0);
}

static void down(struct rig *rig)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r %s", rig->folder);
	cr_assert_eq(system(command), 0);
}

Test(limited_io, what_does_not_take_long_is_done)
{
	struct rig rig;
	char text[32];
	int fd;

	up(&rig);
	cr_assert_eq(limited_write(rig.file, "vfio-pci\n", 5000), -ENOENT);
	fd = creat(rig.file, 0600);
	cr_assert_geq(fd, 0);
	(void)close(fd);
	cr_assert_eq(limited_write(rig.file, "vfio-pci\n", 5000), 0);
	cr_assert_eq(limited_read(rig.file, text, sizeof(text), 5000), 0);
	cr_assert_str_eq(text, "vfio-pci");
	cr_assert_eq(limited_read(rig.file, text, 4, 5000), -ENAMETOOLONG);
	cr_assert_eq(limited_read(rig.folder, text, sizeof(text), 5000), -EISDIR);
	down(&rig);
}

Test(limited_io, what_does_is_given_up_and_goes_on)
{
	struct rig rig;
	char text[16] = "";
	int fd;

	up(&rig);
	cr_assert_eq(limited_write(rig.fifo, "BDF", 100), -ETIMEDOUT);
	fd = open(rig.fifo, O_RDONLY);
	cr_assert_geq(fd, 0);
	cr_assert_eq(read(fd, text, sizeof(text)), 3);
	cr_assert_str_eq(text, "BDF");
	(void)close(fd);
	down(&rig);
}

Test(limited_io, a_lock_is_held_for_as_long_as_the_kernel_waits)
{
	struct journal journal;
	struct pt_error err = PT_ERROR_INIT;
	struct rig rig;
	int lock, fd, ret, tries = 0;

	up(&rig);
	check_ok(journal_open(rig.folder, true, &journal, &err), err);
	check_ok(journal_lock(&journal, "0000:02:00.0", "tenon bind (pid 9)", &lock, &err), err);
	cr_assert_eq(limited_write(rig.fifo, "BDF", 100), -ETIMEDOUT);
	(void)close(lock);
	check_error(journal_lock(&journal, "0000:02:00.0", "another", &lock, &err), -EBUSY, err,
		    "tenon bind (pid 9) has it");
	fd = open(rig.fifo, O_RDONLY);
	cr_assert_geq(fd, 0);
	do {
		(void)usleep(10000);
		ret = journal_lock(&journal, "0000:02:00.0", "another", &lock, &err);
	} while (ret == -EBUSY && ++tries < 500);
	cr_assert_eq(ret, 0);
	(void)close(lock);
	(void)close(fd);
	journal_close(&journal);
	down(&rig);
}
