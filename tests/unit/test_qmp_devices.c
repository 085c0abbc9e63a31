/* SPDX-License-Identifier: MIT */
/* Devices that come and go by the control socket, by name or by descriptor, and where they are to be. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "control/qmp_session.h"
#include "qmp_talk.h"

TestSuite(qmp_devices, .init = talk_begin, .fini = talk_end);

Test(qmp_devices, unplugs_by_id_and_by_host_address)
{
	negotiate();
	expect(tell("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"nic\"}}"),
	       "{\"return\":{}}\r\n");
	expect(tell("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"0000:02:00.0\"}}"),
	       "{\"return\":{}}\r\n");
	cr_assert_str_eq(fake.did, "unplug unplug ");
	expect(tell("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"disk\"}}"),
	       "{\"error\":{\"class\":\"DeviceNotFound\",\"desc\":\"Device 'disk' not found\"}}\r\n");
	/* A client takes what is not found for what has left. */
	expect(tell("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"serial0\"}}"),
	       "{\"error\":{\"class\":\"GenericError\",\"desc\":\"'serial0' does not leave while the guest "
	       "runs\"}}\r\n");
	fake.unplug_result = -EALREADY;
	expect(tell("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"nic\"}}"),
	       "{\"error\":{\"class\":\"GenericError\",\"desc\":\"Device nic is already in the process of "
	       "unplug\"}}\r\n");
	fake.present = false;
	cr_assert_not_null(
		strstr(tell("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"nic\"}}"),
		       "DeviceNotFound"));
}

#define ADD "{\"execute\":\"device_add\",\"id\":1,\"arguments\":{\"driver\":\"vfio-pci\","

/* It is answered when the device is there, and what was said behind it after that. */
Test(qmp_devices, a_device_that_comes)
{
	negotiate();
	expect(tell(ADD "\"host\":\"0000:03:00.0\",\"id\":\"disk\",\"slot\":3,\"rom\":\"a,b\"}}"
			"{\"execute\":\"stop\"}"),
	       "");
	cr_assert_str_eq(fake.did, "plug 0000:03:00.0,id=disk,slot=3,rom=a,,b");
	fake.plug_done(fake.plug_ctx, NULL);
	expect(tell(""), "{\"return\":{},\"id\":1}\r\n{\"return\":{}}\r\n");
	cr_assert(fake.paused);
}

Test(qmp_devices, a_device_that_does_not_come)
{
	const struct pt_error why = {.code = -EBUSY, .message = "in use", .remedy = "wait"};

	negotiate();
	expect(tell(ADD "\"host\":\"0000:03:00.0\"}}"), "");
	fake.plug_done(fake.plug_ctx, &why);
	expect(tell(""),
	       "{\"error\":{\"class\":\"GenericError\",\"desc\":\"in use; remedy: wait\"},\"id\":1}\r\n");
	fake.plug_result = -ENOSPC;
	expect(tell(ADD "\"host\":\"0000:03:00.0\"}}"),
	       "{\"error\":{\"class\":\"GenericError\",\"desc\":\"no room\"},\"id\":1}\r\n");
	cr_assert_not_null(strstr(tell(ADD "\"host\":\"a\",\"slot\":[]}}"),
				  "Parameter 'slot' expects a text or a number"));
	cr_assert_not_null(strstr(tell("{\"execute\":\"device_add\",\"arguments\":{\"driver\":"
				       "\"e1000\",\"host\":\"a\"}}"),
				  "'e1000' is not a device"));
}

Test(qmp_devices, a_client_that_does_not_wait_for_it)
{
	negotiate();
	expect(tell(ADD "\"host\":\"0000:03:00.0\"}}"), "");
	qmp_session_done(&session);
	fake.plug_done(fake.plug_ctx, NULL);
}

/* As libvirt brings a device whose node and whose iommufd it has opened itself. */
Test(qmp_devices, brings_a_device_by_descriptors)
{
	negotiate();
	came();
	(void)tell("{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"iommufd\"}}");
	expect(tell("{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"iommufd\",\"id\":"
		    "\"iommufd0\",\"fd\":\"iommufd\"}}"),
	       "{\"return\":{}}\r\n");
	cr_assert_str_eq(fake.iommufd, "iommufd0");
	cr_assert_eq(close(fake.iommufd_fd), 0);
	came();
	(void)tell("{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"node\"}}");
	expect(tell(ADD
		    "\"id\":\"hostdev0\",\"iommufd\":\"iommufd0\",\"fd\":\"node\",\"bus\":\"pci.0\","
		    "\"addr\":\"0xa\"}}"),
	       "");
	cr_assert_str_eq(strchr(fake.did, ','), ",id=hostdev0,slot=10 in iommufd0");
	cr_assert_eq(strncmp(fake.did, "plug fd=", 8), 0);
	cr_assert_eq(atoi(fake.did + 8), fake.plug_fd);
	cr_assert_eq(close(fake.plug_fd), 0);
	fake.plug_done(fake.plug_ctx, NULL);
	expect(tell(""), "{\"return\":{},\"id\":1}\r\n");
	expect(tell("{\"execute\":\"object-del\",\"arguments\":{\"id\":\"iommufd0\"}}"), "");
	fake.plug_done(fake.plug_ctx, NULL);
	expect(tell(""), "{\"return\":{}}\r\n");
	cr_assert_not_null(strstr(tell("{\"execute\":\"object-del\",\"arguments\":{\"id\":\"x\"}}"),
				  "object 'x' not found"));
}

