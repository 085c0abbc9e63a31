/* SPDX-License-Identifier: MIT */
#include "host/handed.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_FD  3 /* SD_LISTEN_FDS_START */
#define FD_PREFIX "fd="

/* Return: -EINVAL it is no decimal number, or a large one. */
static int parse_number(const char *text, int *ret_number)
{
	char *end;
	long number;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	number = strtol(text, &end, 10);
	if (*end || errno || number > INT_MAX)
		return -EINVAL;
	*ret_number = (int)number;
	return 0;
}

/* What is behind "fd=", NULL where that is not what @value says. */
static const char *descriptor_of(const char *value)
{
	size_t len = strlen(FD_PREFIX);

	return value && strncmp(value, FD_PREFIX, len) == 0 ? value + len : NULL;
}

/* One of "iommu:nvme:gpu". */
static const char *take_name(const char *names, char *ret_name)
{
	size_t len = strcspn(names, ":");

	(void)snprintf(ret_name, VM_FD_SIZE, "%.*s", (int)len, names);
	return names[len] ? names + len + 1 : names + len;
}

static int take(struct handed *handed, const char *count_text, const char *names,
		struct pt_error *err)
{
	int count;

	if (parse_number(count_text, &count) < 0)
		return pt_error_set(err, -EINVAL, "LISTEN_FDS: \"%s\" is not a number", count_text);
	if (count > HANDED_MAX)
		return pt_error_remedy(
			err,
			pt_error_set(err, -E2BIG, "LISTEN_FDS: %d descriptors are more than %d",
				     count, HANDED_MAX),
			"hand in the nodes of the guest's devices and /dev/iommu, no others");
	for (int i = 0; i < count; i++) {
		struct handed_fd *each = &handed->fds[handed->count++];

		*each = (struct handed_fd){.fd = FIRST_FD + i};
		names = take_name(names, each->name);
		(void)fcntl(each->fd, F_SETFD, FD_CLOEXEC);
	}
	return 0;
}

int handed_take(struct handed *ret_handed, struct pt_error *err)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	struct handed handed = {0};
	int number, ret = 0;

	/* They may be meant for an ancestor. */
	if (pid && count && parse_number(pid, &number) == 0 && number == getpid())
		ret = take(&handed, count, names ? names : "", err);
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	if (ret == 0)
		*ret_handed = handed;
	return ret;
}

static int no_such_name(const struct handed *handed, const char *name, struct pt_error *err)
{
	char names[256] = "";

	for (size_t i = 0; i < handed->count; i++) {
		size_t used = strlen(names);

		(void)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
			       handed->fds[i].name);
	}
	if (handed->count)
		(void)pt_error_set(
			err, -ENOENT,
			"no descriptor that was handed in is called \"%s\"; there are: %s", name,
			names);
	else
		(void)pt_error_set(err, -ENOENT,
				   "no descriptor called \"%s\" was handed in, nor any other",
				   name);
	return pt_error_remedy(err, -ENOENT,
			       "in the service's unit write OpenFile=/dev/vfio/devices/vfioN:%s; a "
			       "launcher gives the number of an open descriptor, such as fd=5",
			       name);
}

static int add_number(struct handed *handed, int fd, struct handed_fd **ret_found,
		      struct pt_error *err)
{
	struct handed_fd *found;

	if (fd < FIRST_FD)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EBADF,
				     "descriptor %d: this is standard input, output or error", fd),
			"open the node as descriptor 3 or above: 3<>/dev/vfio/devices/vfioN in a "
			"shell");
	if (fcntl(fd, F_GETFD) < 0)
		return pt_error_remedy(
			err, pt_error_set(err, -EBADF, "descriptor %d: it is not open", fd),
			"open the node before tenon starts: %d<>/dev/vfio/devices/vfioN in a "
			"shell; some programs close what they are not told to keep",
			fd);
	if (handed->count == HANDED_MAX)
		return pt_error_set(err, -E2BIG, "descriptor %d: more than %d were handed in", fd,
				    HANDED_MAX);
	found = &handed->fds[handed->count++];
	*found = (struct handed_fd){.fd = fd};
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	*ret_found = found;
	return 0;
}

