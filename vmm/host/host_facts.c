/* SPDX-License-Identifier: MIT */
#include "host/host_facts.h"

#include <errno.h>
#include <inttypes.h>
#include <passthrough/device.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "host/kvm_facts.h"
#include "host/read_text.h"

#define MEMINFO_SIZE 4096

/* A line "MemTotal:       16384 kB". Return: bytes, 0 when there is no such line. */
static uint64_t meminfo_line(const char *meminfo, const char *key)
{
	const char *line = strstr(meminfo, key);
	uint64_t kib;

	if (!line || sscanf(line + strlen(key), " %" SCNu64 " kB", &kib) != 1)
		return 0;
	return kib > UINT64_MAX / 1024 ? UINT64_MAX : kib * 1024;
}

static int read_memory(const struct pt_sys *sys, struct host_facts *facts, struct pt_error *err)
{
	char meminfo[MEMINFO_SIZE];
	int ret = read_text(sys, "/proc/meminfo", meminfo, sizeof(meminfo));

	if (ret < 0)
		return pt_error_set(err, ret, "/proc/meminfo: %s", strerror(-ret));
	facts->memory_total = meminfo_line(meminfo, "MemTotal:");
	facts->memory_available = meminfo_line(meminfo, "MemAvailable:");
	if (!facts->memory_total)
		return pt_error_set(err, -EIO, "/proc/meminfo: it has no MemTotal");
	facts->memlock = sys->memlock(sys->ctx);
	hugepages_read(sys, facts->hugepages);
	return 0;
}

/*
 * sysfs does not tell what a mediated device is like, only the device itself does: it is bound to an address space of its
 * own for a moment, in which there is no memory.
 */
static int ask_device(const struct pt_sys *sys, const struct pt_space_setup *setup,
		      struct pt_host_device *host, struct pt_error *err)
{
	struct pt_device *device = NULL;
	struct pt_space *space;
	int ret = pt_space_open(sys, setup, &space, err);

	if (ret < 0)
		return ret;
	ret = pt_device_open(space, host->name, NULL, &device, err);
	if (ret == 0)
		ret = pt_device_attach(device, err);
	if (ret == 0)
		ret = pt_device_describe(device, host, err);
	pt_device_close(device);
	pt_space_close(space);
	return ret;
}

static int read_device(const struct pt_sys *sys, struct device_facts *device, struct pt_error *err)
{
	char bdf[PT_NAME_SIZE];
	int ret;

	ret = pt_host_resolve(sys, device->name, bdf, err);
	if (ret < 0)
		return ret;
	ret = pt_host_read(sys, bdf, &device->host, err);
	if (ret < 0)
		return ret;
	pt_host_details(sys, &device->host, &device->details);
	return 0;
}

/* Of a device that is in a group. */
static int read_iommu(const struct pt_sys *sys, struct device_facts *device, struct pt_error *err)
{
	int ret = pt_host_reserved(sys, &device->host, device->reserved, HOST_RESERVED_MAX,
				   &device->reserved_count, err);

	if (ret < 0)
		return ret;
	if (device->reserved_count > HOST_RESERVED_MAX)
		return pt_error_set(err, -E2BIG,
				    "%s: its IOMMU group has %zu reserved ranges, more than %d",
				    device->host.name, device->reserved_count, HOST_RESERVED_MAX);
	device->iova_bits = pt_host_iova_bits(sys, &device->host);
	return 0;
}

static int check_twice(const struct host_facts *facts, size_t index, struct pt_error *err)
{
	const struct device_facts *device = &facts->devices[index];

	for (size_t i = 0; i < index; i++) {
		const struct device_facts *other = &facts->devices[i];

		if (strcmp(other->host.name, device->host.name) == 0)
			return pt_error_remedy(
				err,
				pt_error_set(err, -EEXIST, "%s is named twice: \"%s\" and \"%s\"",
					     device->host.name, other->name, device->name),
				"name each device once");
	}
	return 0;
}

/* By cdevs if each has one: all devices of a guest are had in the same way. */
static enum pt_backend_kind choose_backend(const struct pt_sys *sys, const struct host_facts *facts)
{
	for (size_t i = 0; i < facts->device_count; i++) {
		if (!facts->devices[i].unreadable.code &&
		    pt_host_backend(sys, &facts->devices[i].host) == PT_BACKEND_GROUP)
			return PT_BACKEND_GROUP;
	}
	return PT_BACKEND_CDEV;
}

