/* SPDX-License-Identifier: MIT */
/*
 * A client of the control socket that cannot be trusted. The first byte says in how many bytes at a time the rest comes, and
 * whether capabilities were negotiated before. Whatever came, what is answered is lines of JSON, of bounded length in
 * all, and a good command that follows is answered, unless the session is broken.
 */
#include <jansson.h>
#include <stdlib.h>

#include "control/qmp_session.h"
#include "input.h"
#include "unit/fake_target.h"

static void check_answers(struct qmp_session *session)
{
	const char *bytes;
	size_t size = qmp_session_pending(session, &bytes);

	fuzz_require(size <= QMP_ANSWERS_MAX, "%zu bytes of answers wait", size);
	while (size) {
		const char *end = memchr(bytes, '\n', size);
		json_error_t where;
		json_t *line = end ? json_loadb(bytes, (size_t)(end - bytes), 0, &where) : NULL;

		fuzz_require(json_is_object(line), "an answer is no line of JSON: %.*s", (int)size,
			     bytes);
		json_decref(line);
		size -= (size_t)(end + 1 - bytes);
		bytes = end + 1;
	}
	qmp_session_sent(session, qmp_session_pending(session, &bytes));
}

static void check_good_one(struct qmp_session *session)
{
	static const char good[] = "\n{\"execute\":\"query-version\",\"id\":\"good\"}";
	const char *bytes;
	size_t size;
	bool complete = !session->frame.depth && !session->frame.string;

	qmp_session_input(session, good, sizeof(good) - 1);
	size = qmp_session_pending(session, &bytes);
	fuzz_require(session->broken || !complete || memmem(bytes, size, "\"good\"", 6),
		     "a good command is not answered");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char negotiate[] = "{\"execute\":\"qmp_capabilities\"}";
	struct qmp_session session;
	struct fake_target fake;
	size_t step;

	if (!size)
		return 0;
	fake_target_init(&fake);
	memset(fake.config, data[0], sizeof(fake.config));
	qmp_session_init(&session, &fake.target);
	if (data[0] & 0x80)
		qmp_session_input(&session, negotiate, sizeof(negotiate) - 1);
	step = (data[0] & 0x7fu) + 1;
	for (size_t at = 1; at < size; at += step)
		qmp_session_input(&session, (const char *)data + at,
				  step < size - at ? step : size - at);
	check_answers(&session);
	check_good_one(&session);
	check_answers(&session);
	qmp_session_done(&session);
	return 0;
}
