/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "host/managed.h"
#include "sandbox/keeper.h"
#include "sandbox/keeper_rules.h"

static char folder[] = "/tmp/tenon-keeper-XXXXXX";
static char file[64];

static void make(void)
{
	FILE *out;

	cr_assert(mkdtemp(folder));
	(void)snprintf(file, sizeof(file), "%s/file", folder);
	out = fopen(file, "w");
	cr_assert(out);
	(void)fputs("text\n", out);
	(void)fclose(out);
}

static void drop(void)
{
	(void)unlink(file);
	(void)rmdir(folder);
}

TestSuite(keeper, .init = make, .fini = drop, .timeout = 60);

static void begin(struct keeper *keeper, const char *files)
{
	struct pt_error err = PT_ERROR_INIT;
	struct managed managed;

	managed_init(&managed);
	*keeper = (struct keeper)KEEPER_NONE;
	cr_assert_eq(keeper_start(keeper, pt_sys_linux(), &managed, files, &err), 0, "%s",
		     err.message);
}

static int count(void *arg, const char *name)
{
	(void)name;
	++*(unsigned *)arg;
	return 0;
}

/* What is asked for by way of the keeper is what this process finds. */
Test(keeper, looks_as_the_real_one_does)
{
	static const char cpus[] = "/sys/devices/system/cpu", device_link[] = "/sys/dev/char/1:3";
	const struct pt_sys *sys = pt_sys_linux();
	char mine[PT_PATH_SIZE], its[PT_PATH_SIZE];
	unsigned many = 0, as_many = 0;
	struct pt_stat stat_;
	struct keeper keeper;

	begin(&keeper, NULL);
	keeper_close_door(&keeper);
	cr_assert_eq(sys->list(sys->ctx, cpus, count, &many), 0);
	cr_assert_eq(keeper.sys.list(keeper.sys.ctx, cpus, count, &as_many), 0);
	cr_assert_eq(many, as_many);
	cr_assert_gt(many, 0);
	cr_assert_eq(sys->realpath(sys->ctx, device_link, mine, sizeof(mine)),
		     keeper.sys.realpath(keeper.sys.ctx, device_link, its, sizeof(its)));
	cr_assert_str_eq(mine, its);
	cr_assert_gt(keeper.sys.readlink(keeper.sys.ctx, "/proc/self", its, sizeof(its)), 0);
	cr_assert_eq(atoi(its), getpid(), "the VMM, and not the keeper");
	cr_assert_eq(keeper.sys.stat(keeper.sys.ctx, cpus, &stat_), 0);
	cr_assert_eq(keeper.sys.stat(keeper.sys.ctx, "/sys/nowhere", &stat_), -ENOENT);
	cr_assert_eq(keeper_end(&keeper, NULL), 0);
}

static int names(void *arg, const char *name)
{
	char path[PT_PATH_SIZE], target[PT_PATH_SIZE];
	const struct pt_sys *sys = arg;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%s", name);
	return sys->readlink(sys->ctx, path, target, sizeof(target)) < 0 ? -EIO : 0;
}

/* More names than one message has, and questions between them. */
Test(keeper, lists_much_and_answers_meanwhile)
{
	struct keeper keeper;
	int fds[3000], opened = 0;

	while (opened < 3000 && (fds[opened] = open("/dev/null", O_RDONLY)) >= 0)
		opened++;
	begin(&keeper, NULL);
	keeper_close_door(&keeper);
	cr_assert_eq(keeper.sys.list(keeper.sys.ctx, "/proc/self/fd", names, &keeper.sys), 0);
	while (opened > 0)
		(void)close(fds[--opened]);
	cr_assert_eq(keeper_end(&keeper, NULL), 0);
}

Test(keeper, opens_what_is_in_its_folders)
{
	struct keeper keeper;
	char bytes[8] = "";
	int fd;

	begin(&keeper, folder);
	fd = keeper.sys.open(keeper.sys.ctx, "/etc/passwd", O_RDONLY);
	cr_assert_geq(fd, 0, "before the sandbox is closed");
	(void)close(fd);
	keeper_close_door(&keeper);
	fd = keeper.sys.open(keeper.sys.ctx, file, O_RDONLY);
	cr_assert_geq(fd, 0, "%d", fd);
	cr_assert_eq(read(fd, bytes, sizeof(bytes)), 5);
	cr_assert_str_eq(bytes, "text\n");
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	(void)close(fd);
	cr_assert_eq(keeper.sys.open(keeper.sys.ctx, "/etc/passwd", O_RDONLY), -EACCES);
	cr_assert_eq(keeper.sys.open(keeper.sys.ctx, file, O_RDWR | O_TRUNC), -EACCES);
	cr_assert_eq(keeper_end(&keeper, NULL), 0);
}

/* Return: the exit status of a VMM that does @what with a keeper. */
static int vmm(void (*what)(struct keeper *keeper), const char *removed)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct keeper keeper;

		begin(&keeper, NULL);
		keeper_remove_later(&keeper, removed);
		what(&keeper);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void end_well(struct keeper *keeper)
{
	_exit(keeper_end(keeper, NULL) == 0 ? 0 : 1);
}

static void be_killed(struct keeper *keeper)
{
	(void)keeper;
	(void)raise(SIGKILL);
}

static bool is_gone(const char *path)
{
	for (unsigned i = 0; i < 5000 && access(path, F_OK) == 0; i++)
		(void)usleep(1000);
	return access(path, F_OK) < 0;
}

