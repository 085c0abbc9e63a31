/* SPDX-License-Identifier: MIT */
/* What the host's error counters are told as. */
#include <criterion/criterion.h>

#include "host/aer.h"
#include "model.h"

#define FOLDER "/sys/bus/pci/devices/0000:02:00.0/"

static struct model *model;
static char text[AER_TEXT_SIZE];

static void up(void)
{
	model = model_new();
}

static void down(void)
{
	model_free(model);
}

TestSuite(aer, .init = up, .fini = down);

static const char *told(void)
{
	return aer_text(model_sys(model), "0000:02:00.0", text);
}

Test(aer, a_host_that_does_not_count)
{
	cr_assert_str_eq(told(), "");
}

Test(aer, only_what_was_counted_and_no_sums)
{
	model_put_file(model, FOLDER "aer_dev_fatal", "Undefined 0\nDLP 0\nTOTAL_ERR_FATAL 0\n");
	model_put_file(model, FOLDER "aer_dev_nonfatal",
		       "TLP 1\nFCP 0\nUnsupReq 12\nTOTAL_ERR_NONFATAL 13\n");
	model_put_file(model, FOLDER "aer_dev_correctable", "RxErr 3\nTOTAL_ERR_COR 3\n");
	cr_assert_str_eq(told(), "nonfatal: TLP 1, UnsupReq 12; correctable: RxErr 3");
}

Test(aer, more_than_fits_is_cut)
{
	char counters[1000] = "";

	for (unsigned i = 0; i < 40; i++)
		strcat(counters, "AVeryLongName 18446744\n");
	model_put_file(model, FOLDER "aer_dev_fatal", counters);
	cr_assert_eq(strlen(told()), AER_TEXT_SIZE - 1);
	model_put_file(model, FOLDER "aer_dev_fatal", "nonsense\n\n 5\nx -\n");
	cr_assert_str_eq(told(), "");
}
