/* SPDX-License-Identifier: MIT */
#include "host/libvirt.h"

#include <errno.h>
#include <passthrough/host.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "library.h"

/* The part of libvirt's API that is used; its objects are opaque. */
struct api {
	void *(*open)(const char *uri);
	int (*close)(void *connection);
	void *(*lookup)(void *connection, const char *name);
	int (*free)(void *device);
	int (*detach)(void *device, const char *driver, unsigned flags);
	int (*reattach)(void *device);
	void *(*find_domain)(void *connection, const char *name);
	int (*free_domain)(void *domain);
	int (*is_active)(void *domain);
	char *(*describe)(void *domain, unsigned flags);
	char *(*to_native)(void *connection, const char *format, const char *xml, unsigned flags);
	const char *(*last_error)(void);
	void (*set_error_function)(void *ctx, void (*function)(void *ctx, void *error));
};

#define DESCRIBE_INACTIVE 2u /* VIR_DOMAIN_XML_INACTIVE */
#define NATIVE_FORMAT	  "qemu-argv"

/**
 * struct call - what a thread of its own does, since libvirt waits for as long as a driver likes
 * @owners: the thread and who waits for it; the last one frees it
 */
struct call {
	struct api api;
	char *uri;
	char *name;
	int (*act)(struct call *call, void *connection);
	libvirt_edit *edit;
	struct libvirt_domain domain;
	pthread_mutex_t lock;
	pthread_cond_t finished;
	unsigned owners;
	bool done;
	int result;
	struct pt_error err;
};

static void silence(void *ctx, void *error)
{
	(void)ctx;
	(void)error;
}

static void call_put(struct call *call)
{
	bool last;

	(void)pthread_mutex_lock(&call->lock);
	last = --call->owners == 0;
	(void)pthread_mutex_unlock(&call->lock);
	if (!last)
		return;
	(void)pthread_cond_destroy(&call->finished);
	(void)pthread_mutex_destroy(&call->lock);
	libvirt_domain_done(&call->domain);
	free(call->uri);
	free(call->name);
	free(call);
}

static int refused(struct call *call, int code, const char *what)
{
	const char *words = call->api.last_error();

	return pt_error_set(&call->err, code, "%s: libvirt (%s) %s: %s", call->name, call->uri,
			    what, words ? words : "no reason given");
}

static void *find_device(struct call *call, void *connection)
{
	char node[PT_NAME_SIZE + 8];

	/* 0000:02:00.0 is pci_0000_02_00_0. */
	(void)snprintf(node, sizeof(node), "pci_%s", call->name);
	for (char *at = node; *at; at++) {
		if (*at == ':' || *at == '.')
			*at = '_';
	}
	return call->api.lookup(connection, node);
}

static int look(struct call *call, void *connection)
{
	void *device = find_device(call, connection);

	if (!device)
		return refused(call, -ENOENT, "does not know it");
	(void)call->api.free(device);
	return 0;
}

static int detach(struct call *call, void *connection)
{
	void *device = find_device(call, connection);
	int ret;

	if (!device)
		return refused(call, -ENOENT, "does not know it");
	ret = call->api.detach(device, "vfio", 0);
	if (ret < 0)
		ret = refused(call, -EBUSY, "does not give it away");
	(void)call->api.free(device);
	return ret;
}

static int reattach(struct call *call, void *connection)
{
	void *device = find_device(call, connection);
	int ret;

	if (!device)
		return refused(call, -ENOENT, "does not know it");
	ret = call->api.reattach(device);
	if (ret < 0)
		ret = refused(call, -EBUSY, "does not take it back");
	(void)call->api.free(device);
	return ret;
}

static int read_command(struct call *call, void *connection, struct libvirt_domain *read)
{
	char *xml;
	int ret = call->edit(read->xml, &xml, &call->err);

	if (ret < 0)
		return ret;
	read->command = call->api.to_native(connection, NATIVE_FORMAT, xml, 0);
	free(xml);
	return read->command ? 0 : refused(call, -EINVAL, "writes no command line for it");
}

static int read_domain(struct call *call, void *connection)
{
	struct libvirt_domain *read = &call->domain;
	void *domain = call->api.find_domain(connection, call->name);
	int ret = 0;

	if (!domain)
		return refused(call, -ENOENT, "does not know it");
	read->active = call->api.is_active(domain) == 1;
	read->xml = call->api.describe(domain, DESCRIBE_INACTIVE);
	if (!read->xml)
		ret = refused(call, -EIO, "does not describe it");
	if (ret == 0)
		ret = read_command(call, connection, read);
	(void)call->api.free_domain(domain);
	return ret;
}

static int connect_and_act(struct call *call)
{
	void *connection;
	int ret;

	call->api.set_error_function(NULL, silence);
	connection = call->api.open(call->uri);
	if (!connection) {
		ret = refused(call, -ECONNREFUSED, "does not answer");
		return pt_error_remedy(&call->err, ret,
				       "start its daemon (systemctl start libvirtd), or do without "
				       "libvirt");
	}
	ret = call->act(call, connection);
	(void)call->api.close(connection);
	return ret;
}

