/* SPDX-License-Identifier: MIT */
/* Calls on a device that is bound: each errno of each call has a cause of its own, looked for where one can look. */
#include "slot.h"

#define BDF   "0000:02:00.0"
#define PLACE "/sys/devices/pci0000:00/0000:00:1c.0/" BDF

struct row {
	int code;
	const char *cause;
	const char *remedy;
};

static struct check attached(void)
{
	struct model_pci pci = model_nvme(BDF, 26);
	struct check c;

	check_attach(&c, &pci);
	return c;
}

/* Calls. */

static int ask(struct check *c)
{
	pt_device_detach(c->device);
	return pt_device_attach(c->device, &c->err);
}

static int trigger(struct check *c)
{
	int fd = c->sys->eventfd(c->sys->ctx);
	int ret = pt_device_irq_set(c->device, PT_IRQ_MSIX, 0, 1, &fd, &c->err);

	c->sys->close(c->sys->ctx, fd);
	pt_device_irq_disable(c->device, PT_IRQ_MSIX);
	return ret;
}

static int unmask(struct check *c)
{
	return pt_device_irq_unmask_fd(c->device, -1, &c->err);
}

static int reset(struct check *c)
{
	return pt_device_reset(c->device, &c->err);
}

static int features(struct check *c)
{
	uint64_t flags;

	return pt_device_migration(c->device, &flags, &c->err);
}

/* No two errnos of a call are said in the same words. */
static void no_two_alike(char (*messages)[512], size_t count, const char *call)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			cr_assert_str_neq(messages[i], messages[j], "%s", call);
}

static void refused_each(const char *call, int (*make)(struct check *c), bool no_reset,
			 const struct row *rows, size_t count)
{
	char(*messages)[512] = calloc(count, sizeof(*messages));

	for (size_t i = 0; i < count; i++) {
		struct check c = attached();

		c.host->no_reset = no_reset;
		if (no_reset)
			check_ok(ask(&c), c.err);
		*model_fault(c.model) = (struct model_fault){
			.countdown = 1, .only = call, .stays = true, .error = rows[i].code};
		check_error(make(&c), rows[i].code, c.err, rows[i].cause);
		cr_assert(strstr(c.err.message, BDF), "%s", c.err.message);
		cr_assert_neq(c.err.remedy[0], '\0', "%s", c.err.message);
		check_remedy(c.err, rows[i].remedy);
		snprintf(messages[i], sizeof(messages[i]), "%s", c.err.message);
		memset(model_fault(c.model), 0, sizeof(*model_fault(c.model)));
		check_down(&c);
	}
	no_two_alike(messages, count, call);
	free(messages);
}

#define REFUSED_EACH(call, make, no_reset, rows) \
	refused_each(call, make, no_reset, rows, sizeof(rows) / sizeof((rows)[0]))

static const struct row asking[] = {
	{-EINVAL, "does not answer in the way of Linux 6.6", BDF "/driver"},
	{-ENOTTY, "does not know the question", BDF "/driver"},
	{-ENODEV, "it is gone", "dmesg | grep " BDF},
	{-EIO, "the kernel cannot wake it", "echo on > /sys/bus/pci/devices/" BDF "/power/control"},
	{-ENOMEM, "no memory left", "free memory"},
	{-EBADF, "is closed", "keep the descriptors open"},
	{-EFAULT, "could not read or write", "uname -r"},
	{-E2BIG, "knows only part", "uname -r"},
	{-EACCES, "something forbids it", "denied"},
	{-ETIMEDOUT, "timed out", "dmesg | grep " BDF},
};

Test(calls_refused, what_it_is)
{
	REFUSED_EACH("VFIO_DEVICE_GET_INFO", ask, false, asking);
}

Test(calls_refused, its_regions)
{
	REFUSED_EACH("VFIO_DEVICE_GET_REGION_INFO 0", ask, false, asking);
}

Test(calls_refused, its_interrupts)
{
	/* EINVAL is that of a driver without the interrupt. */
	refused_each("VFIO_DEVICE_GET_IRQ_INFO", ask, false, asking + 1,
		     sizeof(asking) / sizeof(asking[0]) - 1);
}

