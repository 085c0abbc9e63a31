/* SPDX-License-Identifier: MIT */
#include "host/binding.h"

#include <errno.h>
#include <passthrough/host.h>
#include <stdio.h>
#include <string.h>

#include "host/device_state.h"
#include "host/kernel_log.h"
#include "host/vfs.h"

static const char *or_none(const char *driver)
{
	return driver[0] ? driver : "no driver";
}

void binding_holder(const struct driver_host *host, const char *name, char *text, size_t size)
{
	struct pt_host_device device;
	char node[PT_PATH_SIZE];

	text[0] = '\0';
	if (pt_host_read(host->sys, name, &device, NULL) < 0)
		return;
	(void)snprintf(node, sizeof(node), "/dev/vfio/devices/%s", device.node);
	if (device.node[0] && pt_host_holder(host->sys, node, text, size) > 0)
		return;
	(void)snprintf(node, sizeof(node), "/dev/vfio/%s%d", device.noiommu ? "noiommu-" : "",
		       device.group);
	(void)pt_host_holder(host->sys, node, text, size);
}

/* @driver has it, and does not let go. @holder: who had its node open, which is out of sight by now. */
static int still_held(const struct driver_host *host, const char *name, const char *driver,
		      const char *holder, struct pt_error *err)
{
	if (holder[0])
		pt_error_set(err, -ETIMEDOUT, "%s: %s does not let go of it: %s has it open", name,
			     driver, holder);
	else
		pt_error_set(err, -ETIMEDOUT,
			     "%s: %s did not let go of it in %u s, and the kernel goes on waiting",
			     name, driver, host->limit / 1000);
	return pt_error_remedy(err, -ETIMEDOUT,
			       "end what uses it; then `tenon recover` gives it back as it was");
}

/* What the kernel said of it; the message is set. */
static int add_kernel_words(const struct driver_host *host, const char *name, int code,
			    struct pt_error *err)
{
	char words[256];

	kernel_log_last(host->kernel_log, name, words, sizeof(words));
	if (words[0])
		return pt_error_remedy(err, code, "the kernel said: %s", words);
	return pt_error_remedy(err, code, "see what the kernel says: dmesg | grep %s", name);
}

static int step_failed(const char *name, const char *what, int code, struct pt_error *err)
{
	pt_error_set(err, code, "%s: %s: %s", name, what, strerror(-code));
	if (code == -EACCES || code == -EPERM)
		return pt_error_remedy(err, code, "do it as root");
	return code;
}

/* Which driver it has now. */
static int look(const struct driver_host *host, const char *name, char *ret_driver,
		struct pt_error *err)
{
	int ret = pci_driver(host, name, ret_driver);

	return ret < 0 ? step_failed(name, "looking which driver it has", ret, err) : 0;
}

static int set_override(const struct driver_host *host, const char *name, const char *driver,
			struct pt_error *err)
{
	char text[PT_DRIVER_SIZE + 1];
	int ret;

	(void)snprintf(text, sizeof(text), "%s\n", driver);
	ret = pci_write(host, name, "driver_override", text);
	return ret < 0 ? step_failed(name, "writing driver_override", ret, err) : 0;
}

/* Inverse: probe() or bind_to(). */
static int take_from(const struct driver_host *host, const char *name, const char *driver,
		     struct pt_error *err)
{
	char holder[PT_NODE_SIZE * 2];
	int ret;

	binding_holder(host, name, holder, sizeof(holder));
	if (holder[0])
		driver_host_say(host, "%s: %s has it open, and is asked to let go of it", name,
				holder);
	ret = pci_write(host, name, "driver/unbind", name);
	if (ret == -ETIMEDOUT)
		return still_held(host, name, driver, holder, err);
	/* It was taken meanwhile. */
	if (ret == -ENOENT || ret == -ENODEV)
		return 0;
	return ret < 0 ? step_failed(name, "taking it from its driver", ret, err) : 0;
}

