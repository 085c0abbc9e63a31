/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/qmp_schema.h"
#include "control/qmp_session.h"
#include "unit/fake_target.h"

static struct fake_target fake;
static struct qmp_session session;
static char *said;

static void begin(void)
{
	fake_target_init(&fake);
	qmp_session_init(&session, &fake.target);
}

static void end(void)
{
	qmp_session_done(&session);
	free(said);
	said = NULL;
}

TestSuite(qmp, .init = begin, .fini = end);

/* What it has said since the last call. */
static const char *heard(void)
{
	const char *bytes;
	size_t size = qmp_session_pending(&session, &bytes);

	free(said);
	said = strndup(bytes ? bytes : "", size);
	qmp_session_sent(&session, size);
	return said;
}

static const char *tell(const char *text)
{
	qmp_session_input(&session, text, strlen(text));
	return heard();
}

static void negotiate(void)
{
	(void)heard();
	(void)tell("{\"execute\":\"qmp_capabilities\"}");
}

/* What those commands are asked that are nothing without. */
static const struct {
	const char *command;
	const char *arguments;
} questions[] = {
	{"qom-list", "{\"path\":\"/machine/peripheral\"}"},
	{"qom-get", "{\"path\":\"/machine/cpu[0]\",\"property\":\"migratable\"}"},
	{"device-list-properties", "{\"typename\":\"vfio-pci\"}"},
	{"qom-list-properties", "{\"typename\":\"memory-backend-file\"}"},
};

static const char *question_of(const char *command)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (strcmp(questions[i].command, command) == 0)
			return questions[i].arguments;
	}
	return "{}";
}

/* The answer to a command; the caller's reference. */
static json_t *ask(const char *command)
{
	char text[256];
	json_t *answer, *result;

	(void)snprintf(text, sizeof(text), "{\"execute\":\"%s\",\"arguments\":%s}", command,
		       question_of(command));
	answer = json_loads(tell(text), JSON_DISABLE_EOF_CHECK, NULL);
	cr_assert_not_null(answer, "%s", said);
	result = json_incref(json_object_get(answer, "return"));
	json_decref(answer);
	cr_assert_not_null(result, "%s", said);
	return result;
}

static void expect(const char *answer, const char *wanted)
{
	cr_assert_str_eq(answer, wanted, "said %s", answer);
}

Test(qmp, greets_and_names_what_answers)
{
	json_t *greeting = json_loads(heard(), JSON_DISABLE_EOF_CHECK, NULL);
	json_t *version = json_object_get(json_object_get(greeting, "QMP"), "version");

	cr_assert_eq(json_integer_value(json_object_get(json_object_get(version, "qemu"), "major")),
		     8);
	cr_assert(strncmp(json_string_value(json_object_get(version, "package")), "tenon ", 6) ==
		  0);
	json_decref(greeting);
}

Test(qmp, understands_nothing_before_the_negotiation)
{
	(void)heard();
	expect(tell("{\"execute\":\"quit\"}"),
	       "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"Expecting capabilities negotiation with "
	       "'qmp_capabilities'\"}}\r\n");
	cr_assert_str_empty(fake.did);
	qmp_session_event(&session, "STOP", NULL);
	cr_assert_str_empty(heard(), "no events before it either");
	expect(tell("{\"execute\":\"qmp_capabilities\"}"), "{\"return\":{}}\r\n");
	cr_assert_not_null(strstr(tell("{\"execute\":\"qmp_capabilities\"}"), "already complete"));
}

Test(qmp, refuses_a_capability_that_it_does_not_have)
{
	(void)heard();
	cr_assert_not_null(strstr(
		tell("{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}"),
		"Capability oob is not available"));
	cr_assert_not(session.negotiated);
}

