/* SPDX-License-Identifier: MIT */
#include "host/journal_record.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FIRST_LINE "tenon journal 1\n"
#define SUM_FORMAT "sum %08x\n"
#define SUM_SIZE   strlen("sum 01234567\n")

/* CRC-32 as in IEEE 802.3. */
static uint32_t checksum(const char *text, size_t size)
{
	uint32_t sum = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		sum ^= (uint8_t)text[i];
		for (unsigned bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
	}
	return ~sum;
}

size_t journal_record_format(const struct journal_record *record, char *text)
{
	int len = snprintf(
		text, JOURNAL_TEXT_SIZE,
		FIRST_LINE "name %s\nboot %s\nkept %d\nid %04x:%04x\ngiven-to %s\n"
			   "libvirt %s\ndriver %s\noverride %s\npower %s\nvfs %d %u %u\n",
		record->name, record->boot, record->kept, (unsigned)record->vendor,
		(unsigned)record->device, record->given_to, record->libvirt, record->driver,
		record->override, record->power, record->has_vfs, record->vfs, record->autoprobe);

	_Static_assert(PT_NAME_SIZE + JOURNAL_BOOT_SIZE + 3 * PT_DRIVER_SIZE + JOURNAL_POWER_SIZE +
				       JOURNAL_URI_SIZE + 200 <
			       JOURNAL_TEXT_SIZE,
		       "all of it fits");
	len += snprintf(text + len, JOURNAL_TEXT_SIZE - (size_t)len, SUM_FORMAT,
			checksum(text, (size_t)len));
	return (size_t)len;
}

/* The rest of a line that begins with @key and a blank. Return: the next line, NULL when it is another line or too long. */
static const char *take_text(const char *line, const char *key, char *ret_value, size_t size)
{
	size_t key_len = strlen(key), len;

	if (!line || strncmp(line, key, key_len) != 0 || line[key_len] != ' ')
		return NULL;
	line += key_len + 1;
	len = strcspn(line, "\n");
	if (line[len] != '\n' || len >= size)
		return NULL;
	memcpy(ret_value, line, len);
	ret_value[len] = '\0';
	return line + len + 1;
}

int journal_record_parse(const char *text, size_t size, struct journal_record *ret_record)
{
	struct journal_record record = {.kept = false};
	char number[64], sum[16];
	unsigned vendor, device, kept, has_vfs;
	const char *line = text;

	if (size < SUM_SIZE || strlen(text) != size)
		return -EBADMSG;
	(void)snprintf(sum, sizeof(sum), SUM_FORMAT, checksum(text, size - SUM_SIZE));
	if (strcmp(text + size - SUM_SIZE, sum) != 0 ||
	    strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		return -EBADMSG;
	line = take_text(line + strlen(FIRST_LINE), "name", record.name, sizeof(record.name));
	line = take_text(line, "boot", record.boot, sizeof(record.boot));
	line = take_text(line, "kept", number, sizeof(number));
	if (!line || sscanf(number, "%u", &kept) != 1)
		return -EBADMSG;
	line = take_text(line, "id", number, sizeof(number));
	if (!line || sscanf(number, "%x:%x", &vendor, &device) != 2)
		return -EBADMSG;
	line = take_text(line, "given-to", record.given_to, sizeof(record.given_to));
	line = take_text(line, "libvirt", record.libvirt, sizeof(record.libvirt));
	line = take_text(line, "driver", record.driver, sizeof(record.driver));
	line = take_text(line, "override", record.override, sizeof(record.override));
	line = take_text(line, "power", record.power, sizeof(record.power));
	line = take_text(line, "vfs", number, sizeof(number));
	if (!line || sscanf(number, "%u %u %u", &has_vfs, &record.vfs, &record.autoprobe) != 3)
		return -EBADMSG;
	record.kept = kept != 0;
	record.vendor = (uint16_t)vendor;
	record.device = (uint16_t)device;
	record.has_vfs = has_vfs != 0;
	*ret_record = record;
	return 0;
}
