/* SPDX-License-Identifier: MIT */
/* A slot on bus 0: what the guest's ACPI method reads and writes, and what is to be seen of the slot's functions. */
#include <criterion/criterion.h>
#include <string.h>

#include "devices/acpi_slot.h"

#define CAME	0
#define ASKED	4
#define EJECT	8
#define NUMBER	5u
#define NOBODY	0xffffffffu
#define SLOT_AT (NUMBER << 15) /* ECAM's form, bus 0 */

static struct {
	struct pm pm;
	struct acpi_slots slots;
	struct acpi_slot slot;
	struct pci_host host;
	unsigned held, released;
	bool sci;
} rig;

static void set_sci(void *ctx, bool level)
{
	(void)ctx;
	rig.sci = level;
}

static void hold(void *ctx)
{
	cr_assert_eq(ctx, &rig);
	rig.held++;
}

static void release(void *ctx)
{
	cr_assert_eq(ctx, &rig);
	rig.released++;
}

static uint32_t id_read(void *state, unsigned offset, unsigned size)
{
	(void)size;
	return offset == 0 ? *(uint32_t *)state : 0;
}

static void id_write(void *state, unsigned offset, unsigned size, uint32_t value)
{
	(void)offset, (void)size;
	*(uint32_t *)state = value;
}

static const struct pci_function_ops id_ops = {.config_read = id_read, .config_write = id_write};
static const struct acpi_slot_ops ops = {.hold = hold, .release = release};
static uint32_t ids[2];

static void up(void)
{
	memset(&rig, 0, sizeof(rig));
	ids[0] = 0x12345678;
	ids[1] = 0x87654321;
	pm_init(&rig.pm, NULL, set_sci, NULL);
	pci_host_init(&rig.host);
	acpi_slots_init(&rig.slots, &rig.pm);
	acpi_slot_init(&rig.slot, &rig.slots, NUMBER, &ops, &rig, &rig.host);
}

static void down(void)
{
	acpi_slot_done(&rig.slot);
}

TestSuite(acpi_slot, .init = up, .fini = down);

static uint32_t reads(unsigned reg)
{
	uint32_t value;

	acpi_slots_ops.read(&rig.slots, reg, &value, sizeof(value));
	return value;
}

static void ejects(uint32_t value)
{
	acpi_slots_ops.write(&rig.slots, EJECT, &value, sizeof(value));
}

static uint32_t id_of(unsigned function)
{
	uint32_t value;

	pci_ecam_ops.read(&rig.host, SLOT_AT | function << 12, &value, sizeof(value));
	return value;
}

/* As a guest does that has the method. */
static void listens(void)
{
	const uint8_t bit = 1 << PM_GPE_SLOTS;

	pm_ops.write(&rig.pm, PM_GPE_OFFSET + 1, &bit, 1);
}

static void hears(void)
{
	const uint8_t bit = 1 << PM_GPE_SLOTS;

	cr_assert(rig.sci);
	pm_ops.write(&rig.pm, PM_GPE_OFFSET, &bit, 1);
	cr_assert_not(rig.sci);
}

Test(acpi_slot, a_device_that_is_there_from_the_start)
{
	cr_assert_eq(id_of(0), NOBODY);
	acpi_slot_plug(&rig.slot, 0, &id_ops, &ids[0]);
	cr_assert_eq(id_of(0), 0x12345678);
	cr_assert_eq(id_of(1), NOBODY);
	cr_assert_eq(reads(CAME), 0);
	cr_assert_not(rig.sci);
}

Test(acpi_slot, one_that_comes)
{
	listens();
	acpi_slot_stage(&rig.slot, 1, &id_ops, &ids[1]);
	cr_assert_eq(id_of(1), NOBODY, "before function 0 there is nothing");
	acpi_slot_insert(&rig.slot, &id_ops, &ids[0]);
	cr_assert_eq(rig.released, 1);
	cr_assert_eq(id_of(0), 0x12345678);
	cr_assert_eq(id_of(1), 0x87654321);
	hears();
	cr_assert_eq(reads(CAME), 1u << NUMBER);
	cr_assert_eq(reads(CAME), 0, "a read clears it");
	cr_assert(acpi_slot_held(&rig.slot));
}

Test(acpi_slot, one_that_is_asked_for)
{
	acpi_slot_plug(&rig.slot, 0, &id_ops, &ids[0]);
	cr_assert_not(acpi_slot_ask(&rig.slot), "nobody listens yet");
	listens();
	cr_assert(acpi_slot_ask(&rig.slot));
	hears();
	cr_assert_eq(reads(ASKED), 1u << NUMBER);
	cr_assert_eq(id_of(0), 0x12345678, "until it lets go, it works");
	ejects(1u << 6 | 1u);
	cr_assert(acpi_slot_held(&rig.slot), "that was another slot");
	ejects(1u << NUMBER);
	cr_assert_not(acpi_slot_held(&rig.slot));
	cr_assert_eq(rig.held, 1);
	cr_assert_eq(id_of(0), NOBODY);
	ejects(1u << NUMBER);
	acpi_slot_remove(&rig.slot);
	cr_assert_eq(rig.held, 1, "it is quiet already");
	cr_assert_eq(reads(CAME), 0, "the guest knows");
	ejects(1u << NUMBER);
	cr_assert_eq(rig.held, 1);
}

Test(acpi_slot, one_that_is_taken)
{
	listens();
	acpi_slot_plug(&rig.slot, 0, &id_ops, &ids[0]);
	acpi_slot_remove(&rig.slot);
	cr_assert_eq(rig.held, 1);
	cr_assert_eq(id_of(0), NOBODY);
	hears();
	cr_assert_eq(reads(CAME), 1, "a look at the whole bus");
	acpi_slot_forget(&rig.slot, 0);
	acpi_slot_insert(&rig.slot, &id_ops, &ids[1]);
	cr_assert_eq(id_of(0), 0x87654321);
}

Test(acpi_slot, a_reset_brings_back_what_was_let_go)
{
	acpi_slot_plug(&rig.slot, 0, &id_ops, &ids[0]);
	(void)acpi_slot_ask(&rig.slot);
	ejects(1u << NUMBER);
	acpi_slot_reset(&rig.slot);
	cr_assert_eq(id_of(0), 0x12345678);
	cr_assert_eq(reads(ASKED), 0);
	cr_assert(acpi_slot_held(&rig.slot));
}

/* A guest tries everything. */
Test(acpi_slot, other_accesses_do_nothing)
{
	uint8_t bytes[8] = {0xff, 0xff, 0xff, 0xff};

	acpi_slot_plug(&rig.slot, 0, &id_ops, &ids[0]);
	(void)acpi_slot_ask(&rig.slot);
	acpi_slots_ops.read(&rig.slots, ASKED, bytes, 1);
	cr_assert_eq(bytes[0], 0);
	acpi_slots_ops.read(&rig.slots, ASKED + 2, bytes, 2);
	cr_assert_eq(reads(ASKED), 1u << NUMBER);
	memset(bytes, 0xff, sizeof(bytes));
	acpi_slots_ops.write(&rig.slots, EJECT, bytes, 2);
	acpi_slots_ops.write(&rig.slots, CAME, bytes, 4);
	cr_assert_eq(rig.held, 0);
	cr_assert_eq(reads(EJECT), 0);
	pci_ecam_ops.write(&rig.host, SLOT_AT | 3 << 12, bytes, 4);
	pci_ecam_ops.write(&rig.host, SLOT_AT, bytes, 4);
	cr_assert_eq(id_of(0), NOBODY);
	cr_assert_eq(ids[0], 0xffffffff, "written");
}