Test(qmp_devices, closes_descriptors_of_what_is_refused)
{
	static const char *const bad[] = {
		ADD "\"fd\":\"node\",\"slot\":[]}}",
		ADD "\"fd\":\"node\",\"bus\":\"pci.9\"}}",
		ADD "\"fd\":\"node\"}}",
		"{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"iommufd\",\"id\":\"a\","
		"\"fd\":\"node\"}}",
	};

	negotiate();
	fake.plug_result = fake.iommufd_result = -ENOSPC;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = dup(1);

		qmp_session_descriptor(&session, fd);
		(void)tell("{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"node\"}}");
		cr_assert_not_null(strstr(tell(bad[i]), "error"), "%s", bad[i]);
		cr_assert_eq(close(fd), -1, "%s", bad[i]);
	}
	cr_assert_not_null(strstr(tell(ADD "\"fd\":\"17\"}}"), "the name that getfd has given"));
	cr_assert_not_null(strstr(tell(ADD "\"id\":\"x\"}}"), "Parameter 'host' is missing"));
	cr_assert_not_null(strstr(
		tell("{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"secret\",\"id\":\"a\"}}"),
		"'secret' is not an object"));
	cr_assert_not_null(strstr(
		tell("{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"iommufd\",\"id\":\"a\",\"x\":1}}"),
		"'iommufd.x' not found"));
}

static const struct {
	const char *says;
	const char *slot; /* NULL: it is refused */
} places[] = {
	{"\"addr\":\"0x2\"", ",slot=2"},
	{"\"addr\":\"1f.0x7\"", ",slot=31.7"},
	{"\"bus\":\"pcie.0\",\"addr\":\"04\"", ",slot=4"},
	{"\"bus\":\"pci.3\",\"addr\":\"0x0\"", ",slot=3"},
	{"\"bus\":\"pci.3\"", ",slot=3"},
	{"\"bus\":\"pci.3\",\"addr\":\"0x0.0x1\",\"multifunction\":true", ",slot=3.1"},
	{"\"bus\":\"pci.0\"", ""},
	{"\"bus\":\"pci.3\",\"addr\":\"0x1\"", NULL},
	{"\"bus\":\"pci.4\"", NULL},
	{"\"addr\":\"0x0\"", NULL},
	{"\"addr\":\"0x20\"", NULL},
	{"\"addr\":\"0x2.8\"", NULL},
	{"\"addr\":\"-2\"", NULL},
	{"\"addr\":\"2.\"", NULL},
	{"\"addr\":\"\"", NULL},
};

Test(qmp_devices, understands_where_a_device_is_to_be)
{
	negotiate();
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char text[256];

		fake.did[0] = '\0';
		(void)snprintf(text, sizeof(text), ADD "\"host\":\"a\",%s}}", places[i].says);
		(void)tell(text);
		if (!places[i].slot) {
			cr_assert_not_null(strstr(said, "error"), "%s", text);
			cr_assert_str_empty(fake.did);
			continue;
		}
		cr_assert_eq(strncmp(fake.did, "plug a", 6), 0, "%s: %s", text, said);
		cr_assert_str_eq(fake.did + 6, places[i].slot);
		fake.plug_done(fake.plug_ctx, NULL);
		(void)heard();
	}
}

Test(qmp_devices, understands_roms_as_qemu_says_them)
{
	negotiate();
	(void)tell(ADD "\"host\":\"a\",\"rombar\":0}}");
	cr_assert_str_eq(fake.did, "plug a,rom=off");
	fake.plug_done(fake.plug_ctx, NULL);
	fake.did[0] = '\0';
	(void)tell(ADD "\"host\":\"a\",\"romfile\":\"/x,y\",\"low-power\":true}}");
	cr_assert_str_eq(fake.did, "plug a,rom=/x,,y,low-power=yes");
	fake.plug_done(fake.plug_ctx, NULL);
}

Test(qmp_devices, a_device_as_on_the_command_line)
{
	negotiate();
	(void)tell(
		"{\"execute\":\"x-tenon-device-add\",\"arguments\":{\"kind\":\"disk\",\"value\":\"/a,id=x\"}}");
	cr_assert_str_eq(fake.did, "plug disk /a,id=x");
	fake.plug_done(fake.plug_ctx, NULL);
	expect(tell(""), "{\"return\":{}}\r\n");
	cr_assert_not_null(strstr(
		tell("{\"execute\":\"x-tenon-device-add\",\"arguments\":{\"kind\":\"tape\",\"value\":\"a\"}}"),
		"does not accept value 'tape'"));
}
