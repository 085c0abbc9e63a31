/* SPDX-License-Identifier: MIT */
/*
 * struct finding: one thing that keeps a guest from its devices, or may: what it is, what shows it, why it matters, and what
 * to type.
 *
 * A list has as many as there are. Where memory runs out, the list remembers that and the finding is written to a place
 * that nobody reads, so that no rule has to look.
 */
#ifndef TENON_CHECK_FINDING_H
#define TENON_CHECK_FINDING_H

#include <passthrough/error.h>
#include <passthrough/host.h>
#include <stdbool.h>
#include <stddef.h>

enum finding_severity {
	FINDING_WARNS,
	FINDING_BLOCKS, /* a launch would fail */
};

/** enum finding_after - when the commands have their effect */
enum finding_after {
	FINDING_AT_ONCE,
	FINDING_AFTER_LOGIN,
	FINDING_AFTER_REBOOT,
};

#define FINDING_COMMANDS     6
#define FINDING_COMMAND_SIZE 384
#define FINDING_VALUE_SIZE   128

#define SUBJECT_HOST  "host"
#define SUBJECT_GUEST "guest"

/**
 * struct finding
 * @id: which rule; part of the interface, docs/tenon-check.1
 * @subject: a device's canonical name, SUBJECT_HOST or SUBJECT_GUEST
 * @what: one line; of a device it begins with its name
 * @path, @value: the file that shows it and what is there; @path is empty where no file does, @value where there is no such file
 * @why: why it matters; a constant
 * @commands: to be typed one after another; each works as it is
 * @hint: what to do where no command is enough, or else; may be empty
 */
struct finding {
	enum finding_severity severity;
	const char *id;
	char subject[PT_NAME_SIZE];
	char what[PT_ERROR_MESSAGE_SIZE];
	char path[PT_PATH_SIZE];
	char value[FINDING_VALUE_SIZE];
	const char *why;
	char commands[FINDING_COMMANDS][FINDING_COMMAND_SIZE];
	unsigned command_count;
	enum finding_after after;
	char hint[PT_ERROR_REMEDY_SIZE];
};

/**
 * struct findings
 * @backend: how the devices are had, "cdev" or "group"; NULL where there is none
 */
struct findings {
	struct finding **list;
	size_t count;
	const char *backend;
	bool out_of_memory;
	struct finding nobodys;
};

/** findings_add() - one more; never NULL. @why, @id: constants. Inverse: findings_done() of the list. */
struct finding *findings_add(struct findings *findings, enum finding_severity severity,
			     const char *id, const char *subject, const char *why);

/** findings_count() - how many of them are of @severity */
size_t findings_count(const struct findings *findings, enum finding_severity severity);

/** findings_has() - whether a rule found something of @subject */
bool findings_has(const struct findings *findings, const char *id, const char *subject);

/** findings_done() - accepts one that was only zeroed */
void findings_done(struct findings *findings);

void finding_what(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** finding_error() - what and hint, from an error's message and remedy */
void finding_error(struct finding *finding, const struct pt_error *err);

void finding_seen(struct finding *finding, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void finding_hint(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** finding_command() - a command that any user may type */
void finding_command(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** finding_root_command() - one that needs root: for others it is written with sudo. It has no single quotes. */
void finding_root_command(struct finding *finding, bool is_root, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