Test(calls_refused, enabling_vectors)
{
	static const struct row rows[] = {
		{-EINVAL, "it has no such vectors", "dmesg | grep " BDF},
		{-ENOSPC, "no interrupt vectors left", "more CPUs"},
		{-EBUSY, "its interrupt line is in use", "cat /proc/interrupts"},
		{-ENOTTY, "signals no interrupts of this kind", "another kind"},
		{-EBADFD, "no eventfd", "eventfds"},
		{-EBADF, "is closed", "keep the descriptors open"},
		{-ENODEV, "it is gone", "dmesg"},
		{-EIO, "the kernel cannot wake it", "power/control"},
		{-ENOMEM, "no memory left", "free memory"},
		{-EFAULT, "could not read or write", "uname -r"},
	};

	REFUSED_EACH("SET_IRQS", trigger, false, rows);
}

Test(calls_refused, an_interrupt_line_in_use_is_named_with_who_uses_it)
{
	struct check c = attached();

	model_put_file(c.model, PLACE "/irq", "11\n");
	model_put_file(c.model, "/sys/kernel/irq/11/actions", "ehci_hcd:usb1,i801_smbus\n");
	*model_fault(c.model) =
		(struct model_fault){.countdown = 1, .only = "SET_IRQS", .error = -EBUSY};
	check_error(trigger(&c), -EBUSY, c.err,
		    "interrupt 11 of the host, is in use (ehci_hcd:usb1,i801_smbus)");
	check_remedy(c.err, "MSI");
	check_down(&c);
}

Test(calls_refused, another_kind_of_interrupts_is_named)
{
	struct check c = attached();
	int fd = c.sys->eventfd(c.sys->ctx);

	check_ok(pt_device_irq_set(c.device, PT_IRQ_MSIX, 0, 1, &fd, &c.err), c.err);
	check_error(pt_device_irq_set(c.device, PT_IRQ_INTX, 0, 1, &fd, &c.err), -EINVAL, c.err,
		    "than MSI-X, which is on");
	check_remedy(c.err, "turn MSI-X off");
	c.sys->close(c.sys->ctx, fd);
	check_down(&c);
}

Test(calls_refused, unmasking)
{
	static const struct row rows[] = {
		{-EINVAL, "is not on, or has no line", "dmesg | grep " BDF},
		{-ENOTTY, "takes no eventfd", "ACTION_UNMASK"},
		{-EBUSY, "another eventfd", "nobody else"},
		{-EBADFD, "no eventfd", "eventfds"},
		{-ENODEV, "it is gone", "dmesg"},
		{-EIO, "the kernel cannot wake it", "power/control"},
	};

	REFUSED_EACH("SET_IRQS", unmask, false, rows);
}

/* Its own: what is not gone or locked goes on to its bus, so the last word is that of both. */
Test(calls_refused, a_reset_of_its_own)
{
	static const struct row rows[] = {
		{-EAGAIN, "someone else is resetting it", "dmesg | grep " BDF},
		{-EBUSY, "does not come to rest", "try again"},
		{-ENODEV, "it is gone", "dmesg"},
	};

	REFUSED_EACH("VFIO_DEVICE_RESET", reset, false, rows);
}

Test(calls_refused, a_reset_of_its_own_and_then_its_bus)
{
	static const struct row rows[] = {
		{-EINVAL, "its driver cannot reset it", "reset_method"},
		{-ENOTTY, "none of the kernel's methods for it (flr bus)", "reset_method"},
		{-ETIMEDOUT, "did not come back in time", "reset_method"},
		{-EIO, "the kernel cannot wake it", "reset_method"},
		{-ENOMEM, "no memory left", "reset_method"},
	};
	char messages[sizeof(rows) / sizeof(rows[0])][512];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct check c = attached();

		c.host->reset_error = rows[i].code;
		c.host->no_bus_reset = true;
		check_error(reset(&c), rows[i].code, c.err, rows[i].cause);
		cr_assert(strstr(c.err.message, "as on a root bus"), "%s", c.err.message);
		check_remedy(c.err, rows[i].remedy);
		memcpy(messages[i], c.err.message, sizeof(messages[i]));
		check_down(&c);
	}
	no_two_alike(messages, sizeof(rows) / sizeof(rows[0]), "VFIO_DEVICE_RESET");
}

