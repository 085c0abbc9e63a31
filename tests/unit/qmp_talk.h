/* SPDX-License-Identifier: MIT */
/*
 * A client's conversation with the control socket of a guest that is not there, which each test begins anew.
 */
#ifndef TESTS_QMP_TALK_H
#define TESTS_QMP_TALK_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/qmp_session.h"
#include "unit/fake_target.h"

static struct fake_target fake;
static struct qmp_session session;
static char *said;

static inline void talk_begin(void)
{
	fake_target_init(&fake);
	qmp_session_init(&session, &fake.target);
}

static inline void talk_end(void)
{
	qmp_session_done(&session);
	free(said);
	said = NULL;
}

/** heard() - what it has said since the last call */
static inline const char *heard(void)
{
	const char *bytes;
	size_t size = qmp_session_pending(&session, &bytes);

	free(said);
	said = strndup(bytes ? bytes : "", size);
	qmp_session_sent(&session, size);
	return said;
}

static inline const char *tell(const char *text)
{
	qmp_session_input(&session, text, strlen(text));
	return heard();
}

/** ask() - the answer to a command that is understood; the caller's reference */
static inline json_t *ask(const char *command, const char *arguments)
{
	char text[256];
	json_t *answer, *result;

	(void)snprintf(text, sizeof(text), "{\"execute\":\"%s\",\"arguments\":%s}", command,
		       arguments);
	answer = json_loads(tell(text), JSON_DISABLE_EOF_CHECK, NULL);
	cr_assert_not_null(answer, "%s", said);
	result = json_incref(json_object_get(answer, "return"));
	json_decref(answer);
	cr_assert_not_null(result, "%s", said);
	return result;
}

static inline void negotiate(void)
{
	(void)heard();
	(void)tell("{\"execute\":\"qmp_capabilities\"}");
}

static inline void expect(const char *answer, const char *wanted)
{
	cr_assert_str_eq(answer, wanted, "said %s", answer);
}

/** came() - a descriptor did, with what is told next */
static inline void came(void)
{
	qmp_session_descriptor(&session, dup(1));
}

#endif
