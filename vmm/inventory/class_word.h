/* SPDX-License-Identifier: MIT */
/*
 * One word for what a PCI function is: "net", "nvme". It is what a list shows, and what it is asked for.
 */
#ifndef TENON_INVENTORY_CLASS_WORD_H
#define TENON_INVENTORY_CLASS_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLASS_WORDS_MAX 32

/** class_word() - the most fitting word for a class code of 24 bits; "other" where there is none */
const char *class_word(uint32_t class_code);

/** class_word_fits() - whether a function of this class is meant by @word; "storage" means disks of all kinds */
bool class_word_fits(const char *word, uint32_t class_code);

/** class_words() - all words; @words has room for CLASS_WORDS_MAX. Return: how many. */
size_t class_words(const char **words);

/** class_is_plumbing() - host, ISA and PCI bridges: what the host itself consists of, and no guest can have */
bool class_is_plumbing(uint32_t class_code);

#endif
