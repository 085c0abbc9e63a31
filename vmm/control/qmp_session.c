/* SPDX-License-Identifier: MIT */
#include "control/qmp_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/qmp_schema.h"
#include "control/qmp_version.h"

#define OUT_STEP 4096u

static int grow(struct qmp_session *session, size_t wanted)
{
	size_t room = session->out_room ? session->out_room : OUT_STEP;
	char *out;

	if (wanted <= session->out_room)
		return 0;
	while (room < wanted)
		room *= 2;
	out = realloc(session->out, room);
	if (!out)
		return -ENOMEM;
	session->out = out;
	session->out_room = room;
	return 0;
}

static void put(struct qmp_session *session, const char *bytes, size_t size)
{
	if (session->out_sent) {
		memmove(session->out, session->out + session->out_sent,
			session->out_size - session->out_sent);
		session->out_size -= session->out_sent;
		session->out_sent = 0;
	}
	if (session->broken || session->out_size + size > QMP_ANSWERS_MAX ||
	    grow(session, session->out_size + size) < 0) {
		session->broken = true;
		return;
	}
	memcpy(session->out + session->out_size, bytes, size);
	session->out_size += size;
}

/* Takes over @value. */
static void send_json(struct qmp_session *session, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

	json_decref(value);
	if (!text) {
		session->broken = true; /* no memory: better no answer than half of one */
		return;
	}
	put(session, text, strlen(text));
	put(session, "\r\n", 2);
	free(text);
}

void qmp_session_init(struct qmp_session *session, const struct target *target)
{
	*session = (struct qmp_session){.target = target};
	send_json(session,
		  json_pack("{s:{s:o, s:[]}}", "QMP", "version", qmp_version(), "capabilities"));
}

void qmp_session_done(struct qmp_session *session)
{
	if (session->wait)
		session->wait->session = NULL;
	json_decref(session->wait_id);
	qmp_fds_done(&session->fds);
	free(session->in);
	free(session->out);
	*session = (struct qmp_session){0};
}

static void send_error(struct qmp_session *session, json_t *id, const char *class, const char *desc)
{
	json_t *answer = json_pack("{s:{s:s, s:s}}", "error", "class", class, "desc", desc);

	if (answer && id)
		(void)json_object_set(answer, "id", id);
	send_json(session, answer);
}

static void send_failure(struct qmp_session *session, json_t *id, const struct qmp_error *why)
{
	char text[sizeof(why->error.message) + sizeof(why->error.remedy) + 16];

	(void)snprintf(text, sizeof(text), "%s%s%s", why->error.message,
		       *why->error.remedy ? "; remedy: " : "", why->error.remedy);
	send_error(session, id, why->class, text);
}

/* What a command may consist of. @ret_name lives as long as @command. */
static int check_command(json_t *command, const char **ret_name, struct pt_error *err)
{
	const char *name, *wanted;
	json_t *value;

	if (!json_is_object(command))
		return pt_error_set(err, -EINVAL, "QMP input must be a JSON object");
	json_object_foreach(command, name, value)
	{
		if (strcmp(name, "execute") == 0 && !json_is_string(value))
			return pt_error_set(err, -EINVAL,
					    "QMP input member 'execute' must be a string");
		if (strcmp(name, "arguments") == 0 && !json_is_object(value))
			return pt_error_set(err, -EINVAL,
					    "QMP input member 'arguments' must be an object");
		if (strcmp(name, "execute") != 0 && strcmp(name, "arguments") != 0 &&
		    strcmp(name, "id") != 0)
			return pt_error_set(err, -EINVAL, "QMP input member '%s' is unexpected",
					    name);
	}
	wanted = json_string_value(json_object_get(command, "execute"));
	if (!wanted)
		return pt_error_set(err, -EINVAL, "QMP input lacks member 'execute'");
	*ret_name = wanted;
	return 0;
}

/* Whether a command only asks, which can be done without a guest. */
static bool only_asks(const char *name)
{
	static const char *const beginnings[] = {"query-", "qom-", "device-list-",
						 "qmp_capabilities", "quit"};

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	}
	return false;
}

/* Commands of QEMU's that there are not, for a reason that is worth telling, by how they begin. */
static const struct {
	const char *beginning;
	const char *reason;
} absent[] = {
	{"migrat", "a guest does not migrate, and is not saved"},
	{"query-migrat", "a guest does not migrate, and is not saved"},
	{"snapshot-", "there are no snapshots of a guest"},
	{"blockdev-snapshot", "there are no snapshots of disks"},
	{"human-monitor-command", "there is no human monitor; query-commands lists what there is"},
	{"chardev-", "consoles and channels are there when a guest starts"},
	{"dump-guest-memory", "a guest's memory is not written to a file"},
	{"screendump", "there is no screen"},
};

static int not_found(const char *name, struct pt_error *err)
{
	const char *reason = NULL;

	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		if (strncmp(name, absent[i].beginning, strlen(absent[i].beginning)) == 0)
			reason = absent[i].reason;
	}
	return pt_error_set(err, -ENOENT, "The command %s has not been found%s%s", name,
			    reason ? ": " : "", reason ? reason : "");
}

/* Which command, if it may be given now. */
static const struct qmp_command *choose(const struct qmp_session *session, const char *name,
					struct qmp_error *err)
{
	const struct qmp_command *command = qmp_command_find(name);
	bool greeting = strcmp(name, "qmp_capabilities") == 0;