/* Return: 0 whether or not a driver took it, that is to be looked at; -ETIMEDOUT. */
static int probe(const struct driver_host *host, const char *name, struct pt_error *err)
{
	int ret = host->ops->write(host->ctx, PCI_PROBE, name, host->limit);

	if (ret == -ETIMEDOUT) {
		pt_error_set(err, ret, "%s: the new driver is not done with it after %u s", name,
			     host->limit / 1000);
		return add_kernel_words(host, name, ret, err);
	}
	return ret == -EACCES || ret == -EPERM ? step_failed(name, "giving it a driver", ret, err)
					       : 0;
}

/* The driver of this name, by name: the kernel's own choice could be another. */
static int bind_to(const struct driver_host *host, const char *name, const char *driver,
		   struct pt_error *err)
{
	char path[PT_PATH_SIZE];
	int ret;

	(void)snprintf(path, sizeof(path), PCI_DRIVERS "%s/bind", driver);
	if (pci_exists(host, path) == 0)
		(void)host->ops->load_module(host->ctx, driver);
	ret = host->ops->write(host->ctx, path, name, host->limit);
	if (ret == -ETIMEDOUT) {
		pt_error_set(err, ret, "%s: %s is not done with it after %u s", name, driver,
			     host->limit / 1000);
		return add_kernel_words(host, name, ret, err);
	}
	/* A driver that is no more, or does not know it any more: whichever the kernel has for it. */
	return ret < 0 ? probe(host, name, err) : 0;
}

static int require_driver(const struct driver_host *host, const char *name, const char *driver,
			  struct pt_error *err)
{
	char path[PT_PATH_SIZE];
	int ret;

	(void)snprintf(path, sizeof(path), PCI_DRIVERS "%s", driver);
	ret = pci_exists(host, path);
	if (ret == 0) {
		(void)host->ops->load_module(host->ctx, driver);
		ret = pci_exists(host, path);
	}
	if (ret > 0)
		return 0;
	return pt_error_remedy(
		err,
		pt_error_set(err, -ENOENT, "%s: there is no driver %s to give it to", name, driver),
		"modprobe %s; where there is no such module, run a kernel with CONFIG_VFIO_PCI",
		driver);
}

static int check_kind(const struct driver_host *host, const struct journal_record *now,
		      struct pt_error *err)
{
	unsigned class_code = 0;
	int ret = pci_number(host, now->name, "class", &class_code);
	const char *kind;

	if (ret < 0)
		return step_failed(now->name, "reading its class", ret, err);
	kind = pt_bridge_kind(class_code);
	return kind ? pt_error_set(err, -ENODEV, "%s: is %s, which cannot be assigned", now->name,
				   kind)
		    : 0;
}

/* One that was never given back has the driver already. */
static int change_by_ourselves(const struct driver_host *host, const struct journal_record *now,
			       const char *to, struct pt_error *err)
{
	int ret = set_override(host, now->name, to, err);

	if (ret < 0 || strcmp(now->driver, to) == 0)
		return ret;
	if (now->driver[0])
		ret = take_from(host, now->name, now->driver, err);
	return ret < 0 ? ret : probe(host, now->name, err);
}

static int change_driver(const struct driver_host *host, const struct journal_record *now,
			 const struct journal_record *record, const char *to, struct pt_error *err)
{
	char driver[PT_DRIVER_SIZE] = "";
	int ret;

	if (record->libvirt[0] && strcmp(now->driver, to) == 0)
		return 0;
	if (record->libvirt[0])
		ret = host->ops->libvirt(host->ctx, record->libvirt, now->name, LIBVIRT_DETACH,
					 host->limit, err);
	else
		ret = change_by_ourselves(host, now, to, err);
	if (ret == 0)
		ret = look(host, now->name, driver, err);
	if (ret < 0)
		return ret;
	if (strcmp(driver, to) == 0)
		return 0;
	pt_error_set(err, -EIO, "%s: %s does not take it", now->name, to);
	return add_kernel_words(host, now->name, -EIO, err);
}

