/* SPDX-License-Identifier: MIT */
/*
 * Why a call on a device that is bound failed. Source: drivers/vfio/vfio_main.c, drivers/vfio/pci/vfio_pci_core.c,
 * vfio_pci_intrs.c and what they call, Linux 6.6 to 7.3.
 */
#include "refusal.h"
#include "sysfs.h"

#define DRIVERS_ON_BUS "ls -l $(dirname $(realpath " PT_SYSFS_PCI
#define IRQ_TEXT       64

/* Each looks for what a row can only suppose. Return: as of refusal.h, 0 for nothing found. */

/* One kind of interrupts excludes the others: vfio_pci_intrs.c, is_intx() and the like. */
static int by_other_kind(const struct pt_device *device, int code, struct pt_error *err)
{
	static const char *const names[] = {
		[PT_IRQ_INTX] = "INTx", [PT_IRQ_MSI] = "MSI", [PT_IRQ_MSIX] = "MSI-X"};

	for (unsigned i = 0; i < PT_ARRAY_SIZE(names); i++) {
		if (!device->irq_enabled[i])
			continue;
		pt_error_set(err, code,
			     "it has no such vectors, or they are of another kind than %s, "
			     "which is on",
			     names[i]);
		return pt_error_remedy(err, code, "turn %s off before another kind is turned on",
				       names[i]);
	}
	return 0;
}

/* A line that a device without DisINTx needs for itself. */
static int by_line(const struct pt_device *device, int code, struct pt_error *err)
{
	char path[PT_PATH_SIZE], irq[IRQ_TEXT], actions[IRQ_TEXT];

	pt_sysfs_path(device->host.name, "irq", path);
	if (pt_read_file(device->sys, path, irq, sizeof(irq)) <= 0 || strlen(irq) > 10)
		return 0;
	(void)snprintf(path, sizeof(path), PT_SYSFS_IRQS "/%s/actions", irq);
	if (pt_read_file(device->sys, path, actions, sizeof(actions)) <= 0)
		return 0;
	pt_error_set(err, code,
		     "its line, interrupt %s of the host, is in use (%s), and it cannot share one",
		     irq, actions);
	return pt_error_remedy(
		err, code,
		"let the guest use MSI; or unbind the other device from its driver (cat "
		"/proc/interrupts), or put one of them into another slot");
}

static int by_methods(const struct pt_device *device, int code, struct pt_error *err)
{
	char methods[64];

	if (pt_device_reset_methods(device, methods, sizeof(methods), NULL) < 0)
		return 0;
	if (methods[0] == '\0')
		pt_error_set(err, code, "the kernel has no method for it");
	else
		pt_error_set(err, code, "none of the kernel's methods for it (%s) can be used now",
			     methods);
	return pt_error_remedy(err, code,
			       "put it behind a port of its own, where its bus can be reset; or, "
			       "where a method was taken out, as root: echo default > " PT_SYSFS_PCI
			       "%s/reset_method",
			       device->host.name);
}

/* The descriptor of a device is the library's, or was handed in. */
static int by_descriptor(const struct pt_device *device, int code, struct pt_error *err)
{
	pt_error_set(err, code, "descriptor %d, by which it is reached, is closed", device->fd);
	return pt_error_remedy(err, code,
			       "keep the descriptors open that were handed in, until the device is "
			       "closed");
}

/**
 * struct row - what an errno of a call means
 * @calls: a mask of them
 * @look: asked first; NULL where there is nothing to look at
 * @cause: what is so if @look found nothing
 * @remedy: what to do; between it and @end comes the device's name, unless @end is NULL
 */
struct row {
	unsigned calls;
	int code;
	int (*look)(const struct pt_device *device, int code, struct pt_error *err);
	const char *cause;
	const char *remedy;
	const char *end;
};

#define ON(call) (1u << PT_CALL_##call)
#define ASKING	 (ON(INFO) | ON(REGION) | ON(IRQ))
#define RESETS	 (ON(RESET) | ON(BUS_RESET))
#define ANY	 (~0u)
#define LOG	 "see the host's kernel log: dmesg | grep "

