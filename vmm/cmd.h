/* SPDX-License-Identifier: MIT */
/*
 * The verbs of tenon, one file each.
 */
#ifndef TENON_CMD_H
#define TENON_CMD_H

/* What tenon's exit code says. Part of the interface: docs/tenon.1. */
enum exit_code {
	EXIT_OK = 0,	  /* for `run`: the guest powered off */
	EXIT_FAILED = 1,  /* the guest could not be launched or run */
	EXIT_USAGE = 2,	  /* wrong options, wrong file */
	EXIT_CRASHED = 3, /* the guest crashed */
	EXIT_SIGNAL = 128 /* and the number of the signal that ended it */
};

/* What that of `check` says instead, since 1 and 2 are answers there: docs/tenon-check.1. */
enum check_exit_code { EXIT_CHECK_WARNS = 1, EXIT_CHECK_BLOCKS = 2, EXIT_CHECK_USAGE = 64 };

/* argv[0] is the verb. Return: the exit code. */
int cmd_check(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_devices(int argc, char **argv);
int cmd_ctl(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_bind(int argc, char **argv);
int cmd_unbind(int argc, char **argv);
int cmd_recover(int argc, char **argv);

/** cmd_qemu() - QEMU's command line, as libvirt writes it; @argv[0] is the program. Return: an exit code. */
int cmd_qemu(int argc, char **argv);

int cmd_version(int argc, char **argv);

#endif