/* The cause stays what it is; that it could not be undone is added. */
static void undo(const struct driver_host *host, const struct journal_record *record, int code)
{
	struct pt_error undone = PT_ERROR_INIT;

	/* The kernel has the device's lock for as long as it waits: nothing can be done now. */
	if (code == -ETIMEDOUT || binding_give_back(host, record, &undone) == 0)
		return;
	driver_host_say(host, "%s; `tenon recover` tries again", undone.message);
}

/* What it was before anybody changed it. */
static int find_record(const struct driver_host *host, const struct journal_record *now,
		       struct journal_record *ret_record, struct pt_error *err)
{
	int ret = journal_read(&host->journal, now->name, ret_record, err);

	if (ret == 0 && strcmp(ret_record->boot, now->boot) == 0 &&
	    ret_record->vendor == now->vendor && ret_record->device == now->device)
		return 0;
	if (ret < 0 && ret != -ENOENT)
		return ret;
	*ret_record = *now;
	return -ENOENT;
}

int binding_take(const struct driver_host *host, const char *name, const char *to, bool keep,
		 bool *ret_changed, struct pt_error *err)
{
	struct journal_record now, record;
	int found, ret = device_state_read(host, name, &now, err);

	if (ret == 0)
		ret = check_kind(host, &now, err);
	if (ret < 0)
		return ret;
	found = find_record(host, &now, &record, err);
	if (found < 0 && found != -ENOENT)
		return found;
	if (strcmp(now.driver, to) == 0 && (found == -ENOENT || record.kept)) {
		*ret_changed = false;
		return 0;
	}
	ret = require_driver(host, name, to, err);
	if (ret < 0)
		return ret;
	record.kept = false;
	(void)snprintf(record.given_to, sizeof(record.given_to), "%s", to);
	if (host->libvirt)
		(void)snprintf(record.libvirt, sizeof(record.libvirt), "%s", host->libvirt);
	ret = host->ops->remember(host->ctx, &host->journal, &record, err);
	if (ret < 0)
		return ret;
	ret = change_driver(host, &now, &record, to, err);
	if (ret == 0 && keep) {
		record.kept = true;
		ret = host->ops->remember(host->ctx, &host->journal, &record, err);
	}
	if (ret < 0) {
		undo(host, &record, ret);
		return ret;
	}
	if (strcmp(now.driver, to) == 0)
		driver_host_say(host, "%s: taken over; it was never given back to %s", name,
				or_none(record.driver));
	else
		driver_host_say(host, "%s: taken from %s, given to %s", name, or_none(now.driver),
				to);
	*ret_changed = true;
	return 0;
}

/* The driver that it had. */
static int restore_driver(const struct driver_host *host, const struct journal_record *record,
			  const struct journal_record *now, struct pt_error *err)
{
	char driver[PT_DRIVER_SIZE] = "";
	int ret = 0;

	if (strcmp(now->override, record->override) != 0)
		ret = set_override(host, record->name, record->override, err);
	if (ret < 0 || strcmp(now->driver, record->driver) == 0)
		return ret;
	if (now->driver[0] && strcmp(now->driver, record->given_to) != 0) {
		driver_host_say(host, "%s: %s has it, which is neither of the two: left there",
				record->name, now->driver);
		return 0;
	}
	if (now->driver[0])
		ret = take_from(host, record->name, now->driver, err);
	if (ret == 0 && record->driver[0])
		ret = bind_to(host, record->name, record->driver, err);
	if (ret == 0)
		ret = look(host, record->name, driver, err);
	if (ret < 0)
		return ret;
	if (record->driver[0] && !driver[0]) {
		pt_error_set(err, -EIO, "%s: %s does not take it back", record->name,
			     record->driver);
		return add_kernel_words(host, record->name, -EIO, err);
	}
	driver_host_say(host, "%s: taken from %s, given back to %s", record->name,
			or_none(now->driver), or_none(driver));
	return 0;
}

static int restore_power(const struct driver_host *host, const struct journal_record *record,
			 struct pt_error *err)
{
	struct journal_record now;
	int ret = device_state_read(host, record->name, &now, err);

	if (ret < 0 || !record->power[0] || strcmp(now.power, record->power) == 0)
		return ret;
	ret = pci_write(host, record->name, "power/control", record->power);
	return ret < 0 ? step_failed(record->name, "writing power/control", ret, err) : 0;
}