static const struct row rows[] = {
	/* VFIO_DEVICE_GET_INFO, _GET_REGION_INFO, _GET_IRQ_INFO */
	{ASKING, -EINVAL, NULL, "its driver does not answer in the way of Linux 6.6",
	 "bind it to vfio-pci, or to its vendor's VFIO driver for this kernel: ls -l " PT_SYSFS_PCI,
	 "/driver"},
	{ASKING, -ENOTTY, NULL, "its driver does not know the question",
	 "bind it to vfio-pci, or to its vendor's VFIO driver for this kernel: ls -l " PT_SYSFS_PCI,
	 "/driver"},
	{ASKING, -ENOSPC, NULL, "what its driver answers has grown meanwhile", "try again", NULL},

	/* VFIO_DEVICE_SET_IRQS */
	{ON(TRIGGER), -EINVAL, by_other_kind, "it has no such vectors",
	 "see what the kernel found: dmesg | grep ", ""},
	{ON(TRIGGER), -ENOSPC, NULL, "the host has no interrupt vectors left",
	 "give the host more vectors: fewer devices on one CPU, or more CPUs", NULL},
	{ON(TRIGGER), -EBUSY, by_line, "its interrupt line is in use, and it cannot share one",
	 "see who has it: cat /proc/interrupts", NULL},
	{ON(TRIGGER), -ENOTTY, NULL, "its driver signals no interrupts of this kind",
	 "let the guest use another kind, or poll", NULL},
	{ON(UNMASK), -ENOTTY, NULL, "its driver takes no eventfd for it",
	 "unmask it with VFIO_IRQ_SET_ACTION_UNMASK, without one", NULL},
	{ON(UNMASK), -EBUSY, NULL, "another eventfd unmasks it already",
	 "hand in a descriptor that nobody else has: lsof " PT_VFIO_NODES "*", NULL},
	{ON(UNMASK), -EINVAL, NULL, "the interrupt is not on, or has no line",
	 "see what the kernel found: dmesg | grep ", ""},
	{ON(TRIGGER) | ON(UNMASK), -EBADFD, NULL, "what it was to signal is no eventfd",
	 "hand in eventfds", NULL},

	/* VFIO_DEVICE_RESET */
	{ON(RESET), -EINVAL, NULL, "its driver cannot reset it, and said otherwise",
	 "see what there is: cat " PT_SYSFS_PCI, "/reset_method"},
	{ON(RESET), -ENOTTY, by_methods, "no method that the kernel has for it can be used",
	 "see what there is: cat " PT_SYSFS_PCI, "/reset_method"},
	{RESETS, -EAGAIN, NULL,
	 "someone else is resetting it, or a function that is reset with it, or changes its driver",
	 "try again; see who does: dmesg | grep ", ""},
	{ON(RESET), -EBUSY, NULL, "it does not come to rest", "try again; see why: dmesg | grep ",
	 ""},
	{RESETS, -ETIMEDOUT, pt_cause_state, "it did not come back in time",
	 "a power cycle of the host brings it back; " LOG, ""},

	/* VFIO_DEVICE_GET_PCI_HOT_RESET_INFO */
	{ON(BUS_INFO), -ENODEV, NULL, "neither it nor its slot has a reset, as on a root bus",
	 "see /sys/bus/pci/devices/", "/reset_method, and the host's kernel log"},
	{ON(BUS_INFO), -EPERM, NULL, "a function that would be reset with it is in no IOMMU group",
	 "see which: " DRIVERS_ON_BUS, "))/*/iommu_group"},
	{ON(BUS_INFO), -EAGAIN, NULL, "functions come and go on its bus",
	 "try again; see which: dmesg | grep ", ""},
	{ON(BUS_INFO), -ENOSPC, NULL, "functions keep coming on its bus",
	 "try again; see which: dmesg | grep ", ""},
	{ON(BUS_INFO) | ON(BUS_RESET), -EINVAL, NULL,
	 "a function that would be reset with it has come to somebody else, or to a driver that is "
	 "not VFIO's",
	 "see their drivers: " DRIVERS_ON_BUS, "))/*/driver"},
	{ON(BUS_RESET), -EBUSY, NULL, "the BARs of a function on its bus are in use all the time",
	 "try again when no guest uses them: fuser -v /dev/vfio/* " PT_VFIO_NODES "*", NULL},
	{ON(BUS_RESET), -ENODEV, NULL, "neither its slot nor its bus can be reset any more",
	 "see whether its port is there: realpath " PT_SYSFS_PCI, ""},
	{ON(BUS_RESET), -ENOTTY, NULL, "neither its slot nor its bus could be reset",
	 "put it behind a port of its own; " LOG, ""},
	{ON(BUS_RESET), -EPERM, NULL, "a function that would be reset with it is somebody else's",
	 "see their drivers: " DRIVERS_ON_BUS, "))/*/driver"},

	/* VFIO_DEVICE_FEATURE */
	{ON(FEATURE), -ENOTTY, NULL, "neither its driver nor this kernel has the feature",
	 "bind it to its vendor's VFIO driver, where there is one: ls -l " PT_SYSFS_PCI, "/driver"},
	{ON(FEATURE), -EINVAL, NULL, "it is not in a state for it, or its driver takes other data",
	 LOG, ""},
	{ON(FEATURE), -EBUSY, NULL, "it is being reset, or migrated by somebody else", "try again",
	 NULL},
	{ON(FEATURE), -EPERM, NULL, "its driver does not allow it to this process", "run as root",
	 NULL},
	{ON(FEATURE), -EOPNOTSUPP, NULL, "its driver has only part of the feature",
	 "bind it to its vendor's VFIO driver, where there is one: ls -l " PT_SYSFS_PCI, "/driver"},

	/* Of each */
	{ANY, -ENODEV, pt_cause_state,
	 "it is gone: its driver was unbound from it, or it was pulled out", LOG, ""},
	{ANY, -EIO, pt_cause_state,
	 "the kernel cannot wake it, or it did not do as the kernel asked",
	 "keep it awake: echo on > " PT_SYSFS_PCI, "/power/control; and see the host's kernel log"},
	{ANY, -ENOMEM, NULL, PT_NO_MEMORY, NULL},
	{ANY, -EBADF, by_descriptor, NULL, NULL, NULL},
	{ANY, -EFAULT, NULL, "the kernel could not read or write what it was given", PT_REPORT,
	 NULL},
	{ANY, -E2BIG, NULL, "the kernel knows only part of what it was given",
	 "run a newer kernel than this: uname -r", NULL},
	{ANY, -EACCES, NULL, "something forbids it that is no file's permission",
	 "see the security module's log: journalctl -k | grep -i denied", NULL},
};

static int say(const struct row *row, const struct pt_device *device, int code,
	       struct pt_error *err)
{
	if (row->look && row->look(device, code, err) < 0)
		return code;
	pt_error_set(err, code, "%s", row->cause);
	/* A mediated device is no PCI function. */
	if (device->host.mediated && strstr(row->remedy, PT_SYSFS_PCI))
		return pt_error_remedy(err, code, LOG "%s", device->host.name);
	return pt_error_remedy(err, code, "%s%s%s", row->remedy, row->end ? device->host.name : "",
			       row->end ? row->end : "");
}

int pt_refused_call(const struct pt_device *device, enum pt_call call, int code,
		    struct pt_error *err)
{
	for (size_t i = 0; i < PT_ARRAY_SIZE(rows); i++) {
		if (rows[i].code == code && rows[i].calls & 1u << call)
			return say(&rows[i], device, code, err);
	}
	if (pt_cause_state(device, code, err) < 0)
		return code;
	pt_error_set(err, code, "%s", strerror(-code));
	return pt_error_remedy(err, code, LOG "%s", device->host.name);
}
