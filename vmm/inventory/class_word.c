/* SPDX-License-Identifier: MIT */
#include "inventory/class_word.h"

#include <string.h>

#define ANY_SUBCLASS	0xff0000u
#define SUBCLASS	0xffff00u
#define BRIDGE_HOST	0x0600u
#define BRIDGE_ISA	0x0601u
#define BRIDGE_PCI	0x0604u
#define BRIDGE_PCI_SEMI 0x0609u

/* The first that fits is shown. PCI Code and ID Assignment Specification, 1. */
static const struct {
	const char *word;
	uint32_t value, mask;
} words[] = {
	{"nvme", 0x010800, SUBCLASS},	      {"sata", 0x010600, SUBCLASS},
	{"sas", 0x010700, SUBCLASS},	      {"raid", 0x010400, SUBCLASS},
	{"storage", 0x010000, ANY_SUBCLASS},  {"net", 0x020000, ANY_SUBCLASS},
	{"display", 0x030000, ANY_SUBCLASS},  {"gpu", 0x030000, ANY_SUBCLASS},
	{"audio", 0x040100, SUBCLASS},	      {"audio", 0x040300, SUBCLASS},
	{"media", 0x040000, ANY_SUBCLASS},    {"memory", 0x050000, ANY_SUBCLASS},
	{"bridge", 0x060000, ANY_SUBCLASS},   {"serial", 0x070000, SUBCLASS},
	{"comm", 0x070000, ANY_SUBCLASS},     {"system", 0x080000, ANY_SUBCLASS},
	{"input", 0x090000, ANY_SUBCLASS},    {"usb", 0x0c0300, SUBCLASS},
	{"smbus", 0x0c0500, SUBCLASS},	      {"bus", 0x0c0000, ANY_SUBCLASS},
	{"wireless", 0x0d0000, ANY_SUBCLASS}, {"crypto", 0x100000, ANY_SUBCLASS},
	{"signal", 0x110000, ANY_SUBCLASS},   {"accel", 0x120000, ANY_SUBCLASS},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

_Static_assert(WORDS <= CLASS_WORDS_MAX, "callers have room for all");

const char *class_word(uint32_t class_code)
{
	for (size_t i = 0; i < WORDS; i++) {
		if ((class_code & words[i].mask) == words[i].value)
			return words[i].word;
	}
	return "other";
}

bool class_word_fits(const char *word, uint32_t class_code)
{
	for (size_t i = 0; i < WORDS; i++) {
		if (!strcmp(words[i].word, word) && (class_code & words[i].mask) == words[i].value)
			return true;
	}
	return !strcmp(word, "other") && !strcmp(class_word(class_code), "other");
}

size_t class_words(const char **ret_words)
{
	size_t count = 0;

	for (size_t i = 0; i < WORDS; i++) {
		if (i == 0 || strcmp(words[i].word, words[i - 1].word))
			ret_words[count++] = words[i].word;
	}
	return count;
}

bool class_is_plumbing(uint32_t class_code)
{
	uint32_t subclass = class_code >> 8;

	return subclass == BRIDGE_HOST || subclass == BRIDGE_ISA || subclass == BRIDGE_PCI ||
	       subclass == BRIDGE_PCI_SEMI;
}