Test(calls_refused, the_methods_that_there_are_are_named)
{
	static const struct {
		const char *text, *cause;
	} methods[] = {{"\n", "the kernel has no method for it"}, {"pm bus\n", "(pm bus)"}};

	for (size_t i = 0; i < 2; i++) {
		struct check c = attached();

		model_put_file(c.model, PLACE "/reset_method", methods[i].text);
		c.host->reset_error = -ENOTTY;
		c.host->no_bus_reset = true;
		check_error(reset(&c), -ENOTTY, c.err, methods[i].cause);
		check_down(&c);
	}
}

Test(calls_refused, which_functions_a_bus_reset_hits)
{
	static const struct row rows[] = {
		{-EPERM, "is in no IOMMU group", "iommu_group"},
		{-EAGAIN, "come and go on its bus", "try again"},
		{-EINVAL, "has come to somebody else", "/*/driver"},
		{-EIO, "the kernel cannot wake it", "power/control"},
		{-ENOMEM, "no memory left", "free memory"},
		{-EFAULT, "could not read or write", "uname -r"},
	};

	REFUSED_EACH("HOT_RESET_INFO", reset, true, rows);
}

Test(calls_refused, a_bus_reset)
{
	static const struct row rows[] = {
		{-EINVAL, "has come to somebody else", "/*/driver"},
		{-EPERM, "is somebody else's", "/*/driver"},
		{-EBADF, "is closed", "keep the descriptors open"},
		{-EBUSY, "are in use all the time", "fuser -v"},
		{-EAGAIN, "someone else is resetting it", "try again"},
		{-ENODEV, "can be reset any more", "realpath /sys/bus/pci/devices/" BDF},
		{-ENOTTY, "could be reset", "a port of its own"},
		{-ETIMEDOUT, "did not come back in time", "power cycle"},
		{-EIO, "the kernel cannot wake it", "power/control"},
	};

	REFUSED_EACH("VFIO_DEVICE_PCI_HOT_RESET", reset, true, rows);
}

Test(calls_refused, features)
{
	static const struct row rows[] = {
		{-ENOTTY, "cannot migrate it", "vendor's VFIO driver"},
		{-EINVAL, "not in a state for it", "dmesg | grep " BDF},
		{-EBUSY, "being reset, or migrated", "try again"},
		{-EPERM, "does not allow it", "root"},
		{-EOPNOTSUPP, "only part of the feature", BDF "/driver"},
		{-EIO, "the kernel cannot wake it", "power/control"},
		{-ENODEV, "it is gone", "dmesg"},
		{-ENOMEM, "no memory left", "free memory"},
	};

	REFUSED_EACH("FEATURE", features, false, rows);
}

/* A group on its way into a container: what is not on the device yet, but by it. */
static void group_refused_each(const char *call, const struct row *rows, size_t count)
{
	static const struct pt_space_setup by_group = {.backend = PT_BACKEND_GROUP};
	char(*messages)[512] = calloc(count, sizeof(*messages));

	for (size_t i = 0; i < count; i++) {
		struct check c = {.model = model_new()};
		struct model_pci pci = model_nvme(BDF, 26);
		int ret;

		c.sys = model_sys(c.model);
		model_host(c.model)->no_cdev = true;
		c.host = model_add(c.model, &pci);
		check_ok(pt_space_open(c.sys, &by_group, &c.space, &c.err), c.err);
		*model_fault(c.model) = (struct model_fault){
			.countdown = 1, .only = call, .stays = true, .error = rows[i].code};
		ret = pt_device_open(c.space, BDF, NULL, &c.device, &c.err);
		if (ret == 0)
			ret = pt_device_bind(c.device, &c.err);
		check_error(ret, rows[i].code, c.err, rows[i].cause);
		cr_assert(strstr(c.err.message, BDF), "%s", c.err.message);
		cr_assert_neq(c.err.remedy[0], '\0', "%s", c.err.message);
		check_remedy(c.err, rows[i].remedy);
		snprintf(messages[i], sizeof(messages[i]), "%s", c.err.message);
		memset(model_fault(c.model), 0, sizeof(*model_fault(c.model)));
		check_down(&c);
	}
	no_two_alike(messages, count, call);
	free(messages);
}

#define GROUP_REFUSED_EACH(call, rows) \
	group_refused_each(call, rows, sizeof(rows) / sizeof((rows)[0]))