static void *run(void *arg)
{
	struct call *call = arg;
	int result = connect_and_act(call);

	(void)pthread_mutex_lock(&call->lock);
	call->result = result;
	call->done = true;
	(void)pthread_cond_signal(&call->finished);
	(void)pthread_mutex_unlock(&call->lock);
	call_put(call);
	return NULL;
}

static const struct library_function functions[] = {
	{"virConnectOpen", offsetof(struct api, open)},
	{"virConnectClose", offsetof(struct api, close)},
	{"virNodeDeviceLookupByName", offsetof(struct api, lookup)},
	{"virNodeDeviceFree", offsetof(struct api, free)},
	{"virNodeDeviceDetachFlags", offsetof(struct api, detach)},
	{"virNodeDeviceReAttach", offsetof(struct api, reattach)},
	{"virDomainLookupByName", offsetof(struct api, find_domain)},
	{"virDomainFree", offsetof(struct api, free_domain)},
	{"virDomainIsActive", offsetof(struct api, is_active)},
	{"virDomainGetXMLDesc", offsetof(struct api, describe)},
	{"virConnectDomainXMLToNative", offsetof(struct api, to_native)},
	{"virGetLastErrorMessage", offsetof(struct api, last_error)},
	{"virSetErrorFunc", offsetof(struct api, set_error_function)},
	{0},
};

static struct call *call_new(const struct api *api, const char *uri, const char *name,
			     int (*act)(struct call *call, void *connection), libvirt_edit *edit)
{
	struct call *call = calloc(1, sizeof(*call));
	pthread_condattr_t attributes;

	if (!call)
		return NULL;
	call->uri = strdup(uri);
	call->name = strdup(name);
	if (!call->uri || !call->name) {
		free(call->uri);
		free(call->name);
		free(call);
		return NULL;
	}
	call->api = *api;
	call->act = act;
	call->edit = edit;
	call->owners = 1;
	(void)pthread_mutex_init(&call->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&call->finished, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	return call;
}

/* @ret_domain: NULL where none is read */
static int await(struct call *call, unsigned limit, struct libvirt_domain *ret_domain,
		 struct pt_error *err)
{
	struct timespec end;
	int ret = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += limit / 1000;
	(void)pthread_mutex_lock(&call->lock);
	while (!call->done && ret == 0)
		ret = pthread_cond_timedwait(&call->finished, &call->lock, &end);
	if (call->done)
		ret = call->result;
	else
		ret = pt_error_set(err, -ETIMEDOUT,
				   "%s: libvirt (%s) is not done with it after %u s", call->name,
				   call->uri, limit / 1000);
	if (call->done && ret < 0 && err)
		*err = call->err;
	if (ret == 0 && ret_domain) {
		*ret_domain = call->domain;
		call->domain = (struct libvirt_domain){0};
	}
	(void)pthread_mutex_unlock(&call->lock);
	return ret;
}

static int ask(const char *library, const char *uri, const char *name,
	       int (*act)(struct call *call, void *connection), libvirt_edit *edit, unsigned limit,
	       struct libvirt_domain *ret_domain, struct pt_error *err)
{
	struct api api;
	struct call *call;
	pthread_t thread;
	int ret = library_load(library, functions, &api, err);

	if (ret < 0)
		return pt_error_remedy(err, pt_error_prefix(err, ret, "libvirt's library"),
				       "install libvirt (libvirt0), or do without it");
	call = call_new(&api, uri, name, act, edit);
	if (!call)
		return pt_error_set(err, -ENOMEM, "out of memory");
	call->owners = 2;
	ret = -pthread_create(&thread, NULL, run, call);
	if (ret == 0) {
		(void)pthread_detach(thread);
		ret = await(call, limit, ret_domain, err);
	} else {
		call->owners = 1;
		(void)pt_error_set(err, ret, "a thread for libvirt: %s", strerror(-ret));
	}
	call_put(call);
	return ret;
}

int libvirt_do(const char *library, const char *uri, const char *name, enum libvirt_action action,
	       unsigned limit, struct pt_error *err)
{
	int (*const acts[])(struct call * call, void *connection) = {
		[LIBVIRT_LOOK] = look,
		[LIBVIRT_DETACH] = detach,
		[LIBVIRT_REATTACH] = reattach,
	};

	return ask(library, uri, name, acts[action], NULL, limit, NULL, err);
}

int libvirt_domain_read(const char *library, const char *uri, const char *name, libvirt_edit *edit,
			unsigned limit, struct libvirt_domain *ret_domain, struct pt_error *err)
{
	return ask(library, uri, name, read_domain, edit, limit, ret_domain, err);
}

void libvirt_domain_done(struct libvirt_domain *domain)
{
	free(domain->xml);
	free(domain->command);
	*domain = (struct libvirt_domain){0};
}
