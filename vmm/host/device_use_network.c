/* SPDX-License-Identifier: MIT */
/*
 * Routes and connections are read from /proc/net, whose IPv4 addresses are the numbers that memory has, in hexadecimal.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "host/device_use.h"
#include "host/name_set.h"
#include "host/read_text.h"

#define TEXT_SIZE	(1u << 20)
#define SSH_PORT	22
#define TCP_ESTABLISHED 1
#define RTF_UP		0x0001u
#define RTF_REJECT	0x0200u

/** struct route - of IPv4 */
struct route {
	char interface[PT_NODE_SIZE];
	uint32_t to;
	uint32_t mask;
};

static int add_upper(void *arg, const char *name)
{
	return strncmp(name, "upper_", 6) == 0 ? name_set_add(arg, name + 6) : 0;
}

/* The function's interfaces, and all that is built on them. */
static int find_interfaces(const struct pt_sys *sys, const char *name, struct name_set *set)
{
	int ret = name_set_below(set, sys, "net", name);

	for (unsigned i = 0; i < set->count && ret >= 0; i++) {
		char path[PT_PATH_SIZE];

		(void)snprintf(path, sizeof(path), "/sys/class/net/%s", set->names[i]);
		ret = sys->list(sys->ctx, path, add_upper, set);
		if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

static int read_file(const struct pt_sys *sys, const char *path, char **ret_text)
{
	CLEANUP_FREE char *text = malloc(TEXT_SIZE);
	int ret;

	if (!text)
		return -ENOMEM;
	ret = read_text(sys, path, text, TEXT_SIZE);
	if (ret == -ENOENT) {
		text[0] = '\0';
		ret = 0;
	}
	if (ret == 0)
		*ret_text = TAKE_PTR(text);
	return ret;
}

static bool parse_route(const char *line, struct route *ret_route)
{
	unsigned flags;

	return sscanf(line, "%63s %" SCNx32 " %*x %x %*d %*d %*d %" SCNx32, ret_route->interface,
		      &ret_route->to, &flags, &ret_route->mask) == 4 &&
	       (flags & RTF_UP) && !(flags & RTF_REJECT);
}

/* Of the routes to @address the one with the longest prefix. */
static bool find_route(const char *routes, uint32_t address, struct route *ret_route)
{
	bool found = false;

	for (const char *line = routes; line; line = strchr(line, '\n')) {
		struct route route;

		line += *line == '\n';
		if (!parse_route(line, &route) || (address & route.mask) != route.to)
			continue;
		if (found && __builtin_popcount(route.mask) <= __builtin_popcount(ret_route->mask))
			continue;
		*ret_route = route;
		found = true;
	}
	return found;
}

static bool is_default_route(const char *line, char *ret_interface)
{
	struct route route;

	if (!parse_route(line, &route) || route.to != 0 || route.mask != 0)
		return false;
	(void)snprintf(ret_interface, PT_NODE_SIZE, "%s", route.interface);
	return true;
}

/* "DESTINATION LENGTH SOURCE LENGTH NEXT METRIC REFERENCES USES FLAGS INTERFACE" */
static bool is_default_route6(const char *line, char *ret_interface)
{
	char to[40];
	unsigned length, flags;

	return sscanf(line, "%39s %x %*s %*s %*s %*s %*s %*s %x %63s", to, &length, &flags,
		      ret_interface) == 4 &&
	       length == 0 && strspn(to, "0") == strlen(to) && (flags & RTF_UP) &&
	       !(flags & RTF_REJECT);
}

static bool find_default(const char *routes, const struct name_set *set,
			 bool (*is_default)(const char *line, char *ret_interface),
			 char *ret_interface)
{
	for (const char *line = routes; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (is_default(line, ret_interface) && name_set_has(set, ret_interface))
			return true;
	}
	return false;
}

/* The other end of an SSH connection to this host; of IPv6's only those that are IPv4 in truth. */
static bool is_ssh(const char *line, uint32_t *ret_address)
{
	char local[40], remote[40];
	unsigned port, state;
	size_t len;

	if (sscanf(line, " %*d: %39[0-9A-Fa-f]:%x %39[0-9A-Fa-f]:%*x %x", local, &port, remote,
		   &state) != 4 ||
	    port != SSH_PORT || state != TCP_ESTABLISHED)
		return false;
	len = strlen(remote);
	if (len != 8 && (len != 32 || strncmp(remote, "0000000000000000FFFF0000", 24) != 0))
		return false;
	*ret_address = (uint32_t)strtoul(remote + len - 8, NULL, 16);
	return true;
}

static bool find_ssh(const char *connections, const char *routes, const struct name_set *set,
		     char *ret_interface)
{
	for (const char *line = connections; line; line = strchr(line, '\n')) {
		struct route route;
		uint32_t address;

		line += *line == '\n';
		if (!is_ssh(line, &address) || !find_route(routes, address, &route) ||
		    !name_set_has(set, route.interface))
			continue;
		(void)snprintf(ret_interface, PT_NODE_SIZE, "%s", route.interface);
		return true;
	}
	return false;
}

static int look(const struct pt_sys *sys, const char *name, const struct name_set *set,
		struct pt_error *err)
{
	CLEANUP_FREE char *routes = NULL, *routes6 = NULL, *tcp = NULL, *tcp6 = NULL;
	char interface[PT_NODE_SIZE];
	int ret = read_file(sys, "/proc/net/route", &routes);

	if (ret == 0)
		ret = read_file(sys, "/proc/net/ipv6_route", &routes6);
	if (ret == 0)
		ret = read_file(sys, "/proc/net/tcp", &tcp);
	if (ret == 0)
		ret = read_file(sys, "/proc/net/tcp6", &tcp6);
	if (ret < 0)
		return pt_error_set(err, ret, "/proc/net: %s", strerror(-ret));
	if (find_ssh(tcp, routes, set, interface) || find_ssh(tcp6, routes, set, interface))
		(void)pt_error_set(err, -EBUSY,
				   "%s: the host uses it: somebody is logged in by SSH through %s",
				   name, interface);
	else if (find_default(routes, set, is_default_route, interface) ||
		 find_default(routes6, set, is_default_route6, interface))
		(void)pt_error_set(err, -EBUSY,
				   "%s: the host uses it: its default route is through %s", name,
				   interface);
	else
		return 0;
	return pt_error_remedy(err, -EBUSY,
			       "route the host's network over another card first; to take it all "
			       "the same: tenon bind --force %s",
			       name);
}

int device_use_network(const struct pt_sys *sys, const char *name, struct pt_error *err)
{
	CLEANUP_FREE struct name_set *set = calloc(1, sizeof(*set));
	int ret;

	if (!set)
		return pt_error_set(err, -ENOMEM, "out of memory");
	ret = find_interfaces(sys, name, set);
	if (ret < 0)
		return pt_error_set(err, ret, "%s: looking for its network interfaces: %s", name,
				    strerror(-ret));
	return set->count == 0 ? 0 : look(sys, name, set, err);
}
