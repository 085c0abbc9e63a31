/* SPDX-License-Identifier: MIT */
/*
 * Which devices a machine has, and where: the one list.
 */
#include "devices/panic_port.h"
#include "devices/reset_port.h"
#include "machine/machine_private.h"

static void serial_interrupt(void *ctx, bool level)
{
	struct machine *machine = ctx;

	kvm_irq_line(&machine->kvm, PLAN_SERIAL_GSI, level);
}

static void sci_interrupt(void *ctx, bool level)
{
	struct machine *machine = ctx;

	kvm_irq_line(&machine->kvm, PLAN_SCI_GSI, level);
}

struct placement {
	struct bus *bus;
	uint64_t base;
	uint64_t size;
	const struct device_ops *ops;
	void *state;
};

int machine_add_devices(struct machine *machine, struct pt_error *err)
{
	const struct serial_line line = {
		.out = machine->options.serial_out,
		.interrupt = serial_interrupt,
		.ctx = machine,
	};
	/* The first that answers wins: the reset port lies within PCI's, as it does in the chipsets that have both. */
	const struct placement placements[] = {
		{&machine->ports, PLAN_RESET_PORT, 1, &reset_port_ops, &machine->requests},
		{&machine->ports, PCI_CONFIG_PORT, PCI_CONFIG_PORTS, &pci_ports_ops, &machine->pci},
		{&machine->ports, PLAN_SERIAL_PORT, SERIAL_PORTS, &serial_ops, &machine->serial},
		{&machine->ports, KEYBOARD_PORT, 1, &keyboard_port_ops, &machine->requests},
		{&machine->ports, RTC_PORT, RTC_PORTS, &rtc_ops, &machine->rtc},
		{&machine->ports, PLAN_PANIC_PORT, 1, &panic_port_ops, &machine->requests},
		{&machine->ports, PLAN_PM_PORT, PM_PORTS, &pm_ops, &machine->pm},
		{&machine->memory, PLAN_ECAM_BASE, PLAN_ECAM_SIZE, &pci_ecam_ops, &machine->pci},
	};
	int r;

	pci_host_init(&machine->pci);
	rtc_init(&machine->rtc);
	pm_init(&machine->pm, &machine->requests, sci_interrupt, machine);
	r = slots_open(&machine->slots, &machine->kvm, &machine->plan, &machine->pci, &machine->pm,
		       err);
	if (!r)
		r = serial_init(&machine->serial, &line, err);
	for (size_t i = 0; i < sizeof(placements) / sizeof(placements[0]) && !r; i++)
		r = bus_add(placements[i].bus, placements[i].base, placements[i].size,
			    placements[i].ops, placements[i].state, err);
	if (!r && machine->plan.flat)
		r = bus_add(&machine->ports, PLAN_SLOTS_PORT, ACPI_SLOTS_PORTS, &acpi_slots_ops,
			    &machine->slots.acpi, err);
	return r;
}

void machine_reset_devices(struct machine *machine)
{
	pci_host_reset(&machine->pci);
	slots_reset(&machine->slots);
	serial_reset(&machine->serial);
	rtc_reset(&machine->rtc);
	pm_reset(&machine->pm);
}
