/* SPDX-License-Identifier: MIT */
/*
 * tenon bind, unbind and recover: devices are taken from the host's drivers and given back.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bind_args.h"
#include "cleanup.h"
#include "cmd.h"
#include "host/binding.h"
#include "host/kernel_log.h"
#include "host/taken.h"
#include "report.h"

static void say(void *ctx, const char *text)
{
	(void)ctx;
	(void)printf("%s\n", text);
	(void)fflush(stdout);
}

static void host_done(struct driver_host *host)
{
	journal_close(&host->journal);
	if (host->kernel_log >= 0)
		(void)close(host->kernel_log);
}

static int host_init(struct driver_host *host, const struct bind_args *args, bool create,
		     struct pt_error *err)
{
	*host = (struct driver_host){
		.sys = pt_sys_linux(),
		.ops = &driver_ops_linux,
		.journal = {.dir = -1},
		.libvirt = args->libvirt,
		.limit = args->limit * 1000,
		.kernel_log = kernel_log_open(),
		.say = say,
	};
	return journal_open(NULL, create, &host->journal, err);
}

static void name_self(const char *verb, char *who, size_t size)
{
	(void)snprintf(who, size, "tenon %s (pid %d)", verb, (int)getpid());
}

static int fail(const struct pt_error *err)
{
	report_error(err, stderr);
	return EXIT_FAILED;
}

/* A PCI function, canonical; one that is gone can still be named by its address. */
static int resolve(const char *text, char *ret_name, struct pt_error *err)
{
	int ret;

	if (pt_bdf_parse(text, ret_name) == 0)
		return 0;
	ret = pt_host_resolve(pt_sys_linux(), text, ret_name, err);
	if (ret == 0 && pt_bdf_parse(ret_name, ret_name) < 0)
		return pt_error_set(err, -EINVAL,
				    "%s: is a mediated device, which has its driver by nature",
				    ret_name);
	return ret;
}

static int take_siblings(struct taken *taken, const struct bind_args *args,
			 const struct pt_host_device *device, struct pt_error *err)
{
	int ret = 0;

	for (unsigned i = 0; i < device->sibling_count && ret == 0; i++)
		ret = taken_add(taken, device->siblings[i].name, args->driver, true, err);
	return ret;
}

static int take(struct taken *taken, const struct bind_args *args, const char *text,
		struct pt_error *err)
{
	char name[PT_NAME_SIZE];
	struct pt_host_device device;
	size_t before = taken->count;
	int ret = resolve(text, name, err);

	if (ret == 0)
		ret = taken_add(taken, name, args->driver, true, err);
	if (ret < 0)
		return ret;
	if (taken->count > before && !taken->devices[before].changed)
		driver_host_say(taken->host, "%s: has %s already", name, args->driver);
	if (!args->group)
		return 0;
	ret = pt_host_read(pt_sys_linux(), name, &device, err);
	return ret < 0 ? ret : take_siblings(taken, args, &device, err);
}

/* What is in the way still: the others of its group. */
static void tell_siblings(const struct driver_host *host, const char *name)
{
	struct pt_host_device device;

	if (pt_host_read(host->sys, name, &device, NULL) < 0)
		return;
	for (unsigned i = 0; i < device.sibling_count; i++) {
		if (device.siblings[i].blocks)
			driver_host_say(
				host,
				"%s: no guest can have it while %s, of the same IOMMU group "
				"(%d), is bound to %s; tenon bind --group %s takes that too",
				name, device.siblings[i].name, device.group,
				device.siblings[i].driver, name);
	}
}

static int bind_all(struct taken *taken, const struct bind_args *args)
{
	struct pt_error err = PT_ERROR_INIT, undone = PT_ERROR_INIT;

	for (size_t i = 0; i < args->count; i++) {
		if (take(taken, args, args->names[i], &err) == 0)
			continue;
		report_error(&err, stderr);
		if (taken_give_back(taken, &undone) < 0)
			report_error(&undone, stderr);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < taken->count; i++)
		tell_siblings(taken->host, taken->devices[i].name);
	return EXIT_OK;
}

static int do_bind(const struct driver_host *host, const struct bind_args *args)
{
	CLEANUP(taken_done) struct taken taken;
	char who[64];

	name_self("bind", who, sizeof(who));
	taken_init(&taken, host, who);
	taken.force = args->force;
	return bind_all(&taken, args);
}

static int do_unbind(const struct driver_host *host, const struct bind_args *args)
{
	int code = EXIT_OK;
	char who[64];

	name_self("unbind", who, sizeof(who));
	for (size_t i = 0; i < args->count; i++) {
		struct pt_error err = PT_ERROR_INIT;
		char name[PT_NAME_SIZE];

		if (resolve(args->names[i], name, &err) < 0 ||
		    taken_unbind(host, name, who, &err) < 0)
			code = fail(&err);
	}
	return code;
}

static int do_recover(const struct driver_host *host, const struct bind_args *args)
{
	struct pt_error err = PT_ERROR_INIT;
	unsigned count;
	char who[64];
	int ret;

	(void)args;
	name_self("recover", who, sizeof(who));
	ret = taken_recover(host, who, true, &count, &err);
	if (ret < 0)
		return fail(&err);
	if (count == 0)
		driver_host_say(host, "nothing was left to give back");
	return EXIT_OK;
}

static int run_verb(int argc, char **argv, bool create,
		    int (*verb)(const struct driver_host *host, const struct bind_args *args))
{
	CLEANUP(host_done) struct driver_host host = {.journal = {.dir = -1}, .kernel_log = -1};
	struct pt_error err = PT_ERROR_INIT;
	struct bind_args args;

	if (bind_args_parse(argc, argv, &args, &err) < 0) {
		report_error(&err, stderr);
		return EXIT_USAGE;
	}
	if (args.help) {
		bind_args_help(argv[0], stdout);
		return EXIT_OK;
	}
	if (host_init(&host, &args, create, &err) < 0)
		return fail(&err);
	return verb(&host, &args);
}

int cmd_bind(int argc, char **argv)
{
	return run_verb(argc, argv, true, do_bind);
}

int cmd_unbind(int argc, char **argv)
{
	return run_verb(argc, argv, true, do_unbind);
}

int cmd_recover(int argc, char **argv)
{
	return run_verb(argc, argv, false, do_recover);
}