Test(qmp, answers_carry_the_id_whatever_it_is)
{
	negotiate();
	expect(tell("{\"execute\":\"stop\",\"id\":[1,\"x\"]}"),
	       "{\"return\":{},\"id\":[1,\"x\"]}\r\n");
	expect(tell("{\"execute\":\"nothing\",\"id\":null}"),
	       "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command nothing has not been "
	       "found\"},\"id\":null}\r\n");
}

Test(qmp, what_there_is_not_is_refused_with_the_reason)
{
	static const struct {
		const char *command;
		const char *reason;
	} absent[] = {
		{"migrate\",\"arguments\":{\"uri\":\"tcp:127.0.0.1:4444\"}", "does not migrate"},
		{"migrate_cancel\"", "does not migrate"},
		{"migrate-set-parameters\"", "does not migrate"},
		{"query-migrate\"", "does not migrate"},
		{"snapshot-save\"", "no snapshots of a guest"},
		{"blockdev-snapshot-sync\"", "no snapshots of disks"},
		{"human-monitor-command\"", "no human monitor"},
		{"dump-guest-memory\"", "not written to a file"},
		{"screendump\"", "no screen"},
	};

	negotiate();
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		char text[128];

		(void)snprintf(text, sizeof(text), "{\"execute\":\"%s}", absent[i].command);
		cr_assert(strstr(tell(text), "\"class\":\"CommandNotFound\""), "%s", said);
		cr_assert(strstr(said, absent[i].reason), "%s", said);
	}
	cr_assert_str_empty(fake.did);
}

Test(qmp, controls_the_guest)
{
	negotiate();
	(void)tell("{\"execute\":\"stop\"}{\"execute\":\"query-status\"}");
	cr_assert(fake.paused);
	expect(said,
	       "{\"return\":{}}\r\n{\"return\":{\"running\":false,\"status\":\"paused\"}}\r\n");
	(void)tell(
		"{\"execute\":\"cont\"} {\"execute\":\"system_powerdown\"}\n{\"execute\":\"system_reset\"}");
	(void)tell("{\"execute\":\"quit\"}");
	cr_assert_not(fake.paused);
	cr_assert_str_eq(fake.did, "power reset quit ");
}

Test(qmp, unplugs_by_id_and_by_host_address)
{
	negotiate();
	expect(tell("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"nic\"}}"),
	       "{\"return\":{}}\r\n");
	expect(tell("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"0000:02:00.0\"}}"),
	       "{\"return\":{}}\r\n");
	cr_assert_str_eq(fake.did, "unplug unplug ");
	expect(tell("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"disk\"}}"),
	       "{\"error\":{\"class\":\"DeviceNotFound\",\"desc\":\"Device 'disk' not found\"}}\r\n");
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
Test(qmp, a_device_that_comes)
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

Test(qmp, a_device_that_does_not_come)
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

Test(qmp, a_client_that_does_not_wait_for_it)
{
	negotiate();
	expect(tell(ADD "\"host\":\"0000:03:00.0\"}}"), "");
	qmp_session_done(&session);
	fake.plug_done(fake.plug_ctx, NULL);
}

static const struct {
	const char *input;
	const char *desc;
} wrong[] = {
	{"{\"execute\":\"stop\",}\n", "JSON parse error"},
	{"nonsense\n", "JSON parse error"},
	{"}\n", "JSON parse error"},
	{"{\"a\":1,\"a\":2}", "JSON parse error"},
	{"[]", "QMP input must be a JSON object"},
	{"{}", "QMP input lacks member 'execute'"},
	{"{\"execute\":1}", "QMP input member 'execute' must be a string"},
	{"{\"execute\":\"stop\",\"arguments\":[]}",
	 "QMP input member 'arguments' must be an object"},
	{"{\"execute\":\"stop\",\"extra\":1}", "QMP input member 'extra' is unexpected"},
	{"{\"execute\":\"stop\",\"arguments\":{\"a\":1}}", "Parameter 'a' is unexpected"},
	{"{\"execute\":\"device_del\"}", "Parameter 'id' is missing"},
	{"{\"execute\":\"device_del\",\"arguments\":{\"id\":7}}",
	 "Invalid parameter type for 'id', expected: string"},
};

Test(qmp, every_mistake_has_its_error_and_the_next_command_works)
{
	negotiate();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *answer = tell(wrong[i].input);

		cr_assert_not_null(strstr(answer, wrong[i].desc), "%s: %s", wrong[i].input, answer);
		cr_assert_not_null(strstr(answer, "GenericError"), "%s", answer);
		cr_assert_not(session.broken);
		expect(tell("{\"execute\":\"cont\"}"), "{\"return\":{}}\r\n");
	}
	cr_assert_not(fake.paused);
}

