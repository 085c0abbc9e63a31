/* SPDX-License-Identifier: MIT */
/* What devices use, by names that a client of the control socket gives: block nodes, network ends, sources of random numbers. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/qmp_session.h"
#include "qmp_talk.h"

static char image[64];

static void begin(void)
{
	int fd;

	talk_begin();
	negotiate();
	memcpy(image, "/tmp/tenon-image-XXXXXX", 24);
	fd = mkstemp(image);
	cr_assert_geq(fd, 0);
	(void)close(fd);
}

static void end(void)
{
	talk_end();
	backends_done(&fake.backends);
	(void)unlink(image);
}

TestSuite(qmp_backends, .init = begin, .fini = end);

/* A command, its arguments without their braces. */
static const char *give(const char *command, const char *arguments)
{
	char text[1024];

	fake.did[0] = '\0';
	(void)snprintf(text, sizeof(text), "{\"execute\":\"%s\",\"arguments\":{%s}}", command,
		       arguments);
	return tell(text);
}

static void accepted(const char *command, const char *arguments)
{
	cr_assert_str_eq(give(command, arguments), "{\"return\":{}}\r\n", "%s %s: %s", command,
			 arguments, said);
}

static void refused(const char *command, const char *arguments, const char *why)
{
	cr_assert_not_null(strstr(give(command, arguments), "error"), "%s: %s", command, said);
	cr_assert_not_null(strstr(said, why), "%s %s: %s", command, arguments, said);
}

/* Answered when the device has come. */
static void plugged(const char *arguments, const char *option)
{
	cr_assert_str_empty(give("device_add", arguments), "%s", said);
	cr_assert_str_eq(fake.did, option);
	fake.plug_done(fake.plug_ctx, NULL);
	cr_assert_str_eq(tell(""), "{\"return\":{}}\r\n");
}

static void name_fd(const char *name)
{
	char arguments[64];

	qmp_session_descriptor(&session, dup(1));
	(void)snprintf(arguments, sizeof(arguments), "\"fdname\":\"%s\"", name);
	accepted("getfd", arguments);
}

/* As libvirt writes them. */
static void add_nodes(void)
{
	char arguments[512];

	(void)snprintf(
		arguments, sizeof(arguments),
		"\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"s\",\"auto-read-only\":true,"
		"\"discard\":\"unmap\",\"cache\":{\"direct\":true,\"no-flush\":false},\"aio\":\"io_uring\"",
		image);
	accepted("blockdev-add", arguments);
	accepted(
		"blockdev-add",
		"\"node-name\":\"f\",\"read-only\":true,\"discard\":\"unmap\",\"driver\":\"raw\",\"file\":\"s\","
		"\"cache\":{\"direct\":true,\"no-flush\":false}");
}

Test(qmp_backends, a_disk_on_its_nodes)
{
	char option[256];

	add_nodes();
	(void)snprintf(option, sizeof(option),
		       "plug disk %s,readonly=yes,direct=yes,id=d,serial=a,slot=3", image);
	plugged("\"driver\":\"virtio-blk-pci\",\"bus\":\"pci.3\",\"addr\":\"0x0\",\"drive\":\"f\",\"id\":\"d\","
		"\"serial\":\"a\",\"write-cache\":\"on\",\"scsi\":\"off\",\"bootindex\":\"2\"",
		option);
	fake.has_disk = true;
	refused("device_add", "\"driver\":\"virtio-blk-pci\",\"drive\":\"f\"", "it's in use");
	refused("blockdev-del", "\"node-name\":\"f\"", "Node f is in use");
	refused("blockdev-del", "\"node-name\":\"s\"", "node 'f' is on it");
	fake.has_disk = false;
	accepted("blockdev-del", "\"node-name\":\"f\"");
	accepted("blockdev-del", "\"node-name\":\"s\"");
	refused("blockdev-del", "\"node-name\":\"s\"", "Failed to find node with node-name='s'");
}

