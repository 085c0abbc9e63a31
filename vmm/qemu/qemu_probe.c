/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cleanup.h"
#include "control/backends.h"
#include "control/control.h"
#include "loop/loop.h"

/* The target of a control socket that has no guest. */
struct nobody {
	int quit_fd;
	struct backends backends;
};

static const char *name(void *ctx)
{
	(void)ctx;
	return "";
}

static enum target_status status(void *ctx)
{
	(void)ctx;
	return TARGET_PRELAUNCH;
}

static void quit(void *ctx)
{
	const struct nobody *nobody = ctx;
	const uint64_t one = 1;

	(void)!write(nobody->quit_fd, &one, sizeof(one));
}

static unsigned none(void *ctx)
{
	(void)ctx;
	return 0;
}

static void no_cpu(void *ctx, unsigned index, struct target_cpu *ret_cpu)
{
	(void)ctx, (void)index;
	*ret_cpu = (struct target_cpu){.node = -1};
}

static void no_device(void *ctx, unsigned index, struct target_device *ret_device)
{
	(void)ctx, (void)index;
	*ret_device = (struct target_device){.id = "", .host_name = ""};
}

static struct pt_space_stats no_dma(void *ctx)
{
	(void)ctx;
	return (struct pt_space_stats){0};
}

static uint32_t no_function(void *ctx, unsigned bus, unsigned devfn, unsigned offset, unsigned size)
{
	(void)ctx, (void)bus, (void)devfn, (void)offset;
	return UINT32_MAX >> (32 - size * 8);
}

static bool no_chardev(void *ctx, unsigned index, struct target_chardev *ret_chardev)
{
	(void)ctx, (void)index, (void)ret_chardev;
	return false;
}

static bool no_peripheral(void *ctx, unsigned index, struct target_peripheral *ret_peripheral)
{
	(void)ctx, (void)index, (void)ret_peripheral;
	return false;
}

/* What queries need; no other command is carried out where there is no guest. */
static const struct target_ops nobody_ops = {
	.name = name,
	.status = status,
	.quit = quit,
	.cpus = none,
	.cpu = no_cpu,
	.devices = none,
	.device = no_device,
	.dma = no_dma,
	.pci_read = no_function,
	.chardev = no_chardev,
	.peripheral = no_peripheral,
};

int qemu_write_pid(const char *path, pid_t pid, struct pt_error *err)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || dprintf(fd, "%d\n", (int)pid) < 0)
		return pt_error_set(err, -errno, "%s: %m", path);
	return 0;
}

/* Whoever started it waits for the end of what it wrote to: nothing of that stays open. */
static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && null >= 0; fd++)
		(void)dup2(null, fd);
	if (null > STDERR_FILENO)
		(void)close(null);
}

/* Return: in the child 0; the parent ends here when the child is ready for whoever comes, and that it is: the socket listens. */
static int go_to_background(const struct qemu_guest *guest, struct pt_error *err)
{
	pid_t child = fork();
	int ret = 0;

	if (child < 0)
		return pt_error_set(err, -errno, "a process in the background: %m");
	if (child == 0) {
		leave_terminal();
		return 0;
	}
	if (guest->pidfile)
		ret = qemu_write_pid(guest->pidfile, child, err);
	if (ret < 0) {
		(void)kill(child, SIGKILL);
		return ret;
	}
	_exit(0);
}

static enum loop_next on_quit(void *ctx)
{
	(void)ctx;
	return LOOP_END;
}

static int answer(struct control *control, struct nobody *nobody, struct pt_error *err)
{
	const struct target target = {&nobody_ops, nobody, &nobody->backends};
	struct loop_watch watch = {.fd = nobody->quit_fd, .ready = on_quit};
	struct loop loop = {0};
	int ret = loop_open(&loop, err);

	if (ret == 0)
		ret = loop_watch_start(&loop, &watch, err);
	if (ret == 0)
		ret = control_start(control, &loop, &target, err);
	if (ret == 0)
		ret = loop_run(&loop, err);
	control_close(control);
	backends_done(&nobody->backends);
	loop_done(&loop);
	return ret;
}

int qemu_probe(const struct qemu_guest *guest, struct pt_error *err)
{
	CLEANUP_CLOSE int quit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct nobody nobody = {.quit_fd = quit_fd};
	struct control control = CONTROL_CLOSED;
	const char *where = guest->config.control;
	int ret = 0;

	if (quit_fd < 0)
		return pt_error_set(err, -errno, "no eventfd: %m");
	if (!where)
		return pt_error_remedy(err, pt_error_set(err, -EINVAL, "nowhere to be asked"),
				       "-qmp unix:PATH,server=on,wait=off");
	ret = strncmp(where, "fd=", 3) == 0 ? control_adopt(&control, where + 3, err)
					    : control_open(&control, where, err);
	if (ret < 0)
		return ret;
	control.ends = true;
	if (guest->daemonize)
		ret = go_to_background(guest, err);
	else if (guest->pidfile)
		ret = qemu_write_pid(guest->pidfile, getpid(), err);
	if (ret < 0) {
		control_close(&control);
		return ret;
	}
	return answer(&control, &nobody, err);
}