Test(qmp, a_command_without_an_end_breaks_the_session)
{
	char block[4096];
	size_t sent = 0;

	negotiate();
	memset(block, ' ', sizeof(block));
	(void)tell("{\"execute\":");
	while (!session.broken && sent < 2 * QMP_COMMAND_MAX) {
		qmp_session_input(&session, block, sizeof(block));
		sent += sizeof(block);
	}
	cr_assert(session.broken);
	cr_assert_not_null(strstr(heard(), "the command is too long"));
}

Test(qmp, answers_that_nobody_reads_break_it)
{
	size_t rounds = 0;

	negotiate();
	while (!session.broken && rounds++ < 100000)
		qmp_session_input(&session, "{\"execute\":\"query-commands\"}", 28);
	cr_assert(session.broken);
	cr_assert_leq(session.out_room, 2 * QMP_ANSWERS_MAX);
}

Test(qmp, events_have_a_time_and_their_data)
{
	json_t *event, *data = json_pack("{s:s}", "device", "nic");

	negotiate();
	qmp_session_event(&session, "DEVICE_DELETED", data);
	json_decref(data);
	event = json_loads(heard(), JSON_DISABLE_EOF_CHECK, NULL);
	cr_assert_str_eq(json_string_value(json_object_get(event, "event")), "DEVICE_DELETED");
	cr_assert_gt(
		json_integer_value(json_object_get(json_object_get(event, "timestamp"), "seconds")),
		1000000000);
	cr_assert_str_eq(
		json_string_value(json_object_get(json_object_get(event, "data"), "device")),
		"nic");
	json_decref(event);
}

/* A root port at 00:01.0 with a network card behind it, as a guest sets them up. */
static void set_up_pci(void)
{
	static const uint8_t port[] = {
		[0x00] = 0x36, 0x1b,	   0x0c,       0x00,	   [0x0a] = 0x04, 0x06,
		[0x0e] = 0x01, [0x18] = 0, 1,	       1,	   [0x1c] = 0x11, 0x21,
		[0x20] = 0x00, 0xfe,	   0x10,       0xfe,	   [0x24] = 0x01, 0x00,
		0xf1,	       0x0f,	   [0x28] = 8, [0x2c] = 8, [0x3c] = 11,	  1,
	};
	static const uint8_t card[] = {
		[0x00] = 0x86,
		0x80,
		0xc9,
		0x10,
		[0x0a] = 0x00,
		0x02,
		[0x10] = 0x0c,
		0,
		0,
		0,
		8,
		[0x18] = 0x01,
		0x10,
		[0x2c] = 0x86,
		0x80,
		0x01,
		0xa0,
	};

	memcpy(fake.config[0], port, sizeof(port));
	memcpy(fake.config[1], card, sizeof(card));
}

