/* SPDX-License-Identifier: MIT */
/*
 * Where one JSON text ends in a stream of them.
 *
 * QMP puts nothing between two commands that a reader could rely on, so it counts brackets outside strings. What is not an
 * object or an array ends with its line: a parser will refuse it, and the next line has another chance.
 */
#ifndef TENON_CONTROL_JSON_FRAME_H
#define TENON_CONTROL_JSON_FRAME_H

#include <stdbool.h>
#include <stddef.h>

/** struct json_frame - how far a text was looked at; zeroed at first and after each complete text */
struct json_frame {
	size_t scanned;
	unsigned depth;
	bool text; /* something began that is not a bracket */
	bool string;
	bool escape;
};

/**
 * json_frame_end() - find the end of the first text
 * @bytes: the stream from where the text begins; @size of them, at least as many as in the last call
 *
 * Goes on where the last call stopped. Return: the length of the text with the blanks before it; 0 when more is to come.
 * A line of blanks alone is no text.
 */
size_t json_frame_end(struct json_frame *frame, const char *bytes, size_t size);

#endif
