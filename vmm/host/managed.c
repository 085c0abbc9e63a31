/* SPDX-License-Identifier: MIT */
#include "host/managed.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/binding.h"
#include "host/device_state.h"
#include "host/kernel_log.h"
#include "host/vfs.h"
#include "report.h"

#define LIMIT 60000 /* milliseconds, for one step */

static void say(void *ctx, const char *text)
{
	(void)ctx;
	report_note(stderr, "%s", text);
}

void managed_init(struct managed *managed)
{
	*managed = (struct managed){
		.host =
			{
				.sys = pt_sys_linux(),
				.ops = &driver_ops_linux,
				.journal = {.dir = -1},
				.limit = LIMIT,
				.kernel_log = -1,
				.say = say,
			},
		.giving = PTHREAD_MUTEX_INITIALIZER,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.settled = PTHREAD_COND_INITIALIZER,
	};
}

void managed_done(struct managed *managed)
{
	taken_done(&managed->taken);
	journal_close(&managed->host.journal);
	if (managed->host.kernel_log >= 0)
		(void)close(managed->host.kernel_log);
	managed->host.kernel_log = -1;
}

bool managed_any(const struct vm_config *config)
{
	for (size_t i = 0; i < config->device_count; i++) {
		if (config->devices[i].managed || config->devices[i].vfs)
			return true;
	}
	return false;
}

/* A PCI function, canonical. */
static int resolve(const struct managed *managed, const char *text, char *ret_name,
		   struct pt_error *err)
{
	int ret = pt_host_resolve(managed->host.sys, text, ret_name, err);

	if (ret == 0 && pt_bdf_parse(ret_name, ret_name) < 0)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL,
				     "%s: is a mediated device, which has its driver by nature",
				     ret_name),
			"leave managed and vfs out");
	return ret;
}

/* The device at @index becomes its virtual functions. */
static int replace_by_vfs(struct managed *managed, struct vm_config *config, size_t index,
			  const char *physical, struct pt_error *err)
{
	const unsigned count = config->devices[index].vfs;
	char name[PT_NAME_SIZE];
	int ret = vm_config_multiply_device(config, index, count, err);

	for (unsigned i = 0; i < count && ret == 0; i++) {
		ret = vfs_name(&managed->host, physical, i, name, err);
		if (ret == 0)
			ret = vm_config_rename_device(&config->devices[index + i], name, err);
		if (ret == 0)
			ret = taken_add(&managed->taken, name, VFIO_DRIVER, false, err);
	}
	return ret;
}

static int take_vfs(struct managed *managed, struct vm_config *config, size_t index,
		    const char *physical, struct pt_error *err)
{
	int ret = taken_add_vfs(&managed->taken, physical, config->devices[index].vfs, err);

	return ret < 0 ? ret : replace_by_vfs(managed, config, index, physical, err);
}

