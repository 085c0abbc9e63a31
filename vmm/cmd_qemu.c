/* SPDX-License-Identifier: MIT */
/*
 * tenon-qemu: a guest by QEMU's command line, as libvirt writes it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cmd.h"
#include "control/qmp_version.h"
#include "guest_run.h"
#include "qemu/qemu_guest.h"
#include "qemu/qemu_probe.h"
#include "report.h"

static int fail(const struct pt_error *err)
{
	report_error(err, stderr);
	return EXIT_FAILED;
}

/* The line is QEMU's, as people and programs look for the version in it. */
static int print_version(void)
{
	(void)printf("QEMU emulator version %d.%d.0 (tenon " TENON_VERSION ")\n", QMP_VERSION_MAJOR,
		     QMP_VERSION_MINOR);
	return EXIT_OK;
}

static int run(struct qemu_guest *guest)
{
	struct pt_error err = PT_ERROR_INIT;
	struct timing timing = {0};

	if (guest->daemonize)
		return fail(&(struct pt_error){-EOPNOTSUPP,
					       "-daemonize: a guest runs where it is started",
					       "leave it out"});
	if (guest->pidfile && qemu_write_pid(guest->pidfile, getpid(), &err) < 0)
		return fail(&err);
	/* Which files that is, libvirt decides: by their owners, a mount namespace and a control group. */
	guest->config.hotplug_files = strdup("/");
	if (!guest->config.hotplug_files)
		return fail(&(struct pt_error){-ENOMEM, "out of memory", ""});
	timing_start(&timing);
	return guest_run(pt_sys_linux(), &guest->config, &timing);
}

static int run_or_answer(int argc, char **argv)
{
	CLEANUP(qemu_guest_done) struct qemu_guest guest;
	struct pt_error err = PT_ERROR_INIT;

	qemu_guest_init(&guest);
	if (qemu_guest_parse(argc, argv, &guest, &err) < 0)
		return fail(&err);
	if (guest.machine != QEMU_MACHINE_NONE)
		return run(&guest);
	return qemu_probe(&guest, &err) < 0 ? fail(&err) : EXIT_OK;
}

int cmd_qemu(int argc, char **argv)
{
	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-version") == 0))
		return print_version();
	return run_or_answer(argc, argv);
}