Test(qmp, shows_the_buses_as_the_guest_has_them)
{
	json_t *list, *port, *bridge, *card, *regions;

	set_up_pci();
	negotiate();
	list = ask("query-pci");
	port = json_array_get(json_object_get(json_array_get(list, 0), "devices"), 0);
	bridge = json_object_get(port, "pci_bridge");
	cr_assert_eq(json_integer_value(json_object_get(port, "slot")), 1);
	cr_assert_eq(json_integer_value(json_object_get(port, "irq")), 11);
	bridge = json_object_get(port, "pci_bridge");
	cr_assert_eq(json_integer_value(json_object_get(
			     json_object_get(json_object_get(bridge, "bus"), "prefetchable_range"),
			     "base")),
		     0x800000000);
	cr_assert_eq(
		json_integer_value(json_object_get(
			json_object_get(json_object_get(bridge, "bus"), "memory_range"), "limit")),
		0xfe1fffff);
	cr_assert_eq(json_integer_value(json_object_get(
			     json_object_get(json_object_get(bridge, "bus"), "io_range"), "base")),
		     0x1000);
	card = json_array_get(json_object_get(bridge, "devices"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(card, "qdev_id")), "nic");
	cr_assert_null(json_object_get(card, "irq"));
	regions = json_object_get(card, "regions");
	cr_assert_eq(json_array_size(regions), 2);
	cr_assert_eq(json_integer_value(json_object_get(json_array_get(regions, 0), "address")),
		     0x800000000);
	cr_assert_str_eq(json_string_value(json_object_get(json_array_get(regions, 1), "type")),
			 "io");
	json_decref(list);
}

Test(qmp, buses_that_go_in_circles_end)
{
	json_t *list;

	set_up_pci();
	memcpy(fake.config[1], fake.config[0], sizeof(fake.config[0])); /* behind bus 1 is bus 1 */
	negotiate();
	list = ask("query-pci");
	cr_assert_eq(json_array_size(list), 1);
	json_decref(list);
}

static void came(void)
{
	qmp_session_descriptor(&session, dup(1));
}

/* Every query, against the type that the schema gives it; add-fd is answered where a descriptor came. */
Test(qmp, answers_are_of_the_type_that_the_schema_says)
{
	unsigned queries = 0;

	set_up_pci();
	negotiate();
	for (const struct qmp_command *command = qmp_commands; command->name; command++) {
		struct pt_error err = PT_ERROR_INIT;
		json_t *answer;

		if (!command->returns)
			continue;
		came();
		answer = ask(command->name);
		cr_assert_eq(qmp_check(answer, command->returns, "return", false, &err), 0,
			     "%s: %s", command->name, err.message);
		json_decref(answer);
		queries++;
	}
	cr_assert_gt(queries, 8);
}

Test(qmp, says_where_a_cpu_is)
{
	negotiate();
	expect(tell("{\"execute\":\"query-cpus-fast\"}"),
	       "{\"return\":[{\"cpu-index\":0,\"qom-path\":\"/machine/cpu[0]\",\"thread-id\":100,\"props\":{"
	       "\"socket-id\":1,\"core-id\":0,\"thread-id\":0},\"target\":\"x86_64\"},"
	       "{\"cpu-index\":1,\"qom-path\":\"/machine/cpu[1]\",\"thread-id\":101,\"props\":{"
	       "\"socket-id\":1,\"core-id\":1,\"thread-id\":0,\"node-id\":3},\"target\":\"x86_64\"}]}\r\n");
}

/* libvirt ends a guest whose emulator does not know one of these. */
Test(qmp, what_libvirt_asks_when_it_comes_back_is_known)
{
	static const char *const asked[] = {
		"qmp_capabilities", "query-migrate-capabilities",
		"query-status",	    "query-target",
		"query-machines",   "query-cpus-fast",
		"qom-get",	    "query-iothreads",
		"query-block",	    "query-chardev",
		"query-jobs",	    "qom-list",
	};

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		cr_assert(qmp_command_find(asked[i]), "%s", asked[i]);
}

