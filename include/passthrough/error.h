/* SPDX-License-Identifier: MIT */
/*
 * Errors that say what to do.
 *
 * Every function of the library that can fail returns 0 or a negative errno, and writes the text of
 * the failure into a caller's struct pt_error: what was being done and to which thing, the cause,
 * and, where one is known, what a person should type or change. It is written on failure only; a
 * success leaves it untouched. The pointer may be NULL.
 */
#ifndef PASSTHROUGH_ERROR_H
#define PASSTHROUGH_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#define PT_ERROR_MESSAGE_SIZE 512
#define PT_ERROR_REMEDY_SIZE  384

/**
 * struct pt_error - why something failed
 * @code: negative errno; 0 while nothing has failed
 * @message: one line, no newline at its end: the thing, then what is wrong with it
 * @remedy: one line: what to do about it; empty where nothing is known
 */
struct pt_error {
	int code;
	char message[PT_ERROR_MESSAGE_SIZE];
	char remedy[PT_ERROR_REMEDY_SIZE];
};

#define PT_ERROR_INIT     \
	{                 \
		0, "", "" \
	}

#if defined(__GNUC__)
#define PT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define PT_PRINTF(fmt, args)
#endif

/**
 * pt_error_set() - record a failure
 * @err: where to; may be NULL
 * @code: negative errno
 * @fmt: the message; an overlong one is cut
 *
 * Clears the remedy. Return: @code, so that a caller can write `return pt_error_set(...)`.
 */
int pt_error_set(struct pt_error *err, int code, const char *fmt, ...) PT_PRINTF(3, 4);

/**
 * pt_error_remedy() - add to a recorded failure what to do about it
 * @err: a recorded failure; may be NULL
 * @code: the failure's code
 *
 * Return: @code, so that a caller can write
 *	return pt_error_remedy(err, pt_error_set(err, -ENOENT, "..."), "...");
 */
int pt_error_remedy(struct pt_error *err, int code, const char *fmt, ...) PT_PRINTF(3, 4);

/**
 * pt_error_prefix() - put "prefix: " before a recorded message
 * @err: a recorded failure; may be NULL
 * @code: the failure's code
 *
 * For a caller that knows which of several things the failing function worked on. Return: @code.
 */
int pt_error_prefix(struct pt_error *err, int code, const char *fmt, ...) PT_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif

#endif