static int take_all(struct managed *managed, struct vm_config *config, struct pt_error *err)
{
	for (size_t i = 0; i < config->device_count; i++) {
		struct vm_config_device *device = &config->devices[i];
		char name[PT_NAME_SIZE];
		int ret;

		if (!device->managed && !device->vfs)
			continue;
		ret = resolve(managed, device->name, name, err);
		if (ret < 0)
			return ret;
		device->managed = false;
		if (device->vfs)
			ret = take_vfs(managed, config, i, name, err);
		else
			ret = taken_add(&managed->taken, name, VFIO_DRIVER, false, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Others' devices are no reason not to run this guest. */
static void recover(const struct managed *managed, const char *who)
{
	struct pt_error err = PT_ERROR_INIT;
	unsigned count;

	if (taken_recover(&managed->host, who, false, &count, &err) < 0)
		report_note(stderr, "warning: %s; `tenon recover` tries again", err.message);
}

/* What a user who is not root can do about whatever it was. */
static int for_users(int code, struct pt_error *err)
{
	if (geteuid() == 0)
		return code;
	return pt_error_remedy(err, code,
			       "only root takes devices from their drivers: sudo tenon bind BDF, "
			       "and leave managed and vfs out");
}

/* Somebody has done already what this user could not do: then there is nothing to take, nor to write down. */
static bool is_done(const struct managed *managed, const struct vm_config *config)
{
	for (size_t i = 0; i < config->device_count; i++) {
		const struct vm_config_device *device = &config->devices[i];
		char name[PT_NAME_SIZE], driver[PT_DRIVER_SIZE];

		if (device->vfs)
			return false;
		if (!device->managed)
			continue;
		if (resolve(managed, device->name, name, NULL) < 0 ||
		    pci_driver(&managed->host, name, driver) < 0 ||
		    strcmp(driver, VFIO_DRIVER) != 0)
			return false;
	}
	return true;
}

static void leave_all(struct vm_config *config)
{
	for (size_t i = 0; i < config->device_count; i++)
		config->devices[i].managed = false;
}

int managed_take(struct managed *managed, struct vm_config *config, struct pt_error *err)
{
	struct pt_error unused = PT_ERROR_INIT;
	bool any = managed_any(config);
	char who[96];
	int ret;

	(void)snprintf(who, sizeof(who), "tenon run (pid %d)%s%s", (int)getpid(),
		       config->name ? ", guest " : "", config->name ? config->name : "");
	taken_init(&managed->taken, &managed->host, who);
	managed->host.libvirt = config->libvirt;
	if (any && geteuid() != 0 && is_done(managed, config)) {
		leave_all(config);
		any = false;
	}
	ret = journal_open(NULL, any, &managed->host.journal, any ? err : &unused);
	if (ret < 0)
		return any ? for_users(ret, err) : 0;
	managed->host.kernel_log = kernel_log_open();
	ret = take_all(managed, config, err);
	if (ret < 0 && managed_give_back(managed, &unused) < 0)
		report_note(stderr, "%s; `tenon recover` tries again", unused.message);
	/* The guest's own are locked now, and stay. */
	recover(managed, who);
	return ret < 0 ? for_users(ret, err) : 0;
}

struct leaver {
	struct managed *managed;
	char name[PT_NAME_SIZE];
};

static void count_leaving(struct managed *managed, int more)
{
	(void)pthread_mutex_lock(&managed->lock);
	managed->leaving += (unsigned)more;
	(void)pthread_cond_signal(&managed->settled);
	(void)pthread_mutex_unlock(&managed->lock);
}

static void *give_back_one(void *arg)
{
	CLEANUP_FREE struct leaver *leaver = arg;
	struct managed *managed = leaver->managed;
	struct pt_error err = PT_ERROR_INIT;

	(void)pthread_mutex_lock(&managed->giving);
	if (taken_left(&managed->taken, leaver->name, &err) < 0)
		report_note(stderr, "%s; tried again when the guest ends", err.message);
	(void)pthread_mutex_unlock(&managed->giving);
	count_leaving(managed, -1);
	return NULL;
}

/* Signals are not its affair, as with all threads but the one that waits for them. */
static int start_thread(struct leaver *leaver)
{
	sigset_t all, before;
	pthread_t thread;
	int ret;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	ret = pthread_create(&thread, NULL, give_back_one, leaver);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret == 0)
		(void)pthread_detach(thread);
	return ret;
}

void managed_left(struct managed *managed, const char *name)
{
	struct leaver *leaver = malloc(sizeof(*leaver));

	/* Then it goes back when the guest ends. */
	if (!leaver)
		return;
	leaver->managed = managed;
	(void)snprintf(leaver->name, sizeof(leaver->name), "%s", name);
	count_leaving(managed, 1);
	if (start_thread(leaver) == 0)
		return;
	count_leaving(managed, -1);
	free(leaver);
}

int managed_give_back(struct managed *managed, struct pt_error *err)
{
	(void)pthread_mutex_lock(&managed->lock);
	while (managed->leaving)
		(void)pthread_cond_wait(&managed->settled, &managed->lock);
	(void)pthread_mutex_unlock(&managed->lock);
	return taken_give_back(&managed->taken, err);
}

bool managed_holds(const struct managed *managed, int fd)
{
	for (size_t i = 0; i < managed->taken.count; i++) {
		if (managed->taken.devices[i].lock == fd)
			return true;
	}
	return fd >= 0 && (managed->host.journal.dir == fd || managed->host.kernel_log == fd);
}
