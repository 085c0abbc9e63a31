/* SPDX-License-Identifier: MIT */
/* UUIDs, which name mediated devices and are the VF tokens of physical functions. RFC 9562, 4. */
#ifndef PASSTHROUGH_UUID_H
#define PASSTHROUGH_UUID_H

#include <stdint.h>

#define PT_UUID_BYTES 16
#define PT_UUID_TEXT  37 /* with the terminator */

/**
 * pt_uuid_parse() - read a UUID as people write it: 8-4-4-4-12 hexadecimal digits
 * @ret_uuid: PT_UUID_BYTES bytes, in the order of the text
 *
 * Errors: -EINVAL it is none.
 */
int pt_uuid_parse(const char *text, uint8_t *ret_uuid);

/** pt_uuid_format() - the text of a UUID; @ret_text has room for PT_UUID_TEXT */
void pt_uuid_format(const uint8_t *uuid, char *ret_text);

#endif
