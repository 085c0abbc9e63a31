/* SPDX-License-Identifier: MIT */
/*
 * What the keeper does for the VMM, which may be anybody's by now: a guest that broke out of it.
 */
#ifndef TENON_SANDBOX_KEEPER_RULES_H
#define TENON_SANDBOX_KEEPER_RULES_H

#include <stdbool.h>
#include <stddef.h>

/** enum keeper_use - what is to be done with a file */
enum keeper_use {
	KEEPER_LOOK = 1 << 0, /* names, links, who may open it */
	KEEPER_READ = 1 << 1,
	KEEPER_WRITE = 1 << 2, /* and read */
};

/**
 * keeper_path() - the path as the keeper takes it
 * @vmm: process whose "/proc/self" it is
 * @ret_path: written when it is one that can be looked at: absolute, without "." and ".."
 *
 * Return: false when it is not, or longer than @size.
 */
bool keeper_path(const char *path, int vmm, char *ret_path, size_t size);

/**
 * keeper_may() - whether the keeper does it
 * @path: of keeper_path()
 * @files: folders, separated by ':', whose files may be opened; NULL for none
 */
bool keeper_may(const char *path, enum keeper_use use, const char *files);

#endif