	if (command && session->negotiated && greeting) {
		err->class = "CommandNotFound";
		(void)pt_error_set(&err->error, -EINVAL,
				   "Capabilities negotiation is already complete, command ignored");
		return NULL;
	}
	if (!session->negotiated && !greeting) {
		err->class = "CommandNotFound";
		(void)pt_error_set(&err->error, -EINVAL,
				   "Expecting capabilities negotiation with 'qmp_capabilities'");
		return NULL;
	}
	if (!command) {
		err->class = "CommandNotFound";
		(void)not_found(name, &err->error);
	} else if (!only_asks(name) &&
		   session->target->ops->status(session->target->ctx) == TARGET_PRELAUNCH) {
		(void)pt_error_set(&err->error, -ENODEV, "There is no guest");
		return NULL;
	}
	return command;
}

static void send_result(struct qmp_session *session, json_t *id, json_t *result)
{
	json_t *answer = json_pack("{s:o}", "return", result ? result : json_object());

	if (answer && id)
		(void)json_object_set(answer, "id", id);
	send_json(session, answer);
}

static void execute(struct qmp_session *session, json_t *input)
{
	struct qmp_error err = QMP_ERROR_INIT;
	json_t *id = json_is_object(input) ? json_object_get(input, "id") : NULL;
	const struct qmp_command *command = NULL;
	const char *name = "";
	json_t *none = json_object();
	json_t *arguments, *result;

	if (check_command(input, &name, &err.error) == 0)
		command = choose(session, name, &err);
	arguments = json_object_get(input, "arguments");
	if (!arguments)
		arguments = none;
	if (command)
		(void)qmp_check(arguments, command->arguments ? command->arguments : QMP_EMPTY_TYPE,
				"arguments", command->open, &err.error);
	if (err.error.code || !command) {
		send_failure(session, id, &err);
		json_decref(none);
		return;
	}
	result = command->run(session, arguments, &err);
	json_decref(none);
	if (err.error.code) {
		json_decref(result);
		send_failure(session, id, &err);
		return;
	}
	if (session->wait) {
		session->wait_id = json_incref(id);
		return;
	}
	send_result(session, id, result);
}

static void handle(struct qmp_session *session, const char *text, size_t size)
{
	json_error_t where;
	json_t *input = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);

	if (!input) {
		struct qmp_error err = QMP_ERROR_INIT;

		(void)pt_error_set(&err.error, -EINVAL, "JSON parse error, %s", where.text);
		send_failure(session, NULL, &err);
		return;
	}
	execute(session, input);
	json_decref(input);
}

static bool blank(const char *bytes, size_t size)
{
	while (size && (bytes[size - 1] == ' ' || bytes[size - 1] == '\t' ||
			bytes[size - 1] == '\r' || bytes[size - 1] == '\n'))
		size--;
	return !size;
}

/* Everything that is complete, up to a command that is not answered at once. */
static void go_through(struct qmp_session *session)
{
	size_t done = 0, length;

	while (!session->broken && !session->wait &&
	       (length = json_frame_end(&session->frame, session->in + done,
					session->in_size - done)) > 0) {
		handle(session, session->in + done, length);
		done += length;
	}
	session->in_size -= done;
	if (done)
		memmove(session->in, session->in + done, session->in_size);
	/* What came with commands that did not ask for it is nobody's. */
	if (done && !session->wait && blank(session->in, session->in_size))
		qmp_fds_drop(&session->fds);
}

struct qmp_wait *qmp_session_wait(struct qmp_session *session)
{
	session->wait = calloc(1, sizeof(*session->wait));
	if (session->wait)
		session->wait->session = session;
	return session->wait;
}

void qmp_session_wait_no_more(struct qmp_wait *wait)
{
	wait->session->wait = NULL;
	free(wait);
}

void qmp_session_answer(void *ctx, const struct pt_error *err)
{
	struct qmp_wait *wait = ctx;
	struct qmp_session *session = wait->session;
	struct qmp_error why = QMP_ERROR_INIT;
	json_t *id;

	free(wait);
	if (!session)
		return;
	id = session->wait_id;
	session->wait = NULL;
	session->wait_id = NULL;
	if (err) {
		why.error = *err;
		send_failure(session, id, &why);
	} else {
		send_result(session, id, NULL);
	}
	json_decref(id);
	go_through(session);
}

void qmp_session_descriptor(struct qmp_session *session, int fd)
{
	if (qmp_fds_came(&session->fds, fd) || session->broken)
		return;
	send_error(session, NULL, "GenericError", "too many file descriptors");
	session->broken = true;
}

void qmp_session_input(struct qmp_session *session, const char *bytes, size_t size)
{
	char *in;

	if (session->broken || !size)
		return;
	in = realloc(session->in, session->in_size + size);
	if (!in) {
		session->broken = true;
		return;
	}
	session->in = in;
	memcpy(in + session->in_size, bytes, size);
	session->in_size += size;
	go_through(session);
	if (session->in_size <= QMP_COMMAND_MAX)
		return;
	send_error(session, NULL, "GenericError", "JSON parse error, the command is too long");
	session->broken = true;
}

void qmp_session_event(struct qmp_session *session, const char *name, json_t *data)
{
	struct timespec now;
	json_t *event;

	if (!session->negotiated)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	event = json_pack("{s:s, s:{s:I, s:I}}", "event", name, "timestamp", "seconds",
			  (json_int_t)now.tv_sec, "microseconds", (json_int_t)now.tv_nsec / 1000);
	if (event && data)
		(void)json_object_set(event, "data", data);
	send_json(session, event);
}

size_t qmp_session_pending(const struct qmp_session *session, const char **ret_bytes)
{
	*ret_bytes = session->out + session->out_sent;
	return session->out_size - session->out_sent;
}

void qmp_session_sent(struct qmp_session *session, size_t size)
{
	session->out_sent += size;
	if (session->out_sent == session->out_size)
		session->out_sent = session->out_size = 0;
}
