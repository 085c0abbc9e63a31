/* SPDX-License-Identifier: MIT */
/*
 * struct journal_record: what a device was before tenon changed anything of it, as a text file.
 */
#ifndef TENON_HOST_JOURNAL_RECORD_H
#define TENON_HOST_JOURNAL_RECORD_H

#include <passthrough/host.h>
#include <stdbool.h>
#include <stddef.h>

#define JOURNAL_BOOT_SIZE  40
#define JOURNAL_POWER_SIZE 16
#define JOURNAL_URI_SIZE   128
#define JOURNAL_TEXT_SIZE  1024

/**
 * struct journal_record - how a device is to be again
 * @boot: the kernel's boot_id: nothing of sysfs outlives a boot
 * @kept: it was given away to stay so until it is asked for (`tenon bind`); else it is to be given back when who wrote this
 *	is no more
 * @vendor, @device: so that another card in the same place is left alone
 * @given_to: the driver that it is given to, empty when only its virtual functions are changed
 * @libvirt: URI of the libvirt that gave it away, and is to take it back; empty for none
 * @driver, @override: its driver, and what driver_override said; empty for none
 * @power: what power/control said, empty where there is none
 * @has_vfs: @vfs and @autoprobe are sriov_numvfs and sriov_drivers_autoprobe, and to be restored
 */
struct journal_record {
	char name[PT_NAME_SIZE];
	char boot[JOURNAL_BOOT_SIZE];
	bool kept;
	uint16_t vendor;
	uint16_t device;
	char given_to[PT_DRIVER_SIZE];
	char libvirt[JOURNAL_URI_SIZE];
	char driver[PT_DRIVER_SIZE];
	char override[PT_DRIVER_SIZE];
	char power[JOURNAL_POWER_SIZE];
	bool has_vfs;
	unsigned vfs;
	unsigned autoprobe;
};

/**
 * journal_record_format() - write it as text, with a checksum as last line
 * @text: JOURNAL_TEXT_SIZE bytes
 *
 * Return: its length.
 */
size_t journal_record_format(const struct journal_record *record, char *text);

/**
 * journal_record_parse() - read it from text
 * @text: @size bytes and a terminator
 *
 * Errors: -EBADMSG it is cut, changed, or not one at all.
 */
int journal_record_parse(const char *text, size_t size, struct journal_record *ret_record);

#endif
