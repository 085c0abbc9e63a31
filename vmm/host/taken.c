/* SPDX-License-Identifier: MIT */
#include "host/taken.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/binding.h"
#include "host/device_state.h"
#include "host/device_use.h"
#include "host/vfs.h"

void taken_init(struct taken *taken, const struct driver_host *host, const char *who)
{
	*taken = (struct taken){.host = host};
	(void)snprintf(taken->who, sizeof(taken->who), "%s", who);
}

static bool has(const struct taken *taken, const char *name)
{
	for (size_t i = 0; i < taken->count; i++) {
		if (strcmp(taken->devices[i].name, name) == 0)
			return true;
	}
	return false;
}

/* With its lock, as the last of the list. */
static int add(struct taken *taken, const char *name, struct pt_error *err)
{
	struct taken_device *devices =
		reallocarray(taken->devices, taken->count + 1, sizeof(*devices));
	struct taken_device *device;
	int ret;

	if (!devices)
		return pt_error_set(err, -ENOMEM, "out of memory");
	taken->devices = devices;
	device = &devices[taken->count];
	ret = journal_lock(&taken->host->journal, name, taken->who, &device->lock, err);
	if (ret < 0)
		return ret;
	device->changed = false;
	device->left = false;
	(void)snprintf(device->name, sizeof(device->name), "%s", name);
	taken->count++;
	return 0;
}

static void drop(struct taken *taken, size_t index)
{
	(void)close(taken->devices[index].lock);
	taken->count--;
	memmove(&taken->devices[index], &taken->devices[index + 1],
		(taken->count - index) * sizeof(*taken->devices));
}

static void drop_last(struct taken *taken)
{
	drop(taken, taken->count - 1);
}

/* A physical function takes its virtual ones along. */
static int check_vfs(const struct driver_host *host, const char *name, struct pt_error *err)
{
	unsigned vfs = 0;
	int ret = pci_number(host, name, "sriov_numvfs", &vfs);

	if (ret == -ENOENT || (ret == 0 && vfs == 0))
		return 0;
	if (ret < 0)
		return pt_error_set(err, ret, "%s: reading sriov_numvfs: %s", name, strerror(-ret));
	pt_error_set(err, -EBUSY, "%s: its %u virtual functions would be gone", name, vfs);
	return pt_error_remedy(err, -EBUSY,
			       "remove them: echo 0 > " PCI_DEVICES
			       "%s/sriov_numvfs; to take it all the "
			       "same: tenon bind --force %s",
			       name, name);
}

/* What must not be taken by a slip of the finger. */
static int check_use(const struct driver_host *host, const char *name, const char *to,
		     struct pt_error *err)
{
	char driver[PT_DRIVER_SIZE], path[PT_PATH_SIZE];
	int ret;

	pci_path(name, "", path);
	/* One that is not there is reported by who takes it. */
	if (pci_exists(host, path) == 0)
		return 0;
	ret = pci_driver(host, name, driver);
	if (ret < 0)
		return pt_error_set(err, ret, "%s: reading its driver: %s", name, strerror(-ret));
	if (strcmp(driver, to) == 0)
		return 0;
	ret = check_vfs(host, name, err);
	if (ret == 0)
		ret = device_use_disks(host->sys, name, err);
	if (ret == 0)
		ret = device_use_network(host->sys, name, err);
	if (ret == 0 && driver[0] && device_use_is_display(host->sys, name))
		driver_host_say(host, "%s: the host's own display: its console goes dark", name);
	return ret;
}

static void tell_framebuffer(const struct driver_host *host, const char *name)
{
	char owner[PT_NODE_SIZE];

	if (device_use_framebuffer(host->sys, name, owner, sizeof(owner)))
		driver_host_say(
			host,
			"%s: warning: the kernel still holds its memory for the console (%s), and no "
			"guest can map it; start the host with initcall_blacklist=sysfb_init",
			name, owner);
}

int taken_add(struct taken *taken, const char *name, const char *to, bool keep,
	      struct pt_error *err)
{
	bool changed = false;
	int ret;

	if (has(taken, name))
		return 0;
	ret = taken->force ? 0 : check_use(taken->host, name, to, err);
	if (ret == 0)
		ret = add(taken, name, err);
	if (ret < 0)
		return ret;
	ret = binding_take(taken->host, name, to, keep, &changed, err);
	if (ret < 0) {
		drop_last(taken);
		return ret;
	}
	taken->devices[taken->count - 1].changed = changed;
	tell_framebuffer(taken->host, name);
	return 0;
}

/* What is left of an earlier one. */
static int undo_earlier(const struct driver_host *host, const char *name, struct pt_error *err)
{
	struct journal_record record;
	int ret = journal_read(&host->journal, name, &record, err);

	if (ret == -ENOENT)
		return 0;
	return ret < 0 ? ret : binding_give_back(host, &record, err);
}

