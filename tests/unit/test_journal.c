/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "host/journal.h"
#include "host/journal_record.h"

#define NAME "0000:02:00.0"

static const struct journal_record record = {
	.name = NAME,
	.boot = "0b1a4a3c-6f5e-4d59-8f0e-6a3f0c1d2e3f",
	.kept = true,
	.vendor = 0x8086,
	.device = 0x10c9,
	.given_to = "vfio-pci",
	.libvirt = "qemu:///system",
	.driver = "igb",
	.power = "auto",
	.has_vfs = true,
	.vfs = 3,
	.autoprobe = 1,
};

Test(journal, a_record_reads_as_it_was_written)
{
	char text[JOURNAL_TEXT_SIZE];
	size_t size = journal_record_format(&record, text);
	struct journal_record read;

	memset(&read, 0xee, sizeof(read));
	cr_assert_eq(journal_record_parse(text, size, &read), 0);
	cr_assert_str_eq(read.name, record.name);
	cr_assert_str_eq(read.boot, record.boot);
	cr_assert(read.kept && read.has_vfs);
	cr_assert_eq(read.vendor, record.vendor);
	cr_assert_eq(read.device, record.device);
	cr_assert_str_eq(read.given_to, "vfio-pci");
	cr_assert_str_eq(read.libvirt, "qemu:///system");
	cr_assert_str_eq(read.driver, "igb");
	cr_assert_str_eq(read.override, "");
	cr_assert_str_eq(read.power, "auto");
	cr_assert_eq(read.vfs, 3);
	cr_assert_eq(read.autoprobe, 1);
}

Test(journal, a_torn_or_changed_record_is_none)
{
	char text[JOURNAL_TEXT_SIZE], torn[JOURNAL_TEXT_SIZE];
	size_t size = journal_record_format(&record, text);
	struct journal_record read;

	for (size_t len = 0; len < size; len++) {
		memcpy(torn, text, len);
		torn[len] = '\0';
		cr_assert_eq(journal_record_parse(torn, len, &read), -EBADMSG, "%zu bytes", len);
	}
	for (size_t at = 0; at < size; at++) {
		memcpy(torn, text, size + 1);
		torn[at] ^= 0x01;
		cr_assert_eq(journal_record_parse(torn, size, &read), -EBADMSG, "byte %zu", at);
		torn[at] = '\0';
		cr_assert_eq(journal_record_parse(torn, size, &read), -EBADMSG, "NUL at %zu", at);
	}
}

struct rig {
	char parent[64];
	struct journal journal;
	struct pt_error err;
};

static void path_of(const struct rig *rig, const char *file, char *ret_path)
{
	(void)snprintf(ret_path, PT_PATH_SIZE, "%s/%s", rig->journal.path, file);
}

static void up(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	(void)snprintf(rig->parent, sizeof(rig->parent), "/tmp/tenon-journal.XXXXXX");
	cr_assert_not_null(mkdtemp(rig->parent));
	check_ok(journal_open(rig->parent, true, &rig->journal, &rig->err), rig->err);
}

static void down(struct rig *rig)
{
	char command[128];

	journal_close(&rig->journal);
	(void)snprintf(command, sizeof(command), "rm -r %s", rig->parent);
	cr_assert_eq(system(command), 0);
}

static int count(void *arg, const char *name)
{
	cr_assert_str_eq(name, NAME);
	++*(unsigned *)arg;
	return 0;
}

static unsigned listed(const struct rig *rig)
{
	unsigned number = 0;

	cr_assert_eq(journal_list(&rig->journal, count, &number), 0);
	return number;
}