Test(keeper, removes_a_file_at_the_end)
{
	cr_assert_eq(vmm(end_well, file), 0);
	cr_assert_neq(access(file, F_OK), 0);
}

Test(keeper, removes_it_of_a_process_that_is_killed)
{
	cr_assert(WIFSIGNALED(vmm(be_killed, file)));
	cr_assert(is_gone(file));
}

static void remove_when_closed(struct keeper *keeper)
{
	keeper_close_door(keeper);
	keeper_remove_later(keeper, file);
	end_well(keeper);
}

Test(keeper, does_not_believe_in_what_is_said_in_the_sandbox)
{
	cr_assert_eq(vmm(remove_when_closed, "/nowhere"), 0);
	cr_assert_eq(access(file, F_OK), 0);
}

static void make_raw(struct keeper *keeper)
{
	struct termios mode;

	(void)tcgetattr(STDIN_FILENO, &mode);
	cfmakeraw(&mode);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &mode);
	keeper_terminal_is_raw(keeper, true);
	(void)raise(SIGKILL);
}

Test(keeper, restores_the_terminal_of_a_process_that_is_killed)
{
	struct termios mode;
	int master, tty, status;
	pid_t shell;

	cr_assert_eq(openpty(&master, &tty, NULL, NULL, NULL), 0);
	shell = fork();
	if (shell == 0) {
		(void)login_tty(tty);
		(void)vmm(make_raw, file);
		_exit(is_gone(file) && tcgetattr(STDIN_FILENO, &mode) == 0 &&
				      mode.c_lflag & ICANON && mode.c_lflag & ECHO
			      ? 0
			      : 1);
	}
	cr_assert_eq(waitpid(shell, &status, 0), shell);
	cr_assert_eq(status, 0);
	(void)close(master);
}

static void kill_the_keeper(struct keeper *keeper)
{
	struct pt_error err = PT_ERROR_INIT;
	char text[16];

	keeper_close_door(keeper);
	(void)kill(keeper->pid, SIGKILL);
	if (keeper->sys.readlink(keeper->sys.ctx, "/proc/self", text, sizeof(text)) != -EPIPE ||
	    keeper_end(keeper, &err) != -EPIPE || !strstr(err.remedy, "tenon recover"))
		_exit(1);
	_exit(0);
}

Test(keeper, is_missed)
{
	cr_assert_eq(vmm(kill_the_keeper, "/nowhere"), 0);
}

static void is_path(const char *path, const char *taken)
{
	char buf[64];
	bool can = keeper_path(path, 7, buf, sizeof(buf));

	cr_assert_eq(can, taken != NULL, "%s", path);
	if (taken)
		cr_assert_str_eq(buf, taken);
}

Test(keeper_rules, paths)
{
	is_path("/sys/bus", "/sys/bus");
	is_path("/proc/self/fd", "/proc/7/fd");
	is_path("/proc/selfish", "/proc/selfish");
	is_path("sys", NULL);
	is_path("", NULL);
	is_path("/sys/../etc/passwd", NULL);
	is_path("/sys/..", NULL);
	is_path("/sys/./bus", NULL);
	is_path("/sys/..bus", "/sys/..bus");
	is_path("/sys/0123456789012345678901234567890123456789012345678901234567890123", NULL);
}

Test(keeper_rules, what_it_does)
{
	cr_assert(keeper_may("/dev/vfio/devices/vfio0", KEEPER_WRITE, NULL));
	cr_assert(keeper_may("/dev/iommu", KEEPER_WRITE, NULL));
	cr_assert(keeper_may("/sys/bus/pci/devices/0000:01:00.0/vendor", KEEPER_READ, NULL));
	cr_assert(keeper_may("/proc", KEEPER_LOOK, NULL));
	cr_assert(keeper_may("/proc/12/fd/3", KEEPER_LOOK, NULL));
	cr_assert(keeper_may("/proc/12/comm", KEEPER_READ, NULL));
	cr_assert_not(keeper_may("/proc/12/fd/3", KEEPER_READ, NULL), "any file of any process");
	cr_assert_not(keeper_may("/proc/12/root/etc/shadow", KEEPER_LOOK, NULL));
	cr_assert_not(keeper_may("/proc/12/comm/x", KEEPER_READ, NULL));
	cr_assert_not(keeper_may("/sys/bus/pci/drivers/nvme/unbind", KEEPER_WRITE, NULL));
	cr_assert_not(keeper_may("/dev/iommus", KEEPER_READ, NULL));
	cr_assert_not(keeper_may("/dev/mem", KEEPER_READ, NULL));
	cr_assert_not(keeper_may("/", KEEPER_LOOK, NULL));
	cr_assert_not(keeper_may("", KEEPER_LOOK, NULL));
}

Test(keeper_rules, folders_of_files)
{
	cr_assert(keeper_may("/var/roms/a", KEEPER_READ, "/var/roms"));
	cr_assert(keeper_may("/srv/a/b", KEEPER_WRITE, "/var/roms:/srv/"));
	cr_assert_not(keeper_may("/var/roms2/a", KEEPER_READ, "/var/roms"));
	cr_assert_not(keeper_may("/var", KEEPER_READ, "/var/roms"));
	cr_assert_not(keeper_may("/etc/passwd", KEEPER_READ, "::relative:"));
	cr_assert_not(keeper_may("/proc/1/fd/3", KEEPER_READ, "/proc"));
}