Test(calls_refused, a_groups_status)
{
	static const struct row rows[] = {
		{-ENODEV, "its driver is being unbound", "bind it to vfio-pci"},
		{-ENOTTY, "no descriptor of an IOMMU group", "/dev/vfio/N"},
		{-EBADF, "its descriptor is closed", "keep the descriptor open"},
		{-ETIMEDOUT, "timed out", "dmesg"},
	};

	GROUP_REFUSED_EACH("VFIO_GROUP_GET_STATUS", rows);
}

Test(calls_refused, a_group_into_its_container)
{
	static const struct row rows[] = {
		{-EPERM, "belongs to someone else", "fuser"},
		{-EINVAL, "in a container already", "in no container"},
		{-EBADF, "the container's descriptor is closed", "keep the descriptor open"},
		{-EBADFD, "is no container", "/dev/vfio/vfio"},
		{-ENODEV, "its driver is being unbound", "bind it to vfio-pci"},
		{-EBUSY, "is somebody else's", "fuser"},
		{-ENOMEM, "no memory left", "free memory"},
		{-EIO, "its IOMMU did not take it", "dmesg"},
		{-EFAULT, "could not read", "uname -r"},
	};

	GROUP_REFUSED_EACH("VFIO_GROUP_SET_CONTAINER", rows);
}

Test(calls_refused, a_containers_iommu)
{
	static const struct row rows[] = {
		{-EPERM, "belongs to someone else", "fuser"},
		{-ENODEV, "no driver for a container's IOMMU", "modprobe vfio_iommu_type1"},
		{-EINVAL, "has an IOMMU already", "fresh"},
		{-EBUSY, "is somebody else's", "fuser"},
		{-ENOMEM, "no memory left", "free memory"},
		{-EIO, "its IOMMU did not take it", "dmesg"},
		{-ENOTTY, "is no container", "/dev/vfio/vfio"},
		{-EBADF, "the container's descriptor is closed", "keep the descriptor open"},
	};

	GROUP_REFUSED_EACH("VFIO_SET_IOMMU", rows);
}

Test(calls_refused, a_device_from_its_group)
{
	static const struct row rows[] = {
		{-EPERM, "belongs to someone else", "fuser"},
		{-EACCES, "VF token", "vf-token=UUID"},
		{-EINVAL, "in no container with an IOMMU", "anew"},
		{-EBUSY, "somebody else has it open", "fuser"},
		{-EFAULT, "could not read its name", "uname -r"},
		{-EMFILE, "too many files", "ulimit -n"},
		{-EBADF, "its group's descriptor is closed", "keep the descriptor open"},
		{-ENOMEM, "no memory left", "free memory"},
		{-ENODEV, "no longer in IOMMU group 26", "bind it to vfio-pci"},
		{-EAGAIN, "being reset by someone else", "try again"},
		{-EIO, "could not turn it on: the device or its port", "dmesg | grep " BDF},
		{-ETIMEDOUT, "timed out", "dmesg | grep " BDF},
	};

	GROUP_REFUSED_EACH("VFIO_GROUP_GET_DEVICE_FD", rows);
}

Test(calls_refused, a_mediated_device_is_not_looked_for_among_pci_functions)
{
	static const char uuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
	struct model_pci pci = model_mtty(uuid, 40);
	struct check c;

	check_attach(&c, &pci);
	for (unsigned i = 0; i < 2; i++) {
		*model_fault(c.model) = (struct model_fault){
			.countdown = 1, .only = "FEATURE", .error = i == 0 ? -EIO : -EOPNOTSUPP};
		check_error(features(&c), i == 0 ? -EIO : -EOPNOTSUPP, c.err, uuid);
		check_remedy(c.err, "dmesg | grep 83b8f4f2");
	}
	check_down(&c);
}

/* What sysfs says of the device is the cause, before any row. */
Test(calls_refused, a_device_that_does_not_answer)
{
	struct check c = attached();

	model_kill(c.host);
	*model_fault(c.model) =
		(struct model_fault){.countdown = 1, .only = "SET_IRQS", .error = -EIO};
	check_error(trigger(&c), -EIO, c.err, "vectors 0 to 0: the device does not answer");
	check_remedy(c.err, "power");
	memset(model_fault(c.model), 0, sizeof(*model_fault(c.model)));
	check_down(&c);
}