Test(journal, keeps_what_is_written)
{
	struct journal_record read;
	struct stat st;
	struct rig rig;
	char path[PT_PATH_SIZE];
	int lock;

	up(&rig);
	cr_assert_eq(stat(rig.journal.path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0700);
	cr_assert_eq(journal_read(&rig.journal, NAME, &read, &rig.err), -ENOENT);
	check_ok(journal_lock(&rig.journal, NAME, "a test", &lock, &rig.err), rig.err);
	check_ok(journal_write(&rig.journal, &record, &rig.err), rig.err);
	path_of(&rig, NAME ".new", path);
	cr_assert_eq(access(path, F_OK), -1);
	/* What one that was killed left aside is nobody's record. */
	cr_assert_geq(creat(path, 0600), 0);
	cr_assert_eq(listed(&rig), 2);
	check_ok(journal_read(&rig.journal, NAME, &read, &rig.err), rig.err);
	cr_assert_str_eq(read.driver, "igb");
	check_ok(journal_remove(&rig.journal, NAME, &rig.err), rig.err);
	check_ok(journal_remove(&rig.journal, NAME, &rig.err), rig.err);
	(void)close(lock);
	cr_assert_eq(listed(&rig), 1);
	check_ok(journal_lock(&rig.journal, NAME, "a test", &lock, &rig.err), rig.err);
	cr_assert_eq(listed(&rig), 0);
	(void)close(lock);
	down(&rig);
}

Test(journal, none_is_an_empty_one)
{
	struct rig rig;
	struct journal journal;
	struct journal_record read;
	char parent[PT_PATH_SIZE];

	up(&rig);
	path_of(&rig, "", parent);
	check_ok(journal_open(parent, false, &journal, &rig.err), rig.err);
	cr_assert_eq(journal.dir, -1);
	cr_assert_eq(journal_list(&journal, count, NULL), 0);
	cr_assert_eq(journal_read(&journal, NAME, &read, &rig.err), -ENOENT);
	journal_close(&journal);
	down(&rig);
}

Test(journal, a_lock_is_one_processes_and_names_it)
{
	struct rig rig;
	int first, second;

	up(&rig);
	check_ok(journal_lock(&rig.journal, NAME, "tenon run (pid 7), guest a", &first, &rig.err),
		 rig.err);
	check_error(journal_lock(&rig.journal, NAME, "another", &second, &rig.err), -EBUSY, rig.err,
		    NAME ": tenon run (pid 7), guest a has it");
	(void)close(first);
	rig.err = (struct pt_error)PT_ERROR_INIT;
	check_ok(journal_lock(&rig.journal, NAME, "another", &second, &rig.err), rig.err);
	(void)close(second);
	down(&rig);
}

/* A disk that fills up in the middle of a record: nothing is more than 40 bytes long. */
Test(journal, a_record_that_does_not_fit_leaves_the_one_before)
{
	struct rlimit limit, small = {.rlim_cur = 40};
	struct journal_record other = record, read;
	struct rig rig;

	up(&rig);
	check_ok(journal_write(&rig.journal, &record, &rig.err), rig.err);
	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small.rlim_max = limit.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	(void)snprintf(other.driver, sizeof(other.driver), "other");
	check_error(journal_write(&rig.journal, &other, &rig.err), -EFBIG, rig.err,
		    "cannot be written down in");
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	rig.err = (struct pt_error)PT_ERROR_INIT;
	check_ok(journal_read(&rig.journal, NAME, &read, &rig.err), rig.err);
	cr_assert_str_eq(read.driver, "igb");
	cr_assert_eq(listed(&rig), 1);
	down(&rig);
}

Test(journal, a_damaged_record_is_told)
{
	struct journal_record read;
	char path[PT_PATH_SIZE];
	struct rig rig;

	up(&rig);
	path_of(&rig, NAME, path);
	check_ok(journal_write(&rig.journal, &record, &rig.err), rig.err);
	cr_assert_eq(truncate(path, 60), 0);
	check_error(journal_read(&rig.journal, NAME, &read, &rig.err), -EBADMSG, rig.err,
		    "is damaged");
	check_remedy(rig.err, "tenon unbind " NAME);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(symlink("/etc/passwd", path), 0);
	check_error(journal_read(&rig.journal, NAME, &read, &rig.err), -EBADMSG, rig.err,
		    "is damaged");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0);
	check_error(journal_read(&rig.journal, NAME, &read, &rig.err), -EBADMSG, rig.err,
		    "is damaged");
	down(&rig);
}

/* Another device's record by this one's name. */
Test(journal, a_record_of_another_device_is_damaged)
{
	char from[PT_PATH_SIZE], to[PT_PATH_SIZE];
	struct journal_record read;
	struct rig rig;

	up(&rig);
	check_ok(journal_write(&rig.journal, &record, &rig.err), rig.err);
	path_of(&rig, NAME, from);
	path_of(&rig, "0000:03:00.0", to);
	cr_assert_eq(rename(from, to), 0);
	check_error(journal_read(&rig.journal, "0000:03:00.0", &read, &rig.err), -EBADMSG, rig.err,
		    "is damaged");
	down(&rig);
}

Test(journal, a_folder_that_others_can_write_is_refused)
{
	char path[PT_PATH_SIZE];
	struct journal journal;
	struct rig rig;

	up(&rig);
	cr_assert_eq(chmod(rig.journal.path, 0770), 0);
	check_error(journal_open(rig.parent, true, &journal, &rig.err), -EPERM, rig.err,
		    "others can write to it");
	cr_assert_eq(chmod(rig.journal.path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/tenon", rig.parent);
	cr_assert_eq(chmod(path, 0777), 0);
	check_error(journal_open(rig.parent, false, &journal, &rig.err), -EPERM, rig.err,
		    "others can write to it");
	cr_assert_eq(chmod(path, 0755), 0);
	down(&rig);
}

Test(journal, a_folder_that_is_a_link_is_refused)
{
	char path[PT_PATH_SIZE];
	struct journal journal;
	struct rig rig;

	up(&rig);
	cr_assert_eq(rmdir(rig.journal.path), 0);
	cr_assert_eq(symlink("/tmp", rig.journal.path), 0);
	check_error(journal_open(rig.parent, true, &journal, &rig.err), -EPERM, rig.err,
		    "is not a folder");
	cr_assert_eq(unlink(rig.journal.path), 0);
	(void)snprintf(path, sizeof(path), "%s/absent", rig.parent);
	check_error(journal_open(path, true, &journal, &rig.err), -ENOENT, rig.err, "absent");
	down(&rig);
}
