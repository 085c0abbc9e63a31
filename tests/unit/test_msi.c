/* SPDX-License-Identifier: MIT */
/* MSI: 1 to 32 vectors, 32 and 64 bits, with and without mask bits. */
#include "check.h"

#define CAP	0x50
#define CONTROL (CAP + 2)

struct shape {
	unsigned log2;
	bool is_64bit;
	bool maskable;
};

static void up(struct check *c, struct shape shape)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};

	model_config_init(&pci, 0x1234, 0x11e8, 0x00ff00);
	pci.bars[0].size = 0x100000;
	model_config_msi(&pci, CAP, shape.log2, shape.is_64bit, shape.maskable);
	check_up(c, &pci);
}

static unsigned data_at(struct shape shape)
{
	return CAP + (shape.is_64bit ? 12 : 8);
}

/* What a driver writes: the message, then so many messages and the enable bit. */
static void enable(struct check *c, struct shape shape, unsigned log2)
{
	cfg_write(c, CAP + 4, 4, 0xfee03000);
	if (shape.is_64bit)
		cfg_write(c, CAP + 8, 4, 0);
	cfg_write(c, data_at(shape), 2, 0x40e0);
	cfg_write(c, CONTROL, 2, log2 << 4 | 1);
}

static const struct shape shapes[] = {
	{0, false, false}, {0, true, false},  {0, false, true}, {0, true, true},
	{2, true, true},   {4, false, false}, {5, true, true},	{5, false, false},
};

#define EACH_SHAPE(shape)                                    \
	const struct shape *shape = shapes;                  \
	shape < shapes + sizeof(shapes) / sizeof(shapes[0]); \
	shape++

Test(msi, every_message_is_delivered)
{
	for (EACH_SHAPE(shape)) {
		for (unsigned log2 = 0; log2 <= shape->log2; log2++) {
			unsigned count = 1u << log2;
			struct check c;

			up(&c, *shape);
			enable(&c, *shape, log2);
			cr_assert_eq(c.host->irq_index, PT_IRQ_MSI);
			cr_assert_eq(pt_function_stats(c.function).msi_vectors, count);
			for (unsigned i = 0; i < count; i++) {
				model_raise(c.host, i);
				cr_assert_eq(c.guest->vectors[i].delivered, 1);
				cr_assert_eq(c.guest->vectors[i].address, 0xfee03000);
				cr_assert_eq(c.guest->vectors[i].data, (0x40e0 & ~(count - 1)) | i,
					     "the low bits are the message's number");
			}
			cr_assert_eq(model_calls(c.model, 0, "vectors_commit"), 1);
			cfg_write(&c, CONTROL, 2, 0);
			cr_assert_eq(c.host->irq_index, -1);
			check_down(&c);
		}
	}
}

/* Linux writes all of the capability again at every change of an interrupt's affinity. */
Test(msi, a_message_changes_while_it_is_enabled)
{
	for (EACH_SHAPE(shape)) {
		struct check c;
		unsigned mark;

		up(&c, *shape);
		enable(&c, *shape, 0);
		mark = model_mark(c.model);
		cfg_write(&c, CONTROL, 2, 1);
		cfg_write(&c, CAP + 4, 4, 0xfee07000);
		cfg_write(&c, data_at(*shape), 2, 0x4021);
		cfg_write(&c, CONTROL, 2, 1);
		cr_assert_eq(model_calls(c.model, mark, "SET_IRQS"), 0);
		cr_assert_eq(model_calls(c.model, mark, "pwrite"), 0, "nothing for the device");
		model_raise(c.host, 0);
		cr_assert_eq(c.guest->vectors[0].delivered, 1);
		cr_assert_eq(c.guest->vectors[0].address, 0xfee07000);
		cr_assert_eq(c.guest->vectors[0].data, 0x4021);
		check_down(&c);
	}
}

Test(msi, registers_are_the_guests)
{
	for (EACH_SHAPE(shape)) {
		struct check c;

		up(&c, *shape);
		cfg_write(&c, CAP + 4, 4, 0xffffffff);
		cr_assert_eq(cfg_read(&c, CAP + 4, 4), 0xfffffffc);
		cfg_write(&c, data_at(*shape), 2, 0xffff);
		cr_assert_eq(cfg_read(&c, data_at(*shape), 2), 0xffff);
		cfg_write(&c, CONTROL, 2, 0x0070);
		cr_assert_eq(cfg_read(&c, CONTROL, 2) & 0xff8e,
			     (shape->log2 << 1) | (shape->is_64bit ? 0x80 : 0) |
				     (shape->maskable ? 0x100 : 0),
			     "what the device can do is the device's");
		if (shape->is_64bit) {
			cfg_write(&c, CAP + 8, 4, 0x1);
			cr_assert_eq(cfg_read(&c, CAP + 8, 4), 1);
		}
		cr_assert_eq(model_device_config(c.host, CAP + 4, 4), 0,
			     "the host's message is its own");
		cr_assert_eq(c.host->irq_index, -1, "not enabled");
		check_down(&c);
	}
}

