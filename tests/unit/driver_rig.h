/* SPDX-License-Identifier: MIT */
/*
 * A modelled host whose devices are taken, with a real journal, and an end at any point: what changes the host, the journal
 * included, is counted, and from a chosen change on nothing happens any more, as if the process had been killed.
 */
#ifndef DRIVER_RIG_H
#define DRIVER_RIG_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "host/driver_ops.h"
#include "host/taken.h"

/**
 * struct driver_rig - a host
 * @die_at: the process ends at this change, counted from 1; 0 for never
 * @die_after: after it was done, not before
 * @hangs: a file whose writing does not end, part of its path; NULL for none
 */
struct driver_rig {
	struct model *model;
	struct driver_host host;
	char parent[64];
	unsigned changes;
	unsigned die_at;
	bool die_after;
	bool dead;
	const char *hangs;
	char said[2048];
	struct pt_error err;
};

#define RIG_DISK "0000:02:00.0"
#define RIG_CARD "0000:03:00.0"

/* Return: whether the change is to be made; whether it is the last is in @dead then. */
static inline bool rig_alive(struct driver_rig *rig)
{
	if (rig->dead)
		return false;
	rig->dead = ++rig->changes == rig->die_at;
	return !rig->dead || rig->die_after;
}

static inline int rig_open(struct driver_rig *rig, const char *path, int flags)
{
	const struct pt_sys *sys = rig->host.sys;

	return sys->open(sys->ctx, path, flags);
}

