/* SPDX-License-Identifier: MIT */
#include "host/vfs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/binding.h"
#include "host/device_state.h"
#include "host/kernel_log.h"

static int write_number(const struct driver_host *host, const char *name, const char *file,
			unsigned number)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", number);
	return pci_write(host, name, file, text);
}

/* The kernel changes their number only from and to none. */
static int set_count(const struct driver_host *host, const char *name, unsigned count)
{
	unsigned now;
	int ret = pci_number(host, name, "sriov_numvfs", &now);

	if (ret < 0 || now == count)
		return ret;
	if (now > 0)
		ret = write_number(host, name, "sriov_numvfs", 0);
	return ret == 0 && count > 0 ? write_number(host, name, "sriov_numvfs", count) : ret;
}

static int set_autoprobe(const struct driver_host *host, const char *name, unsigned on)
{
	unsigned now;
	int ret = pci_number(host, name, "sriov_drivers_autoprobe", &now);

	return ret < 0 || now == on ? ret : write_number(host, name, "sriov_drivers_autoprobe", on);
}

static int refused(const struct driver_host *host, const char *name, const char *driver,
		   unsigned count, int code, struct pt_error *err)
{
	char words[256];

	if (code == -ENOENT)
		return pt_error_remedy(
			err,
			pt_error_set(err, -ENOTSUP, "%s: %s cannot make virtual functions", name,
				     driver[0] ? driver : "without a driver it"),
			"give the device to a driver that can: its own, on the host");
	if (code == -ETIMEDOUT)
		return pt_error_remedy(
			err,
			pt_error_set(err, code,
				     "%s: changing its virtual functions takes longer than %u s",
				     name, host->limit / 1000),
			"end what uses them; then `tenon recover` makes it as it was");
	pt_error_set(err, code, "%s: %u virtual functions: %s", name, count, strerror(-code));
	kernel_log_last(host->kernel_log, name, words, sizeof(words));
	if (words[0])
		return pt_error_remedy(err, code, "the kernel said: %s", words);
	if (code == -ENOMEM)
		return pt_error_remedy(
			err, code,
			"the firmware left no addresses for them: look for SR-IOV in "
			"its setup, or boot with pci=realloc");
	return pt_error_remedy(err, code, "see what the kernel says: dmesg | grep %s", name);
}

/* Before anything is changed. */
static int check_room(const struct driver_host *host, const struct journal_record *now,
		      unsigned count, struct pt_error *err)
{
	unsigned total = 0;
	int ret = pci_number(host, now->name, "sriov_totalvfs", &total);

	if (ret == -ENOENT || !now->has_vfs)
		return pt_error_set(err, -ENOTSUP, "%s: has no SR-IOV, and so no virtual functions",
				    now->name);
	if (ret < 0)
		return pt_error_set(err, ret, "%s: reading sriov_totalvfs: %s", now->name,
				    strerror(-ret));
	if (now->vfs > 0)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EBUSY,
				     "%s: somebody has made %u virtual functions of it", now->name,
				     now->vfs),
			"pass those through by their own addresses, which virtfn0 and following in " PCI_DEVICES
			"%s show; or remove them: echo 0 > " PCI_DEVICES "%s/sriov_numvfs",
			now->name, now->name);
	if (count > total)
		return pt_error_remedy(err,
				       pt_error_set(err, -ERANGE,
						    "%s: has %u virtual functions, not %u",
						    now->name, total, count),
				       "write vfs=%u, or less", total);
	return 0;
}

int vfs_create(const struct driver_host *host, const char *name, unsigned count,
	       struct pt_error *err)
{
	struct pt_error undone = PT_ERROR_INIT;
	struct journal_record now;
	int ret = device_state_read(host, name, &now, err);

	if (ret == 0)
		ret = check_room(host, &now, count, err);
	if (ret == 0)
		ret = host->ops->remember(host->ctx, &host->journal, &now, err);
	if (ret < 0)
		return ret;
	ret = set_autoprobe(host, name, 0);
	if (ret == 0)
		ret = set_count(host, name, count);
	if (ret == 0) {
		driver_host_say(host, "%s: %u virtual functions made", name, count);
		return 0;
	}
	if (ret != -ETIMEDOUT && binding_give_back(host, &now, &undone) < 0)
		driver_host_say(host, "%s; `tenon recover` tries again", undone.message);
	return refused(host, name, now.driver, count, ret, err);
}

int vfs_name(const struct driver_host *host, const char *name, unsigned index, char *ret_name,
	     struct pt_error *err)
{
	char path[PT_PATH_SIZE], target[PT_PATH_SIZE], file[32];
	const char *last = NULL;
	int ret;

	(void)snprintf(file, sizeof(file), "virtfn%u", index);
	pci_path(name, file, path);
	ret = host->sys->readlink(host->sys->ctx, path, target, sizeof(target));
	if (ret >= 0)
		last = strrchr(target, '/');
	if (ret >= 0 && (!last || pt_bdf_parse(last + 1, ret_name) < 0))
		ret = -EIO;
	return ret < 0 ? pt_error_set(err, ret, "%s: %s", path, strerror(-ret)) : 0;
}

int vfs_restore(const struct driver_host *host, const struct journal_record *record,
		struct pt_error *err)
{
	unsigned before = 0;
	int ret;

	if (!record->has_vfs)
		return 0;
	ret = pci_number(host, record->name, "sriov_numvfs", &before);
	if (ret == 0)
		ret = set_autoprobe(host, record->name, record->autoprobe);
	if (ret == 0)
		ret = set_count(host, record->name, record->vfs);
	if (ret < 0)
		return refused(host, record->name, record->driver, record->vfs, ret, err);
	if (before > record->vfs)
		driver_host_say(host, "%s: %u virtual functions removed", record->name,
				before - record->vfs);
	return 0;
}
