/* SPDX-License-Identifier: MIT */
/* Resizable BARs: shown with the one size that the host has; what does not make sense is hidden. PCI Express base 7.8.6. */
#include "check.h"

#include "../../passthrough/rebar.h"

#define REBAR 0x15
#define AT    0x200u
#define MIB   (1ull << 20)
#define GIB   (1ull << 30)

/* A GPU: 16 MiB of registers, 32 GiB of memory in BAR 1, 32 MiB in BAR 3. The capability is the last of three. */
static struct model_pci gpu(void)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};

	model_config_init(&pci, 0x10de, 0x2330, 0x030200);
	pci.bars[0].size = 16 * MIB;
	pci.bars[1] = (struct model_bar){.size = 32 * GIB, .is_64bit = true, .prefetchable = true};
	pci.bars[3] = (struct model_bar){.size = 32 * MIB, .is_64bit = true, .prefetchable = true};
	model_config_ecap(&pci, 0x100, 0x0001, NULL, 0);
	model_config_ecap(&pci, 0x180, 0x0003, NULL, 0);
	return pci;
}

/* @count entries for the BARs of @index, each as the device has it: many sizes offered, and 256 MiB chosen. */
static void put_rebar(struct model_pci *pci, unsigned count, const unsigned *index)
{
	uint32_t body[12] = {0};

	for (unsigned i = 0; i < count && i < 6; i++) {
		body[2 * i] = 0x0fffffc0;
		body[2 * i + 1] = 0xffff0000 | 8u << 8 | index[i];
	}
	body[1] |= count << 5;
	model_config_ecap(pci, AT, REBAR, body, (count < 6 ? count : 6) * 8);
}

Test(rebar, offers_the_current_size_alone)
{
	const unsigned index[] = {1, 3};
	struct model_pci pci = gpu();
	struct check c;

	put_rebar(&pci, 2, index);
	check_up(&c, &pci);
	cr_assert_eq(cfg_find_ext(&c, REBAR), AT);
	cr_assert_eq(cfg_read(&c, AT + 4, 4), 1u << (4 + 15), "32 GiB");
	cr_assert_eq(cfg_read(&c, AT + 8, 4), 15u << 8 | 2u << 5 | 1);
	cr_assert_eq(cfg_read(&c, AT + 12, 4), 1u << (4 + 5), "32 MiB");
	cr_assert_eq(cfg_read(&c, AT + 16, 4), 5u << 8 | 3, "the number is in the first only");
	check_down(&c);
}

Test(rebar, the_guests_writes_are_dropped)
{
	const unsigned index[] = {1};
	struct model_pci pci = gpu();
	struct check c;
	unsigned mark;

	put_rebar(&pci, 1, index);
	check_up(&c, &pci);
	mark = model_mark(c.model);
	for (unsigned at = AT + 4; at < AT + 12; at += 4)
		cfg_write(&c, at, 4, 0xffffffff);
	cfg_write(&c, AT + 9, 1, 0);
	cr_assert_eq(model_calls(c.model, mark, "pwrite"), 0);
	cr_assert_eq(cfg_read(&c, AT + 4, 4), 1u << 19);
	cr_assert_eq(cfg_read(&c, AT + 8, 4), 15u << 8 | 1u << 5 | 1);
	check_down(&c);
}

Test(rebar, each_size_has_its_bit)
{
	for (unsigned log2 = 20; log2 < 40; log2++) {
		const unsigned index[] = {1};
		struct model_pci pci = gpu();
		struct check c;

		pci.bars[1].size = 1ull << log2;
		put_rebar(&pci, 1, index);
		check_up(&c, &pci);
		cr_assert_eq(cfg_read(&c, AT + 4, 4), 1u << (4 + log2 - 20));
		cr_assert_eq(cfg_read(&c, AT + 8, 4), (log2 - 20) << 8 | 1u << 5 | 1);
		check_down(&c);
	}
}

