/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "control/qmp_schema.h"
#include "qmp_talk.h"

TestSuite(qmp, .init = talk_begin, .fini = talk_end);

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
		{"chardev-add\"", "channels are there when a guest starts"},
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
	list = ask("query-pci", "{}");
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
	list = ask("query-pci", "{}");
	cr_assert_eq(json_array_size(list), 1);
	json_decref(list);
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
		answer = ask(command->name, question_of(command->name));
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

Test(qmp, says_where_serial_lines_and_channels_end)
{
	negotiate();
	expect(tell("{\"execute\":\"query-chardev\"}"),
	       "{\"return\":[{\"label\":\"serial0\",\"filename\":\"pty:/dev/pts/7\",\"frontend-open\":true},"
	       "{\"label\":\"charchannel0\",\"filename\":\"unix:/run/agent,server=on\",\"frontend-open\":false,"
	       "\"x-tenon-channel\":\"org.example.agent\"}]}\r\n");
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
	schema = ask("query-qmp-schema", "{}");
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