/* There is no unbind but the last close, and a descriptor that was handed in is needed again. */
static int ask_once(const struct device_facts *device, struct pt_error *err)
{
	if (!device->fd)
		return 0;
	return pt_error_remedy(
		err,
		pt_error_set(err, -EINVAL,
			     "descriptor %d: %s is a mediated device, which is bound twice: before "
			     "the plan is made, to learn what it is like, and then for the guest",
			     device->fd, device->host.name),
		"name it by its UUID, with permission on its node");
}

static int check_device(const struct pt_sys *sys, const struct pt_space_setup *setup,
			const struct device_request *request, struct device_facts *device,
			struct pt_error *err)
{
	int ret = 0;

	if (request->to_be_made)
		return pt_error_remedy(
			err,
			pt_error_set(
				err, -ENODEV,
				"%s: its virtual functions are not there yet, and so not known",
				device->host.name),
			"make them, and name them instead; tenon run makes them by itself");
	if (!request->to_be_taken)
		ret = pt_host_assignable(sys, &device->host, setup, err);
	if (ret == 0 && device->host.mediated)
		ret = ask_once(device, err);
	if (ret == 0 && device->host.mediated)
		ret = ask_device(sys, setup, &device->host, err);
	return ret;
}

/* The plan wants to know of the IOMMU also where something else is in the way. */
static void check_devices(const struct pt_sys *sys, const struct device_request *requests,
			  struct host_facts *facts)
{
	struct pt_space_setup setup = {.backend = facts->backend};

	for (size_t i = 0; i < facts->device_count; i++) {
		struct device_facts *device = &facts->devices[i];
		struct pt_error err = PT_ERROR_INIT;
		int ret = 0;

		if (device->unreadable.code)
			continue;
		setup.unsafe_noiommu = requests[i].unsafe_noiommu;
		(void)check_device(sys, &setup, &requests[i], device, &device->refused);
		/* Nothing is mapped for a device without an IOMMU. */
		if (!device->host.noiommu && device->host.group >= 0)
			ret = read_iommu(sys, device, &err);
		if (ret < 0 && !device->refused.code)
			device->refused = err;
	}
}

static int read_devices(const struct pt_sys *sys, const struct device_request *requests,
			size_t count, const enum pt_backend_kind *backend, struct host_facts *facts,
			struct pt_error *err)
{
	facts->backend = backend ? *backend : PT_BACKEND_CDEV;
	if (!count)
		return 0;
	facts->devices = calloc(count, sizeof(*facts->devices));
	if (!facts->devices)
		return pt_error_set(err, -ENOMEM, "out of memory");
	facts->device_count = count;
	for (size_t i = 0; i < count; i++) {
		struct device_facts *device = &facts->devices[i];

		device->name = requests[i].name;
		device->fd = requests[i].fd;
		if (read_device(sys, device, &device->unreadable) == 0)
			(void)check_twice(facts, i, &device->unreadable);
	}
	if (!backend)
		facts->backend = choose_backend(sys, facts);
	check_devices(sys, requests, facts);
	return 0;
}

static void read_cpus(const struct pt_sys *sys, struct host_facts *facts)
{
	char text[4096];

	if (read_text(sys, "/sys/devices/system/cpu/online", text, sizeof(text)) == 0)
		(void)cpu_list_parse(text, strcspn(text, "\n"), &facts->cpus);
}

int host_facts_look(const struct pt_sys *sys, const struct device_request *requests, size_t count,
		    const enum pt_backend_kind *backend, struct host_facts *ret_facts,
		    struct pt_error *err)
{
	CLEANUP(host_facts_done) struct host_facts facts = {0};
	int ret;

	(void)kvm_facts_read(sys, &facts, &facts.kvm_error);
	ret = read_memory(sys, &facts, err);
	if (ret < 0)
		return ret;
	read_cpus(sys, &facts);
	ret = read_devices(sys, requests, count, backend, &facts, err);
	if (ret < 0)
		return ret;
	*ret_facts = facts;
	facts = (struct host_facts){0};
	return 0;
}

void host_facts_done(struct host_facts *facts)
{
	free(facts->devices);
	*facts = (struct host_facts){0};
}
