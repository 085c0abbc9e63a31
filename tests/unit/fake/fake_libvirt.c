/* SPDX-License-Identifier: MIT */
/*
 * In libvirt's place: a library with the functions that tenon calls, which acts on what its URI says and writes down what it was
 * asked, in the file that FAKE_LIBVIRT_LOG names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))

API void *virConnectOpen(const char *uri);
API int virConnectClose(void *connection);
API void *virNodeDeviceLookupByName(void *connection, const char *name);
API int virNodeDeviceFree(void *device);
API int virNodeDeviceDetachFlags(void *device, const char *driver, unsigned flags);
API int virNodeDeviceReAttach(void *device);
API void *virDomainLookupByName(void *connection, const char *name);
API int virDomainFree(void *domain);
API int virDomainIsActive(void *domain);
API char *virDomainGetXMLDesc(void *domain, unsigned flags);
API char *virConnectDomainXMLToNative(void *connection, const char *format, const char *xml,
				      unsigned flags);
API const char *virGetLastErrorMessage(void);
API void virSetErrorFunc(void *ctx, void (*function)(void *ctx, void *error));

static char opened_uri[64], looked_up[64];
static const char *message = "";

static void put(const char *what, const char *of)
{
	const char *path = getenv("FAKE_LIBVIRT_LOG");
	FILE *log = path ? fopen(path, "a") : NULL;

	if (!log)
		return;
	(void)fprintf(log, "%s %s\n", what, of);
	(void)fclose(log);
}

void *virConnectOpen(const char *uri)
{
	put("open", uri);
	if (strstr(uri, "away")) {
		message = "Failed to connect socket";
		return NULL;
	}
	(void)snprintf(opened_uri, sizeof(opened_uri), "%s", uri);
	return opened_uri;
}

int virConnectClose(void *connection)
{
	put("close", connection);
	return 0;
}

void *virNodeDeviceLookupByName(void *connection, const char *name)
{
	(void)connection;
	put("lookup", name);
	if (strstr(name, "pci_0000_77")) {
		message = "Node device not found";
		return NULL;
	}
	(void)snprintf(looked_up, sizeof(looked_up), "%s", name);
	return looked_up;
}

int virNodeDeviceFree(void *device)
{
	put("free", device);
	return 0;
}

int virNodeDeviceDetachFlags(void *device, const char *driver, unsigned flags)
{
	(void)device;
	(void)flags;
	put("detach", driver);
	if (strstr(opened_uri, "slow"))
		(void)sleep(3);
	if (!strstr(opened_uri, "busy"))
		return 0;
	message = "PCI device 0000:02:00.0 is in use by driver QEMU, domain box";
	return -1;
}

int virNodeDeviceReAttach(void *device)
{
	put("reattach", device);
	return 0;
}

void *virDomainLookupByName(void *connection, const char *name)
{
	(void)connection;
	put("domain", name);
	if (strcmp(name, "gone") == 0) {
		message = "Domain not found: no domain with matching name 'gone'";
		return NULL;
	}
	(void)snprintf(looked_up, sizeof(looked_up), "%s", name);
	return looked_up;
}

int virDomainFree(void *domain)
{
	put("free domain", domain);
	return 0;
}

int virDomainIsActive(void *domain)
{
	return strcmp(domain, "busy") == 0;
}

char *virDomainGetXMLDesc(void *domain, unsigned flags)
{
	char xml[128];

	(void)snprintf(xml, sizeof(xml), "<domain><name>%s</name>flags %u</domain>", (char *)domain,
		       flags);
	return strdup(xml);
}

char *virConnectDomainXMLToNative(void *connection, const char *format, const char *xml,
				  unsigned flags)
{
	(void)connection;
	(void)flags;
	put(format, xml);
	if (!strstr(xml, "odd"))
		return strdup("/usr/bin/tenon-qemu -name guest=box");
	message = "unsupported configuration";
	return NULL;
}

const char *virGetLastErrorMessage(void)
{
	return message;
}

void virSetErrorFunc(void *ctx, void (*function)(void *ctx, void *error))
{
	function(ctx, NULL);
}