Test(qmp, the_tree_of_objects_has_what_is_there)
{
	negotiate();
	expect(tell("{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/peripheral\"}}"),
	       "{\"return\":[{\"name\":\"serial0\",\"type\":\"child<isa-serial>\"},{\"name\":\"nic\","
	       "\"type\":\"child<vfio-pci>\"},{\"name\":\"balloon0\",\"type\":\"child<virtio-balloon-pci>\"}]}\r\n");
	expect(tell("{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/cpu[0]\"}}"),
	       "{\"return\":[{\"name\":\"type\",\"type\":\"string\"}]}\r\n");
	expect(tell("{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine/cpu[0]\","
		    "\"property\":\"migratable\"}}"),
	       "{\"return\":false}\r\n");
	cr_assert(strstr(
		tell("{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/cpu[9]\"}}"),
		"DeviceNotFound"));
}

Test(qmp, a_balloon_is_never_inflated)
{
	negotiate();
	expect(tell("{\"execute\":\"query-balloon\"}"), "{\"return\":{\"actual\":1073741824}}\r\n");
	expect(tell("{\"execute\":\"balloon\",\"arguments\":{\"value\":1073741824}}"),
	       "{\"return\":{}}\r\n");
	cr_assert(strstr(tell("{\"execute\":\"balloon\",\"arguments\":{\"value\":4096}}"),
			 "The guest keeps its memory"));
}

Test(qmp, actions_are_set)
{
	negotiate();
	expect(tell("{\"execute\":\"set-action\",\"arguments\":{\"reboot\":\"shutdown\","
		    "\"shutdown\":\"pause\",\"panic\":\"pause\"}}"),
	       "{\"return\":{}}\r\n");
	cr_assert_str_eq(fake.did, "reboot ends stays on panic pause ");
	cr_assert(strstr(tell("{\"execute\":\"set-action\",\"arguments\":{\"reboot\":\"twice\"}}"),
			 "does not accept value 'twice'"));
}

/* libvirt 9.0 does not survive an error there. */
Test(qmp, properties_of_what_is_not_there_are_an_empty_list)
{
	negotiate();
	expect(tell("{\"execute\":\"qom-list-properties\",\"arguments\":{\"typename\":\"nothing\"}}"),
	       "{\"return\":[]}\r\n");
	cr_assert(strstr(tell("{\"execute\":\"device-list-properties\",\"arguments\":{\"typename\":"
			      "\"virtio-scsi-pci\"}}"),
			 "DeviceNotFound"));
}

static bool has(const json_t *list, const char *name)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (strcmp(json_string_value(json_object_get(json_array_get(list, i), "name")),
			   name) == 0)
			return true;
	}
	return false;
}

/* A name that the schema uses and does not explain would stop a client that reads it. */
Test(qmp, the_schema_explains_every_name_once)
{
	static const char *const uses[] = {"arg-type", "ret-type", "element-type"};
	json_t *schema, *seen = json_object(), *row, *member;
	size_t i, j;

	negotiate();
	schema = ask("query-qmp-schema");
	json_array_foreach(schema, i, row)
	{
		const char *name = json_string_value(json_object_get(row, "name"));

		cr_assert_null(json_object_get(seen, name), "%s is there twice", name);
		(void)json_object_set_new(seen, name, json_true());
		for (size_t k = 0; k < sizeof(uses) / sizeof(uses[0]); k++) {
			const char *used = json_string_value(json_object_get(row, uses[k]));

			cr_assert(!used || has(schema, used), "%s: %s is nowhere", name, used);
		}
		json_array_foreach(json_object_get(row, "members"), j, member)
			cr_assert(has(schema, json_string_value(json_object_get(member, "type"))),
				  "%s", name);
	}
	for (const struct qmp_command *command = qmp_commands; command->name; command++)
		cr_assert_not_null(json_object_get(seen, command->name));
	json_decref(seen);
	json_decref(schema);
}