/* More than the device can send: reserved values of the field too. */
Test(msi, a_guest_that_asks_for_more_than_there_are)
{
	static const unsigned asked[] = {3, 5, 6, 7};

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct shape shape = {2, true, true};
		struct check c;

		up(&c, shape);
		enable(&c, shape, asked[i]);
		cr_assert_leq(pt_function_stats(c.function).msi_vectors, 4);
		cr_assert_geq(pt_function_stats(c.function).msi_vectors, 1);
		model_raise(c.host, 0);
		cr_assert_eq(c.guest->vectors[0].delivered, 1);
		check_down(&c);
	}
}

Test(msi, masked_messages_pend)
{
	struct shape shape = {3, true, true};
	struct check c;

	up(&c, shape);
	cfg_write(&c, CAP + 0x10, 4, 0x06);
	enable(&c, shape, 3);
	cr_assert_eq(pt_function_stats(c.function).msi_vectors, 6);
	for (unsigned i = 0; i < 8; i++)
		model_raise(c.host, i);
	cr_assert_eq(c.guest->vectors[0].delivered, 1);
	cr_assert_eq(c.guest->vectors[1].delivered + c.guest->vectors[2].delivered, 0);
	cfg_write(&c, CAP + 0x10, 4, 0x01);
	model_raise(c.host, 0);
	cr_assert_eq(c.guest->vectors[0].delivered, 1);
	cr_assert_eq(cfg_read(&c, CAP + 0x14, 4), 0x01);
	cr_assert_eq(cfg_read(&c, CAP + 0x14, 4), 0x01, "looking at it does not take it");
	cfg_write(&c, CAP + 0x10, 4, 0);
	cr_assert_eq(c.guest->vectors[0].delivered, 2);
	cr_assert_eq(cfg_read(&c, CAP + 0x14, 4), 0);
	check_down(&c);
}

Test(msi, a_message_that_was_masked_from_the_start_works_when_unmasked)
{
	struct shape shape = {3, true, true};
	struct check c;

	up(&c, shape);
	cfg_write(&c, CAP + 0x10, 4, 0xff);
	enable(&c, shape, 3);
	cr_assert_eq(c.host->irq_index, PT_IRQ_MSI);
	cfg_write(&c, CAP + 0x10, 4, 0);
	for (unsigned i = 0; i < 8; i++) {
		model_raise(c.host, i);
		cr_assert_eq(c.guest->vectors[i].delivered, 1, "message %u", i);
	}
	cr_assert_eq(c.guest->reports, 0, "%s", c.guest->report.message);
	check_down(&c);
}

Test(msi, a_message_that_changes_while_enabled_is_routed_anew)
{
	struct shape shape = {0, true, false};
	struct check c;

	up(&c, shape);
	enable(&c, shape, 0);
	cfg_write(&c, CAP + 4, 4, 0xfee05000);
	cfg_write(&c, data_at(shape), 2, 0x31);
	cr_assert_eq(c.guest->vectors[0].address, 0xfee05000);
	cr_assert_eq(c.guest->vectors[0].data, 0x31);
	model_raise(c.host, 0);
	cr_assert_eq(c.guest->vectors[0].delivered, 1);
	check_down(&c);
}

/* VFIO forbids to add MSI messages while others are enabled. */
Test(msi, more_messages_while_enabled)
{
	struct shape shape = {4, true, false};
	struct check c;

	up(&c, shape);
	enable(&c, shape, 0);
	cfg_write(&c, CONTROL, 2, 4 << 4 | 1);
	for (unsigned i = 0; i < 16; i++) {
		unsigned before = c.guest->vectors[i].delivered;

		model_raise(c.host, i);
		cr_assert_eq(c.guest->vectors[i].delivered, before + 1, "message %u", i);
	}
	check_down(&c);
}

/* Several messages of one device need remapping: what the kernel does not have then is not a vector. */
Test(msi, one_message_where_interrupts_are_not_remapped)
{
	struct shape shape = {3, true, false};
	struct check c;

	up(&c, shape);
	model_remapping(c.model, false);
	c.host->grant = 1;
	for (unsigned again = 0; again < 3; again++) {
		enable(&c, shape, 3);
		cr_assert_eq(c.guest->reports, 1, "a guest cannot fill the log with it");
		cr_assert(strstr(c.guest->report.message, "only 1 of the 8 interrupt vectors"),
			  "%s", c.guest->report.message);
		check_remedy(c.guest->report, "remaps no interrupts has one for MSI");
		cr_assert_eq(pt_function_stats(c.function).msi_vectors, 1);
		model_raise(c.host, 0);
		cr_assert_eq(c.guest->vectors[0].delivered, again + 1);
		cfg_write(&c, CONTROL, 2, 0);
	}
	/* And the driver that wants one has it. */
	enable(&c, shape, 0);
	model_raise(c.host, 0);
	cr_assert_eq(c.guest->vectors[0].delivered, 4);
	cr_assert_eq(c.guest->reports, 1);
	check_down(&c);
}

Test(msi, fewer_messages_than_asked_for)
{
	struct shape shape = {4, true, false};
	struct check c;

	up(&c, shape);
	c.host->grant = 4;
	enable(&c, shape, 4);
	cr_assert_eq(c.guest->reports, 1);
	check_remedy(c.guest->report, "give the host more vectors");
	for (unsigned i = 0; i < 4; i++) {
		model_raise(c.host, i);
		cr_assert_eq(c.guest->vectors[i].delivered, 1, "message %u", i);
	}
	check_down(&c);
}