/* Whether there is anything to give back; says why not. */
static bool is_meant(const struct driver_host *host, const struct journal_record *record,
		     const struct journal_record *now)
{
	if (strcmp(record->boot, now->boot) != 0) {
		driver_host_say(host, "%s: the host has started anew since it was taken: forgotten",
				record->name);
		return false;
	}
	if (record->vendor == now->vendor && record->device == now->device)
		return true;
	driver_host_say(host, "%s: another device is in its place: forgotten", record->name);
	return false;
}

/* libvirt takes it back, or had never given it away; what it does not restore is looked at after that. */
static int restore_by_libvirt(const struct driver_host *host, const struct journal_record *record,
			      struct journal_record *now, struct pt_error *err)
{
	char before[PT_DRIVER_SIZE];
	int ret;

	if (strcmp(now->driver, record->driver) == 0)
		return 0;
	memcpy(before, now->driver, sizeof(before));
	ret = host->ops->libvirt(host->ctx, record->libvirt, record->name, LIBVIRT_REATTACH,
				 host->limit, err);
	if (ret == 0)
		ret = device_state_read(host, record->name, now, err);
	/* It may do nothing, where it has forgotten that it gave the device away; then who asked does it. */
	if (ret == 0 && strcmp(now->driver, before) != 0)
		driver_host_say(host, "%s: taken from %s, given back to %s by libvirt",
				record->name, or_none(before), or_none(now->driver));
	return ret;
}

static int restore(const struct driver_host *host, const struct journal_record *record,
		   const struct journal_record *now, struct pt_error *err)
{
	struct journal_record begun = *record, after = *now;
	int ret = 0;

	/* From here on it does not stay with whom it was given to. */
	if (record->kept) {
		begun.kept = false;
		ret = host->ops->remember(host->ctx, &host->journal, &begun, err);
	}
	if (ret == 0 && record->libvirt[0])
		ret = restore_by_libvirt(host, record, &after, err);
	if (ret == 0 && record->given_to[0])
		ret = restore_driver(host, record, &after, err);
	if (ret == 0)
		ret = vfs_restore(host, record, err);
	return ret < 0 ? ret : restore_power(host, record, err);
}

int binding_give_back(const struct driver_host *host, const struct journal_record *record,
		      struct pt_error *err)
{
	struct pt_error gone = PT_ERROR_INIT;
	struct journal_record now;
	int ret = device_state_read(host, record->name, &now, &gone);

	if (ret == -ENODEV)
		driver_host_say(host, "%s: is gone: forgotten", record->name);
	else if (ret < 0 && err)
		*err = gone;
	if (ret < 0 && ret != -ENODEV)
		return ret;
	if (ret == 0 && is_meant(host, record, &now)) {
		ret = restore(host, record, &now, err);
		if (ret < 0)
			return ret;
	}
	return host->ops->forget(host->ctx, &host->journal, record->name, err);
}

int binding_release(const struct driver_host *host, const char *name, struct pt_error *err)
{
	struct journal_record now;
	char driver[PT_DRIVER_SIZE] = "";
	int ret = device_state_read(host, name, &now, err);

	if (ret < 0)
		return ret;
	if (now.driver[0] && !strstr(now.driver, "vfio")) {
		driver_host_say(host, "%s: %s has it, which is no VFIO driver: left there", name,
				now.driver);
		return host->ops->forget(host->ctx, &host->journal, name, err);
	}
	if (now.override[0])
		ret = set_override(host, name, "", err);
	if (ret == 0 && now.driver[0])
		ret = take_from(host, name, now.driver, err);
	if (ret == 0)
		ret = probe(host, name, err);
	if (ret == 0)
		ret = look(host, name, driver, err);
	if (ret == 0)
		ret = host->ops->forget(host->ctx, &host->journal, name, err);
	if (ret == 0)
		driver_host_say(host, "%s: taken from %s, given to %s", name, or_none(now.driver),
				or_none(driver));
	return ret;
}