static inline int rig_read(void *ctx, const char *path, char *buf, size_t size, unsigned limit)
{
	struct driver_rig *rig = ctx;
	const struct pt_sys *sys = rig->host.sys;
	int fd = rig_open(rig, path, O_RDONLY);
	int64_t got;

	(void)limit;
	if (fd < 0)
		return fd;
	got = sys->read(sys->ctx, fd, buf, size - 1);
	(void)sys->close(sys->ctx, fd);
	if (got < 0)
		return (int)got;
	buf[got] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static inline int rig_put(struct driver_rig *rig, const char *path, const char *text)
{
	const struct pt_sys *sys = rig->host.sys;
	int fd = rig_open(rig, path, O_WRONLY);
	int64_t put;

	if (fd < 0)
		return fd;
	put = sys->write(sys->ctx, fd, *text ? text : "\n", *text ? strlen(text) : 1);
	(void)sys->close(sys->ctx, fd);
	return put < 0 ? (int)put : 0;
}

static inline int rig_write(void *ctx, const char *path, const char *text, unsigned limit)
{
	struct driver_rig *rig = ctx;

	(void)limit;
	if (!rig_alive(rig))
		return -EIO;
	if (rig->hangs && strstr(path, rig->hangs))
		return -ETIMEDOUT;
	return rig_put(rig, path, text);
}

static inline int rig_load_module(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return -ENOENT;
}

/* What libvirt's daemon does by the request, after which it does not matter whether who asked lives. */
static inline int rig_libvirt(void *ctx, const char *uri, const char *name,
			      enum libvirt_action action, unsigned limit, struct pt_error *err)
{
	struct driver_rig *rig = ctx;
	char path[PT_PATH_SIZE];
	const char *override = action == LIBVIRT_DETACH ? "vfio-pci" : "";

	(void)limit;
	if (!rig_alive(rig))
		return pt_error_set(err, -EIO, "the process is dead");
	if (strstr(uri, "busy"))
		return pt_error_set(err, -EBUSY, "%s: libvirt (%s) does not give it away", name,
				    uri);
	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", name);
	(void)rig_put(rig, path, override);
	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind", name);
	(void)rig_put(rig, path, name);
	(void)rig_put(rig, "/sys/bus/pci/drivers_probe", name);
	return 0;
}

static inline int rig_remember(void *ctx, const struct journal *journal,
			       const struct journal_record *record, struct pt_error *err)
{
	return rig_alive(ctx) ? journal_write(journal, record, err)
			      : pt_error_set(err, -EIO, "the process is dead");
}

static inline int rig_forget(void *ctx, const struct journal *journal, const char *name,
			     struct pt_error *err)
{
	return rig_alive(ctx) ? journal_remove(journal, name, err)
			      : pt_error_set(err, -EIO, "the process is dead");
}

static inline void rig_say(void *ctx, const char *text)
{
	struct driver_rig *rig = ctx;
	size_t len = strlen(rig->said);

	(void)snprintf(rig->said + len, sizeof(rig->said) - len, "%s\n", text);
}

static const struct driver_ops rig_ops = {
	.read = rig_read,
	.write = rig_write,
	.load_module = rig_load_module,
	.libvirt = rig_libvirt,
	.remember = rig_remember,
	.forget = rig_forget,
};

/* A disk that nvme has, and a network card with virtual functions that igb has. */
static inline void rig_up(struct driver_rig *rig)
{
	struct model_pci disk = model_nvme(RIG_DISK, 26), card = model_nvme(RIG_CARD, 27);

	memset(rig, 0, sizeof(*rig));
	rig->model = model_new();
	disk.driver = "nvme";
	card.driver = "igb";
	card.sriov = true;
	model_add(rig->model, &disk)->native = "nvme";
	model_add(rig->model, &card)->native = "igb";
	model_bindable(rig->model);
	rig->host = (struct driver_host){
		.sys = model_sys(rig->model),
		.ops = &rig_ops,
		.ctx = rig,
		.limit = 60000,
		.kernel_log = -1,
		.say = rig_say,
		.say_ctx = rig,
	};
	/* In memory where there is such a folder: every change waits for the disk. */
	(void)snprintf(rig->parent, sizeof(rig->parent), "%s/tenon-drivers.XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	cr_assert_not_null(mkdtemp(rig->parent));
	check_ok(journal_open(rig->parent, true, &rig->host.journal, &rig->err), rig->err);
}

static inline void rig_down(struct driver_rig *rig)
{
	char command[128];

	journal_close(&rig->host.journal);
	(void)snprintf(command, sizeof(command), "rm -r %s", rig->parent);
	cr_assert_eq(system(command), 0);
	check_clean(rig->model);
	model_free(rig->model);
}

static inline void rig_add_state(struct driver_rig *rig, const char *name, const char *file,
				 char *text, size_t size)
{
	char path[PT_PATH_SIZE], value[PT_PATH_SIZE];
	const struct pt_sys *sys = rig->host.sys;
	size_t len = strlen(text);
	int ret;

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", name, file);
	if (strcmp(file, "driver") == 0)
		ret = sys->realpath(sys->ctx, path, value, sizeof(value));
	else
		ret = rig_read(rig, path, value, sizeof(value), 0);
	(void)snprintf(text + len, size - len, "%s %s: %s\n", name, file, ret < 0 ? "-" : value);
}

/* All that can be changed, as text; 1024 bytes. */
static inline void rig_state(struct driver_rig *rig, char *text)
{
	static const char *const names[] = {RIG_DISK, RIG_CARD, "0000:02:10.0", "0000:02:10.1"};
	static const char *const files[] = {"driver", "driver_override", "power/control",
					    "sriov_numvfs", "sriov_drivers_autoprobe"};

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t j = 0; j < sizeof(files) / sizeof(files[0]); j++)
			rig_add_state(rig, names[i], files[j], text, 1024);
	}
}

static inline int rig_count(void *arg, const char *name)
{
	(void)name;
	++*(unsigned *)arg;
	return 0;
}

/* How many devices the journal has. */
static inline unsigned rig_records(const struct driver_rig *rig)
{
	unsigned count = 0;

	(void)journal_list(&rig->host.journal, rig_count, &count);
	return count;
}

/* The process that was killed is no more; another one begins. */
static inline void rig_reborn(struct driver_rig *rig)
{
	rig->die_at = rig->changes = 0;
	rig->dead = false;
	rig->said[0] = '\0';
	rig->err = (struct pt_error)PT_ERROR_INIT;
}

#endif
