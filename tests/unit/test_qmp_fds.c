/* SPDX-License-Identifier: MIT */
/* Descriptors that a client sends, and what becomes of them. */
#include <criterion/criterion.h>
#include <errno.h>

#include "control/qmp_session.h"
#include "qmp_talk.h"

TestSuite(qmp_fds, .init = talk_begin, .fini = talk_end);

Test(qmp_fds, names_descriptors)
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

Test(qmp_fds, keeps_descriptors_for_commands_behind_one_that_waits)
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

Test(qmp_fds, puts_descriptors_into_sets)
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
	sets = ask("query-fdsets", "{}");
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

Test(qmp_fds, has_few_descriptors_open)
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