/* @text: a number, or the name that the service manager gave. */
static int find(const struct pt_sys *sys, struct handed *handed, const char *text,
		struct handed_fd **ret_found, struct pt_error *err)
{
	struct handed_fd *found = NULL;
	int number = -1, ret = 0;
	int by_number = parse_number(text, &number) == 0;

	for (size_t i = 0; i < handed->count && !found; i++) {
		struct handed_fd *each = &handed->fds[i];

		if (by_number ? each->fd == number : strcmp(each->name, text) == 0)
			found = each;
	}
	if (!found)
		ret = by_number ? add_number(handed, number, &found, err)
				: no_such_name(handed, text, err);
	if (ret || !found)
		return ret;
	if (!found->known)
		ret = pt_host_identify(sys, found->fd, &found->node, err);
	if (ret)
		return ret;
	found->known = 1;
	*ret_found = found;
	return 0;
}

static int check_named(const struct pt_sys *sys, const char *name, const struct handed_fd *found,
		       struct pt_error *err)
{
	char wanted[PT_NAME_SIZE];
	int ret = pt_host_resolve(sys, name, wanted, err);

	if (ret < 0 || strcmp(wanted, found->node.name) == 0)
		return ret;
	return pt_error_remedy(err,
			       pt_error_set(err, -EINVAL, "descriptor %d: is %s, not %s", found->fd,
					    found->node.name, wanted),
			       "hand in the node of %s, or name the device by fd alone", wanted);
}

/* A device that the config gives by a descriptor, and maybe by name too. */
static int asked(const struct pt_sys *sys, struct handed *handed, const char *fd,
		 struct device_request *request, struct handed_fd **ret_found, struct pt_error *err)
{
	struct handed_fd *found;
	int ret = find(sys, handed, fd, &found, err);

	if (ret < 0)
		return ret;
	if (found->node.kind == PT_NODE_GROUP && !request->name)
		return pt_error_remedy(
			err,
			pt_error_set(
				err, -EINVAL,
				"descriptor %d: is IOMMU group %d, which does not say the device",
				found->fd, found->node.group),
			"name the device as well: --device 0000:02:00.0,fd=%d", found->fd);
	if (found->node.kind == PT_NODE_DEVICE)
		ret = request->name ? check_named(sys, request->name, found, err) : 0;
	else if (found->node.kind != PT_NODE_GROUP)
		ret = pt_error_remedy(
			err,
			pt_error_set(err, -ENOTTY, "descriptor %d: is %s, not a device", found->fd,
				     found->node.kind == PT_NODE_IOMMUFD ? "/dev/iommu"
									 : "/dev/vfio/vfio"),
			"it is given as --iommufd fd=%d", found->fd);
	if (ret < 0)
		return ret;
	if (!request->name)
		request->name = found->node.name;
	*ret_found = found;
	return 0;
}

/* A device that the config names, and the service manager has handed in. What cannot be found out is not used. */
static struct handed_fd *unasked(const struct pt_sys *sys, struct handed *handed, const char *name,
				 enum backend_choice backend)
{
	struct pt_error ignored = PT_ERROR_INIT;
	struct pt_host_device host;
	char bdf[PT_NAME_SIZE];

	if (!handed->count || pt_host_resolve(sys, name, bdf, &ignored) < 0 ||
	    pt_host_read(sys, bdf, &host, &ignored) < 0)
		return NULL;
	for (size_t i = 0; i < handed->count; i++) {
		struct handed_fd *each = &handed->fds[i];

		if (!each->known && pt_host_identify(sys, each->fd, &each->node, &ignored) < 0)
			continue;
		each->known = 1;
		if (backend != BACKEND_GROUP && each->node.kind == PT_NODE_DEVICE &&
		    strcmp(each->node.name, host.name) == 0)
			return each;
		if (backend != BACKEND_CDEV && each->node.kind == PT_NODE_GROUP &&
		    each->node.group == host.group)
			return each;
	}
	return NULL;
}

