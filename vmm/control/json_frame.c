/* SPDX-License-Identifier: MIT */
#include "control/json_frame.h"

#include <string.h>

/* Inside a string nothing but its end counts. */
static void string_byte(struct json_frame *frame, char c)
{
	if (frame->escape)
		frame->escape = false;
	else if (c == '\\')
		frame->escape = true;
	else if (c == '"')
		frame->string = false;
}

/* Return: whether the text ends with @c. */
static bool ends(struct json_frame *frame, char c)
{
	if (frame->text)
		return c == '\n';
	if (frame->string) {
		string_byte(frame, c);
		return false;
	}
	switch (c) {
	case '"':
		frame->string = frame->depth > 0;
		frame->text = !frame->depth;
		return false;
	case '{':
	case '[':
		frame->depth++;
		return false;
	case '}':
	case ']':
		if (frame->depth)
			return !--frame->depth;
		frame->text = true;
		return false;
	default:
		if (!frame->depth && (!c || !strchr(" \t\r\n", c)))
			frame->text = true;
		return false;
	}
}

size_t json_frame_end(struct json_frame *frame, const char *bytes, size_t size)
{
	while (frame->scanned < size) {
		if (ends(frame, bytes[frame->scanned++])) {
			size_t end = frame->scanned;

			*frame = (struct json_frame){0};
			return end;
		}
	}
	return 0;
}
