/* SPDX-License-Identifier: MIT */
/* NVIDIA's GPUDirect cliques: the inserted capability, and where it may be. */
#include "check.h"

#define VENDOR 0x09

static struct model_pci gpu(void)
{
	struct model_pci pci = {.bdf = "0000:65:00.0", .driver = "vfio-pci", .group = 26};

	model_config_init(&pci, 0x10de, 0x2330, 0x030200);
	pci.bars[0].size = 0x1000000;
	return pci;
}

static int create(struct check *c, const struct model_pci *pci, unsigned clique)
{
	struct pt_function_setup setup = check_setup(pci);
	int r;

	setup.has_gpudirect_clique = 1;
	setup.gpudirect_clique = clique;
	check_attach(c, pci);
	c->guest = guest_new(c->model);
	r = pt_function_create(c->device, &setup, &guest_ops, c->guest, &c->function, &c->err);
	if (r == 0)
		check_ok(pt_function_start(c->function, &c->err), c->err);
	return r;
}

static void check_clique(const struct check *c, unsigned at, unsigned clique)
{
	cr_assert_eq(cfg_read(c, at, 1), 0x09);
	cr_assert_eq(cfg_read(c, at + 1, 1), 0, "the last");
	cr_assert_eq(cfg_read(c, at + 2, 1), 8);
	cr_assert_eq(cfg_read(c, at + 3, 1), 'P');
	cr_assert_eq(cfg_read(c, at + 4, 1), '2');
	cr_assert_eq(cfg_read(c, at + 5, 1), 'P');
	cr_assert_eq(cfg_read(c, at + 6, 1), clique << 3, "version 0");
	cr_assert_eq(cfg_read(c, at + 7, 1), 0);
}

Test(clique, every_clique_is_shown_at_the_end_of_the_list)
{
	for (unsigned clique = 0; clique <= 15; clique++) {
		struct model_pci pci = gpu();
		struct check c;

		model_config_pm(&pci, 0x60);
		model_config_express(&pci, 0x78);
		check_ok(create(&c, &pci, clique), c.err);
		cr_assert_eq(cfg_find(&c, VENDOR), 0xc8);
		cr_assert_eq(cfg_read(&c, 0x79, 1), 0xc8);
		check_clique(&c, 0xc8, clique);
		for (unsigned at = 0xc8; at < 0xd0; at++)
			cfg_write(&c, at, 1, 0xff);
		check_clique(&c, 0xc8, clique);
		cr_assert_eq(model_device_config(c.host, 0xc8, 4), 0, "the device knows nothing");
		check_down(&c);
	}
}

/* As GPUs have it since Turing: MSI-X where the first place is. The vendor's own capability ends at 0xc8. */
Test(clique, the_second_place_where_msix_has_the_first)
{
	struct model_pci pci = gpu();
	struct check c;

	model_config_express(&pci, 0x78);
	model_config_cap(&pci, 0xb4, VENDOR, "\x14", 1);
	model_config_msix(&pci, 0xc8, 3, 0, 0xb90000, 0, 0xba0000);
	check_ok(create(&c, &pci, 5), c.err);
	check_clique(&c, 0xd4, 5);
	cr_assert_eq(cfg_read(&c, 0xc9, 1), 0xd4);
	cr_assert_eq(cfg_find(&c, 0x11), 0xc8);
	check_down(&c);
}

Test(clique, the_first_place_behind_a_vendors_capability_that_ends_there)
{
	struct model_pci pci = gpu();
	struct check c;

	model_config_cap(&pci, 0xb4, VENDOR, "\x14", 1);
	check_ok(create(&c, &pci, 5), c.err);
	check_clique(&c, 0xc8, 5);
	check_down(&c);
}

/* Of a capability of another kind nobody knows the length: it may reach as far as the next. */
Test(clique, places_that_are_taken)
{
	static const struct {
		unsigned at;
		uint8_t id;
		uint8_t length;
		unsigned place;
	} taken[] = {
		{0xb4, VENDOR, 0x15, 0xd4}, {0xb4, VENDOR, 0x28, 0}, {0xb4, VENDOR, 0x20, 0xd4},
		{0xb4, VENDOR, 0, 0},	    {0x40, 0x0c, 0, 0},	     {0x90, 0x10, 2, 0xd4},
		{0xcc, 0x01, 0, 0xd4},	    {0xc4, 0x01, 0, 0xd4},   {0xe0, 0x0c, 0, 0xc8},
		{0xd0, 0x0c, 0, 0xc8},
	};

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		struct model_pci pci = gpu();
		struct check c;

		model_config_cap(&pci, taken[i].at, taken[i].id, &taken[i].length, 1);
		if (taken[i].place) {
			check_ok(create(&c, &pci, 1), c.err);
			check_clique(&c, taken[i].place, 1);
		} else {
			check_error(create(&c, &pci, 1), -ENOSPC, c.err, "0000:65:00.0");
		}
		check_down(&c);
	}
}

Test(clique, a_device_without_capabilities)
{
	struct model_pci pci = gpu();
	struct check c;

	check_ok(create(&c, &pci, 2), c.err);
	cr_assert_eq(cfg_read(&c, 0x06, 2) & 0x10, 0x10);
	cr_assert_eq(cfg_read(&c, CFG_CAPS, 1), 0xc8);
	check_clique(&c, 0xc8, 2);
	check_down(&c);
}

Test(clique, is_for_nvidias_display_controllers)
{
	static const struct {
		uint16_t vendor;
		uint32_t class_code;
	} others[] = {{0x1002, 0x030000}, {0x10de, 0x040300}, {0x10de, 0x068000}};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct model_pci pci = gpu();
		struct check c;

		model_config_init(&pci, others[i].vendor, 0x1234, others[i].class_code);
		check_error(create(&c, &pci, 0), -EINVAL, c.err, "NVIDIA");
		cr_assert(strstr(c.err.message, "0000:65:00.0"));
		cr_assert(strstr(c.err.message, ":1234]"), "%s", c.err.message);
		check_down(&c);
	}
}

Test(clique, there_are_sixteen)
{
	struct model_pci pci = gpu();
	struct check c;

	check_error(create(&c, &pci, 16), -EINVAL, c.err, "0 to 15");
	check_down(&c);
}

Test(clique, none_unless_it_is_asked_for)
{
	struct model_pci pci = gpu();
	struct check c;

	check_up(&c, &pci);
	cr_assert_eq(cfg_find(&c, VENDOR), 0);
	cr_assert_eq(cfg_read(&c, 0xc8, 4), 0);
	check_down(&c);
}
