/* SPDX-License-Identifier: MIT */
/* The expansion ROM of a device that cannot be trusted: no byte beyond it is read, and one that passes has a place. */
#include <passthrough/function.h>

#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pt_error err = PT_ERROR_INIT;
	int r = pt_rom_check(data, size, &err);
	uint64_t space;

	if (r < 0) {
		fuzz_require(err.code == r && err.message[0], "it is refused, and not said why");
		return 0;
	}
	space = pt_rom_space(size);
	fuzz_require(space >= size && space >= 2048 && (space & (space - 1)) == 0 &&
			     (space == 2048 || space / 2 < size),
		     "%zu bytes take %llu", size, (unsigned long long)space);
	return 0;
}