Test(qmp_backends, nodes_that_cannot_be)
{
	char arguments[256];

	refused("blockdev-add", "\"driver\":\"qcow2\",\"node-name\":\"a\",\"file\":\"b\"",
		"'qcow2' is not to be had");
	refused("blockdev-add",
		"\"driver\":\"file\",\"node-name\":\"a\",\"filename\":\"/no/where\"",
		"Could not open '/no/where'");
	refused("blockdev-add", "\"driver\":\"raw\",\"node-name\":\"a\",\"file\":\"b\"",
		"node-name='b'");
	refused("blockdev-add", "\"driver\":\"file\",\"node-name\":\"\",\"filename\":\"/dev/null\"",
		"name is missing");
	refused("blockdev-add",
		"\"driver\":\"file\",\"node-name\":\"a\",\"filename\":\"/dev/null\",\"offset\":1",
		"'offset' is unexpected");
	add_nodes();
	(void)snprintf(arguments, sizeof(arguments),
		       "\"driver\":\"file\",\"node-name\":\"f\",\"filename\":\"%s\"", image);
	refused("blockdev-add", arguments, "Duplicate name 'f'");
	refused("device_add", "\"driver\":\"virtio-blk-pci\",\"drive\":\"x\"",
		"can't find value 'x'");
	refused("device_add", "\"driver\":\"virtio-blk-pci\"", "'drive' is missing");
	refused("device_add",
		"\"driver\":\"virtio-blk-pci\",\"drive\":\"f\",\"write-cache\":\"off\"",
		"the guest flushes");
}

Test(qmp_backends, a_file_of_a_set)
{
	int fd = open(image, O_RDWR);

	cr_assert_geq(fd, 0);
	refused("blockdev-add",
		"\"driver\":\"file\",\"node-name\":\"a\",\"filename\":\"/dev/fdset/0\"",
		"of set 0");
	qmp_session_descriptor(&session, fd);
	(void)give("add-fd", "\"fdset-id\":0");
	refused("blockdev-add",
		"\"driver\":\"file\",\"node-name\":\"a\",\"filename\":\"/dev/fdset/x\"",
		"names no set");
	accepted("blockdev-add",
		 "\"driver\":\"file\",\"node-name\":\"a\",\"filename\":\"/dev/fdset/0\"");
	accepted("remove-fd", "\"fdset-id\":0");
	plugged("\"driver\":\"virtio-blk-pci\",\"drive\":\"a\"", "plug disk /dev/fdset/0");
	fd = backends_find(&fake.backends, BACKEND_FILE, "a")->fds[0];
	cr_assert_gt(fd, 0, "a descriptor of its own");
	accepted("blockdev-del", "\"node-name\":\"a\"");
	cr_assert_eq(fcntl(fd, F_GETFD), -1, "and closed with it");
}

/* What is on top has no descriptor of its own. */
Test(qmp_backends, a_format_on_a_file_of_a_set)
{
	int fd = open(image, O_RDWR);
	const struct backend *format;

	qmp_session_descriptor(&session, fd);
	(void)give("add-fd", "\"fdset-id\":0");
	accepted("blockdev-add",
		 "\"driver\":\"file\",\"node-name\":\"s\",\"filename\":\"/dev/fdset/0\"");
	accepted("blockdev-add", "\"driver\":\"raw\",\"node-name\":\"f\",\"file\":\"s\"");
	format = backends_find(&fake.backends, BACKEND_FORMAT, "f");
	cr_assert_gt(backends_file(&fake.backends, format)->fds[0], 0);
	plugged("\"driver\":\"virtio-blk-pci\",\"drive\":\"f\"", "plug disk /dev/fdset/0");
	cr_assert_str_eq(format->device, "disk7");
}

Test(qmp_backends, a_card_on_descriptors)
{
	char option[128];
	int first;

	name_fd("t0");
	name_fd("t1");
	name_fd("v0");
	name_fd("v1");
	accepted("netdev_add",
		 "\"type\":\"tap\",\"fds\":\"t0:t1\",\"vhost\":true,\"vhostfds\":\"v0:v1\","
		 "\"id\":\"hostnet0\"");
	cr_assert_eq(session.fds.kept_count, 0);
	first = backends_find(&fake.backends, BACKEND_TAP, "hostnet0")->fds[0];
	(void)snprintf(option, sizeof(option),
		       "plug net fd:%d,queues=2,vhost=on,mtu=1400,id=n,mac=52:54:00:00:00:01",
		       first);
	plugged("\"driver\":\"virtio-net-pci\",\"netdev\":\"hostnet0\",\"id\":\"n\",\"mac\":\"52:54:00:00:00:01\","
		"\"mq\":true,\"vectors\":6,\"host_mtu\":1400",
		option);
	fake.has_disk = true;
	refused("netdev_del", "\"id\":\"hostnet0\"", "is in use");
	fake.has_disk = false;
	accepted("netdev_del", "\"id\":\"hostnet0\"");
	cr_assert_eq(fcntl(first, F_GETFD), -1);
	refused("netdev_del", "\"id\":\"hostnet0\"", "DeviceNotFound");
}

