/* SPDX-License-Identifier: MIT */
#include "report.h"

void report_error(const struct pt_error *err, FILE *out)
{
	(void)fprintf(out, "tenon: error: %s\n", err->message);
	if (err->remedy[0])
		(void)fprintf(out, "tenon: remedy: %s\n", err->remedy);
}