/* A descriptor decides how its device is had, and so how all are. */
static int narrow(const struct handed_fd *found, enum backend_choice *backend, struct pt_error *err)
{
	bool group = found->node.kind == PT_NODE_GROUP || found->node.kind == PT_NODE_CONTAINER;
	enum backend_choice needs = group ? BACKEND_GROUP : BACKEND_CDEV;

	if (*backend != BACKEND_AUTO && *backend != needs)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL,
				     "descriptor %d: is for devices that are had %s, and the "
				     "guest's are had %s",
				     found->fd, group ? "by groups" : "by cdevs",
				     group ? "by cdevs" : "by groups"),
			group ? "hand in the devices' /dev/vfio/devices/vfioN and /dev/iommu, or "
				"write --backend group"
			      : "hand in the groups' /dev/vfio/N and /dev/vfio/vfio, or write "
				"--backend cdev");
	*backend = needs;
	return 0;
}

int handed_devices(const struct pt_sys *sys, struct handed *handed, const struct vm_config *config,
		   struct device_request *requests, enum backend_choice *ret_backend,
		   struct pt_error *err)
{
	enum backend_choice backend = config->backend;
	struct handed_fd *found;
	int ret = 0;

	for (size_t i = 0; i < config->device_count && ret == 0; i++) {
		const struct vm_config_device *device = &config->devices[i];
		const char *fd = descriptor_of(device->name);

		requests[i] = (struct device_request){
			.name = fd ? NULL : device->name,
			.unsafe_noiommu = device->unsafe_noiommu,
			.to_be_taken = device->managed,
			.to_be_made = device->vfs > 0,
		};
		found = NULL;
		if (fd || device->fd)
			ret = asked(sys, handed, fd ? fd : device->fd, &requests[i], &found, err);
		else
			found = unasked(sys, handed, device->name, config->backend);
		if (ret == 0 && found)
			ret = narrow(found, &backend, err);
		if (ret == 0 && found)
			requests[i].fd = found->fd;
	}
	if (ret == 0 && config->iommufd) {
		ret = find(sys, handed, descriptor_of(config->iommufd), &found, err);
		if (ret == 0)
			ret = narrow(found, &backend, err);
	}
	if (ret == 0)
		*ret_backend = backend;
	return ret;
}

int handed_space(const struct pt_sys *sys, struct handed *handed, const struct vm_config *config,
		 enum pt_backend_kind backend, int *ret_fd, struct pt_error *err)
{
	enum pt_node_kind kind = backend == PT_BACKEND_GROUP ? PT_NODE_CONTAINER : PT_NODE_IOMMUFD;
	struct pt_error ignored = PT_ERROR_INIT;
	struct handed_fd *found = NULL;
	int ret, fd = 0;

	if (config->iommufd) {
		ret = find(sys, handed, descriptor_of(config->iommufd), &found, err);
		if (ret || !found)
			return ret;
		if (found->node.kind != kind)
			return pt_error_remedy(
				err,
				pt_error_set(err, -ENOTTY, "descriptor %d: is not %s", found->fd,
					     kind == PT_NODE_IOMMUFD ? "/dev/iommu"
								     : "/dev/vfio/vfio"),
				"hand in that, or leave --iommufd out and it is opened");
		fd = found->fd;
	}
	for (size_t i = 0; i < handed->count && !fd; i++) {
		struct handed_fd *each = &handed->fds[i];

		if (!each->known && pt_host_identify(sys, each->fd, &each->node, &ignored) < 0)
			continue;
		each->known = 1;
		if (each->node.kind == kind)
			fd = each->fd;
	}
	*ret_fd = fd;
	return 0;
}