/* From 256 TiB on, the control register's upper half says it. No device of the model is as large. */
Test(rebar, sizes_beyond_the_capability_register)
{
	for (unsigned log2 = 47; log2 < 64; log2++) {
		uint64_t sizes[PT_VCONFIG_BARS] = {1ull << log2};
		static struct pt_vconfig vconfig;
		uint8_t raw[PT_CONFIG_SIZE] = {0};

		memset(&vconfig, 0, sizeof(vconfig));
		vconfig.size = PT_CONFIG_SIZE;
		raw[AT + 8] = 1u << 5;
		cr_assert(pt_rebar_show(&vconfig, raw, AT, 12, sizes));
		cr_assert_eq(pt_vconfig_get(&vconfig, AT + 4, 4), log2 == 47 ? 1u << 31 : 0);
		cr_assert_eq(pt_vconfig_get(&vconfig, AT + 8, 4),
			     (log2 == 47 ? 0 : 1u << (16 + log2 - 48)) | (log2 - 20) << 8 |
				     1u << 5);
	}
}

static void check_hidden(const struct model_pci *pci, const char *why)
{
	struct check c;

	check_up(&c, pci);
	cr_assert_eq(cfg_find_ext(&c, REBAR), 0, "%s", why);
	cr_assert_eq(cfg_read(&c, AT, 4), 0, "%s", why);
	cr_assert_eq(cfg_read(&c, AT + 4, 4), 0, "%s", why);
	cr_assert_eq(cfg_find_ext(&c, 0x03), 0x180, "%s", why);
	check_down(&c);
}

Test(rebar, what_makes_no_sense_is_hidden)
{
	static const struct {
		unsigned count, index[6];
		const char *why;
	} bad[] = {
		{0, {1}, "no BARs"},
		{7, {0}, "seven BARs"},
		{1, {6}, "BAR 6"},
		{1, {7}, "BAR 7"},
		{1, {2}, "the upper half of a BAR"},
		{1, {5}, "a BAR that there is not"},
		{2, {1, 1}, "one BAR twice"},
		{2, {1, 5}, "a second that there is not"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct model_pci pci = gpu();

		put_rebar(&pci, bad[i].count, bad[i].index);
		check_hidden(&pci, bad[i].why);
	}
}

Test(rebar, a_size_that_it_cannot_say_is_hidden)
{
	const unsigned index[] = {0};
	struct model_pci pci = gpu();

	pci.bars[0].size = 0x80000;
	put_rebar(&pci, 1, index);
	check_hidden(&pci, "512 KiB");
}

Test(rebar, cut_off_by_the_next_capability_or_the_end)
{
	const unsigned index[] = {1, 3};
	struct model_pci pci = gpu();
	struct check c;

	put_rebar(&pci, 2, index);
	model_config_ecap(&pci, AT + 16, 0x0004, NULL, 0);
	check_up(&c, &pci);
	cr_assert_eq(cfg_find_ext(&c, REBAR), 0);
	cr_assert_eq(cfg_find_ext(&c, 0x04), AT + 16);
	check_down(&c);
	for (unsigned at = 0xff0; at < 0x1000; at += 4) {
		struct model_pci last = gpu();

		model_config_ecap(&last, at, REBAR, NULL, 0);
		if (at + 12 <= 0x1000)
			model_config_put(&last, at + 8, 4, 1u << 5 | 1);
		check_up(&c, &last);
		cr_assert_eq(cfg_find_ext(&c, REBAR), at + 12 <= 0x1000 ? at : 0);
		check_down(&c);
	}
}

Test(rebar, of_virtual_functions_is_hidden)
{
	struct model_pci pci = gpu();
	const uint32_t body[2] = {0x0fffffc0, 8u << 8 | 1u << 5};

	model_config_ecap(&pci, AT, 0x24, body, sizeof(body));
	check_hidden(&pci, "VF Resizable BAR");
}