int taken_add_vfs(struct taken *taken, const char *name, unsigned count, struct pt_error *err)
{
	int ret = add(taken, name, err);

	if (ret < 0)
		return ret;
	ret = undo_earlier(taken->host, name, err);
	if (ret == 0)
		ret = vfs_create(taken->host, name, count, err);
	if (ret < 0)
		drop_last(taken);
	else
		taken->devices[taken->count - 1].changed = true;
	return ret;
}

int taken_give_back(struct taken *taken, struct pt_error *err)
{
	const struct driver_host *host = taken->host;
	int first = 0;

	while (taken->count > 0) {
		const struct taken_device *device = &taken->devices[taken->count - 1];
		struct pt_error error = PT_ERROR_INIT;
		int ret = device->changed ? undo_earlier(host, device->name, &error) : 0;

		if (ret < 0 && first == 0) {
			first = ret;
			if (err)
				*err = error;
		} else if (ret < 0) {
			driver_host_say(host, "%s", error.message);
		}
		drop_last(taken);
	}
	return first;
}

int taken_left(struct taken *taken, const char *name, struct pt_error *err)
{
	int first = 0;

	for (size_t i = taken->count; i-- > 0;) {
		struct taken_device *device = &taken->devices[i];
		struct pt_error error = PT_ERROR_INIT;
		int ret;

		device->left = device->left || strcmp(device->name, name) == 0;
		if (!device->left)
			continue;
		ret = device->changed ? undo_earlier(taken->host, device->name, &error) : 0;
		if (ret == 0) {
			drop(taken, i);
		} else if (first == 0) {
			first = ret;
			if (err)
				*err = error;
		}
	}
	return first;
}

void taken_done(struct taken *taken)
{
	while (taken->count > 0)
		drop_last(taken);
	free(taken->devices);
	*taken = (struct taken){.count = 0};
}

/* The names are gathered first: giving back removes what is being listed. */
struct names {
	char (*names)[PT_NAME_SIZE];
	size_t count;
};

static int gather(void *arg, const char *name)
{
	struct names *names = arg;
	char(*grown)[PT_NAME_SIZE] = reallocarray(names->names, names->count + 1, PT_NAME_SIZE);

	if (!grown)
		return -ENOMEM;
	names->names = grown;
	(void)snprintf(grown[names->count++], PT_NAME_SIZE, "%s", name);
	return 0;
}

/* Return: 1 it was given back, 0 it is to stay. */
static int recover_one(const struct driver_host *host, const char *name, const char *who, bool tell,
		       struct pt_error *err)
{
	char holder[PT_NODE_SIZE * 2];
	struct journal_record record;
	CLEANUP_CLOSE int lock = -1;
	int ret = journal_lock(&host->journal, name, who, &lock, err);

	if (ret == -EBUSY && tell)
		driver_host_say(host, "%s: left as it is", err->message);
	if (ret == -EBUSY)
		return 0;
	if (ret == 0)
		ret = journal_read(&host->journal, name, &record, err);
	if (ret == 0 && record.kept && tell)
		driver_host_say(host, "%s: stays with %s, until `tenon unbind %s`", name,
				record.given_to, name);
	if (ret == -ENOENT || (ret == 0 && record.kept))
		return 0;
	if (ret < 0)
		return ret;
	/* Another program's guest, say, which nobody has asked to be disturbed. */
	binding_holder(host, name, holder, sizeof(holder));
	if (holder[0]) {
		driver_host_say(host, "%s: %s has it open: left as it is", name, holder);
		return 0;
	}
	ret = binding_give_back(host, &record, err);
	return ret < 0 ? ret : 1;
}

int taken_recover(const struct driver_host *host, const char *who, bool tell, unsigned *ret_count,
		  struct pt_error *err)
{
	struct names names = {.count = 0};
	int first = journal_list(&host->journal, gather, &names);
	unsigned count = 0;

	if (first < 0)
		(void)pt_error_set(err, first, "%s: %s", host->journal.path, strerror(-first));
	for (size_t i = 0; i < names.count; i++) {
		struct pt_error error = PT_ERROR_INIT;
		int ret = recover_one(host, names.names[i], who, tell, &error);

		if (ret > 0)
			count++;
		if (ret < 0 && first == 0) {
			first = ret;
			if (err)
				*err = error;
		} else if (ret < 0) {
			driver_host_say(host, "%s", error.message);
		}
	}
	free(names.names);
	*ret_count = count;
	return first;
}

int taken_unbind(const struct driver_host *host, const char *name, const char *who,
		 struct pt_error *err)
{
	struct journal_record record;
	CLEANUP_CLOSE int lock = -1;
	int ret = journal_lock(&host->journal, name, who, &lock, err);

	if (ret == -EBUSY)
		return pt_error_remedy(
			err, ret,
			"end that one, which gives it back; or, where it is a guest, ask it to "
			"let go: echo %s > " PCI_DRIVERS "vfio-pci/unbind",
			name);
	if (ret < 0)
		return ret;
	ret = journal_read(&host->journal, name, &record, err);
	if (ret == 0)
		return binding_give_back(host, &record, err);
	if (ret == -ENOENT || ret == -EBADMSG)
		return binding_release(host, name, err);
	return ret;
}