Test(qmp_backends, a_card_by_name)
{
	accepted("netdev_add",
		 "\"type\":\"tap\",\"ifname\":\"tap0\",\"script\":\"no\",\"id\":\"n0\","
		 "\"queues\":2");
	plugged("\"driver\":\"virtio-net-pci-non-transitional\",\"netdev\":\"n0\"",
		"plug net tap0,queues=2,vhost=off");
	refused("netdev_add", "\"type\":\"user\",\"id\":\"n1\"", "tap is to be had");
	refused("netdev_add", "\"type\":\"tap\",\"id\":\"n1\"", "'fd' or 'ifname' is missing");
	refused("netdev_add", "\"type\":\"tap\",\"id\":\"n1\",\"ifname\":\"a\",\"script\":\"/x\"",
		"no program is run");
	refused("netdev_add", "\"type\":\"tap\",\"id\":\"n1\",\"fd\":\"none\"",
		"'none' has not been");
	name_fd("a");
	name_fd("b");
	refused("netdev_add", "\"type\":\"tap\",\"id\":\"n1\",\"fd\":\"a\",\"vhostfds\":\"b:b\"",
		"'b' has not been");
	cr_assert_eq(session.fds.kept_count, 0, "what was taken is closed");
}

Test(qmp_backends, random_numbers_and_sockets)
{
	accepted("object-add",
		 "\"qom-type\":\"rng-random\",\"id\":\"objrng0\",\"filename\":\"/dev/urandom\"");
	plugged("\"driver\":\"virtio-rng-pci\",\"rng\":\"objrng0\",\"id\":\"rng0\"",
		"plug rng host,id=rng0");
	fake.has_disk = true;
	refused("object-del", "\"id\":\"objrng0\"", "in use");
	fake.has_disk = false;
	accepted("object-del", "\"id\":\"objrng0\"");
	refused("object-add",
		"\"qom-type\":\"rng-random\",\"id\":\"r\",\"filename\":\"/etc/passwd\"",
		"/dev/urandom is to be had");
	plugged("\"driver\":\"vhost-vsock-pci\",\"guest-cid\":7", "plug vsock 7");
	refused("device_add", "\"driver\":\"vhost-vsock-pci\"", "'guest-cid' is missing");
}

Test(qmp_backends, queries)
{
	json_t *answer, *row;

	add_nodes();
	answer = json_loads(tell("{\"execute\":\"query-named-block-nodes\"}"),
			    JSON_DISABLE_EOF_CHECK, NULL);
	cr_assert_eq(json_array_size(json_object_get(answer, "return")), 2);
	json_decref(answer);
	plugged("\"driver\":\"virtio-blk-pci\",\"drive\":\"f\",\"id\":\"disk7\"", fake.did);
	fake.has_disk = true;
	answer = json_loads(tell("{\"execute\":\"query-block\"}"), JSON_DISABLE_EOF_CHECK, NULL);
	row = json_array_get(json_object_get(answer, "return"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(row, "qdev")),
			 "/machine/peripheral/disk7/virtio-backend");
	cr_assert_str_eq(
		json_string_value(json_object_get(json_object_get(row, "inserted"), "node-name")),
		"f");
	json_decref(answer);
	answer = json_loads(tell("{\"execute\":\"query-blockstats\"}"), JSON_DISABLE_EOF_CHECK,
			    NULL);
	row = json_object_get(json_array_get(json_object_get(answer, "return"), 0), "stats");
	cr_assert_eq(json_integer_value(json_object_get(row, "rd_operations")), 3);
	json_decref(answer);
}