Test(qmp, names_descriptors)
{
	const char *const text = "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"a\"}}";
	int fd = -1;

	negotiate();
	cr_assert_not_null(strstr(tell(text), "No file descriptor supplied via SCM_RIGHTS"));
	came();
	expect(tell(text), "{\"return\":{}}\r\n");
	came();
	expect(tell(text), "{\"return\":{}}\r\n");
	cr_assert_eq(session.fds.kept_count, 1, "the one of the name is closed");
	came();
	cr_assert_not_null(strstr(tell("{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"1a\"}}"),
				  "a name not starting with a digit"));
	cr_assert_eq(session.fds.unclaimed_count, 0, "what came with a bad command is closed");
	expect(tell("{\"execute\":\"closefd\",\"arguments\":{\"fdname\":\"a\"}}"),
	       "{\"return\":{}}\r\n");
	cr_assert_eq(qmp_fds_take(&session.fds, "a", &fd, NULL), -ENOENT);
	cr_assert_not_null(
		strstr(tell("{\"execute\":\"closefd\",\"arguments\":{\"fdname\":\"a\"}}"),
		       "File descriptor named 'a' has not been found"));
}

Test(qmp, keeps_descriptors_for_commands_behind_one_that_waits)
{
	negotiate();
	came();
	came();
	(void)tell(
		"{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"vfio-pci\",\"host\":\"0:1.0\"}}"
		"{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"a\"}}"
		"{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"b\"}}\r\n");
	cr_assert_eq(session.fds.unclaimed_count, 2);
	fake.plug_done(fake.plug_ctx, NULL);
	cr_assert_eq(session.fds.kept_count, 2);
	cr_assert_eq(session.fds.unclaimed_count, 0);
}

Test(qmp, puts_descriptors_into_sets)
{
	json_t *sets;

	negotiate();
	came();
	cr_assert_not_null(strstr(tell("{\"execute\":\"add-fd\"}"), "\"fdset-id\":0"));
	came();
	cr_assert_not_null(strstr(tell("{\"execute\":\"add-fd\",\"arguments\":{\"opaque\":\"x\"}}"),
				  "\"fdset-id\":1"));
	came();
	(void)tell("{\"execute\":\"add-fd\",\"arguments\":{\"fdset-id\":1}}");
	came();
	cr_assert_not_null(strstr(tell("{\"execute\":\"add-fd\",\"arguments\":{\"fdset-id\":-3}}"),
				  "'fdset-id' expects a number"));
	sets = ask("query-fdsets");
	cr_assert_eq(json_array_size(sets), 2);
	cr_assert_eq(json_array_size(json_object_get(json_array_get(sets, 1), "fds")), 2);
	json_decref(sets);
	expect(tell("{\"execute\":\"remove-fd\",\"arguments\":{\"fdset-id\":1}}"),
	       "{\"return\":{}}\r\n");
	cr_assert_not_null(
		strstr(tell("{\"execute\":\"remove-fd\",\"arguments\":{\"fdset-id\":1}}"),
		       "'fdset-id:1' not found"));
	cr_assert_not_null(strstr(
		tell("{\"execute\":\"remove-fd\",\"arguments\":{\"fdset-id\":0,\"fd\":999}}"),
		"'fdset-id:0, fd:999' not found"));
	cr_assert_eq(session.fds.kept_count, 1);
}

Test(qmp, has_few_descriptors_open)
{
	negotiate();
	for (unsigned i = 0; i < QMP_FDS_KEPT_MAX; i++) {
		came();
		(void)tell("{\"execute\":\"add-fd\"}");
	}
	came();
	cr_assert_not_null(strstr(tell("{\"execute\":\"add-fd\"}"), "already"));
	cr_assert_eq(session.fds.kept_count, QMP_FDS_KEPT_MAX);
	cr_assert_eq(session.fds.unclaimed_count, 0);
}

/* As libvirt brings a device whose node and whose iommufd it has opened itself. */
Test(qmp, brings_a_device_by_descriptors)
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

Test(qmp, closes_descriptors_of_what_is_refused)
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

Test(qmp, understands_where_a_device_is_to_be)
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

Test(qmp, understands_roms_as_qemu_says_them)
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

Test(qmp, a_device_as_on_the_command_line)
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
