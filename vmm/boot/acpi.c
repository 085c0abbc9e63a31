/* SPDX-License-Identifier: MIT */
#include "boot/acpi.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "boot/acpi_numa.h"
#include "devices/pm.h"
#include "devices/reset_port.h"
#include "devices/rtc.h"

/* A table that was compiled. */
static uint64_t write_code(struct acpi_writer *writer, const uint8_t *code, size_t size)
{
	uint64_t address;
	void *table = acpi_take(writer, size, &address);

	if (table)
		memcpy(table, code, size);
	return address;
}

static uint64_t write_dsdt(struct acpi_writer *writer)
{
	size_t size;
	const uint8_t *code = acpi_dsdt(&size);

	return write_code(writer, code, size);
}

static uint64_t write_slots(struct acpi_writer *writer)
{
	size_t size;
	const uint8_t *code = acpi_slots_code(&size);

	return write_code(writer, code, size);
}

static uint64_t write_facs(struct acpi_writer *writer)
{
	uint64_t address;
	struct acpi_facs *facs = acpi_take(writer, sizeof(*facs), &address);

	if (facs) {
		memcpy(facs->signature, "FACS", sizeof(facs->signature));
		facs->length = sizeof(*facs);
		facs->version = 2;
	}
	return address;
}

static struct acpi_address port(unsigned address, unsigned bytes)
{
	return (struct acpi_address){
		.space = ACPI_SPACE_IO,
		.width = (uint8_t)(bytes * 8),
		.access = (uint8_t)(bytes == 1	 ? 1
				    : bytes == 2 ? 2
						 : 3),
		.address = address,
	};
}

/* For slots alone. */
static void fill_fadt_events(struct acpi_fadt *fadt)
{
	fadt->gpe0 = PLAN_PM_PORT + PM_GPE_OFFSET;
	fadt->gpe0_length = 2;
	fadt->x_gpe0 = port(fadt->gpe0, 2);
	fadt->x_gpe0.access = 1; /* its registers have a byte each */
}

static void fill_fadt_registers(struct acpi_fadt *fadt)
{
	fadt->sci = PLAN_SCI_GSI;
	fadt->pm1a_event = PLAN_PM_PORT + PM_EVENT_OFFSET;
	fadt->pm1_event_length = 4;
	fadt->x_pm1a_event = port(fadt->pm1a_event, 4);
	fadt->pm1a_control = PLAN_PM_PORT + PM_CONTROL_OFFSET;
	fadt->pm1_control_length = 2;
	fadt->x_pm1a_control = port(fadt->pm1a_control, 2);
	fadt->pm_timer = PLAN_PM_PORT + PM_TIMER_OFFSET;
	fadt->pm_timer_length = 4;
	fadt->x_pm_timer = port(fadt->pm_timer, 4);
	fadt->reset = port(PLAN_RESET_PORT, 1);
	fadt->reset_value = RESET_PORT_VALUE;
	fadt->century = RTC_CENTURY;
}

static uint64_t write_fadt(struct acpi_writer *writer, const struct vm_plan *plan, uint64_t dsdt,
			   uint64_t facs)
{
	uint64_t address;
	struct acpi_fadt *fadt = acpi_take(writer, sizeof(*fadt), &address);

	if (!fadt)
		return address;
	/* Only one of each pair may be set, the 32-bit one where it fits (table 5.9). */
	fadt->facs = (uint32_t)facs;
	fadt->dsdt = (uint32_t)dsdt;
	fadt->x_dsdt = dsdt;
	fadt->profile = FADT_PROFILE_SERVER;
	fill_fadt_registers(fadt);
	if (plan->flat)
		fill_fadt_events(fadt);
	fadt->c2_latency = FADT_NO_C2;
	fadt->c3_latency = FADT_NO_C3;
	fadt->boot_arch = FADT_LEGACY_DEVICES | FADT_NO_VGA; /* and no 8042: its bit is clear */
	fadt->flags = FADT_WBINVD | FADT_PROC_C1 | FADT_SLEEP_BUTTON | FADT_FIX_RTC |
		      FADT_TIMER_32_BIT | FADT_RESET_REGISTER;
	fadt->minor = 5;
	memcpy(&fadt->hypervisor_id, "Tenon\0\0", sizeof(fadt->hypervisor_id));
	acpi_seal(&fadt->header, "FACP", 6, sizeof(*fadt));
	return address;
}

/* Ids that fit in 8 bits have the entry that every system knows, and no others may (5.2.12.12). So ids decide, which are no
 * smaller than the numbers. */
static bool is_wide(const struct vm_plan *plan, unsigned cpu)
{
	return plan_apic_id(&plan->topology, cpu) >= MADT_WIDE_IDS;
}

static size_t madt_cpus_size(const struct vm_plan *plan)
{
	size_t size = 0;

	for (unsigned i = 0; i < plan->cpus; i++)
		size += is_wide(plan, i) ? sizeof(struct acpi_madt_wide_cpu)
					 : sizeof(struct acpi_madt_cpu);
	return size;
}

/* Return: behind the last. */
static uint8_t *fill_madt_cpus(uint8_t *at, const struct vm_plan *plan)
{
	for (unsigned i = 0; i < plan->cpus; i++) {
		uint32_t id = plan_apic_id(&plan->topology, i);

		if (is_wide(plan, i)) {
			*(struct acpi_madt_wide_cpu *)at = (struct acpi_madt_wide_cpu){
				.type = MADT_WIDE_CPU,
				.length = sizeof(struct acpi_madt_wide_cpu),
				.apic_id = id,
				.flags = MADT_CPU_ENABLED,
				.processor_id = i,
			};
			at += sizeof(struct acpi_madt_wide_cpu);
			continue;
		}
		*(struct acpi_madt_cpu *)at = (struct acpi_madt_cpu){
			.type = MADT_CPU,
			.length = sizeof(struct acpi_madt_cpu),
			.processor_id = (uint8_t)i,
			.apic_id = (uint8_t)id,
			.flags = MADT_CPU_ENABLED,
		};
		at += sizeof(struct acpi_madt_cpu);
	}
	return at;
}

static void fill_madt_nmis(uint8_t *at, bool wide)
{
	*(struct acpi_madt_nmi *)at = (struct acpi_madt_nmi){
		.type = MADT_NMI,
		.length = sizeof(struct acpi_madt_nmi),
		.processor_id = MADT_ALL_CPUS,
		.lint = 1,
	};
	if (wide)
		*(struct acpi_madt_wide_nmi *)(at + sizeof(struct acpi_madt_nmi)) =
			(struct acpi_madt_wide_nmi){
				.type = MADT_WIDE_NMI,
				.length = sizeof(struct acpi_madt_wide_nmi),
				.processor_id = MADT_ALL_WIDE_CPUS,
				.lint = 1,
			};
}

/* GSI n is input n of the one IOAPIC, the timer's included, as KVM routes them by itself (kvm/routes.h). */
static uint64_t write_madt(struct acpi_writer *writer, const struct vm_plan *plan)
{
	bool wide = is_wide(plan, plan->cpus - 1);
	size_t size = sizeof(struct acpi_madt) + madt_cpus_size(plan) +
		      sizeof(struct acpi_madt_ioapic) + sizeof(struct acpi_madt_override) +
		      sizeof(struct acpi_madt_nmi) + (wide ? sizeof(struct acpi_madt_wide_nmi) : 0);
	uint64_t address;
	struct acpi_madt *madt = acpi_take(writer, size, &address);
	uint8_t *at = (uint8_t *)(madt + 1);

	if (!madt)
		return address;
	madt->local_apic = (uint32_t)PLAN_LAPIC_BASE;
	madt->flags = MADT_PCAT_COMPAT;
	at = fill_madt_cpus(at, plan);
	*(struct acpi_madt_ioapic *)at = (struct acpi_madt_ioapic){
		.type = MADT_IOAPIC,
		.length = sizeof(struct acpi_madt_ioapic),
		.address = (uint32_t)PLAN_IOAPIC_BASE,
	};
	at += sizeof(struct acpi_madt_ioapic);
	*(struct acpi_madt_override *)at = (struct acpi_madt_override){
		.type = MADT_OVERRIDE,
		.length = sizeof(struct acpi_madt_override),
		.source = PLAN_SCI_GSI,
		.gsi = PLAN_SCI_GSI,
		.flags = MADT_LEVEL | MADT_ACTIVE_HIGH,
	};
	at += sizeof(struct acpi_madt_override);
	fill_madt_nmis(at, wide);
	acpi_seal(&madt->header, "APIC", 5, size);
	return address;
}

static uint64_t write_mcfg(struct acpi_writer *writer, unsigned bus_last)
{
	uint64_t address;
	struct acpi_mcfg *mcfg = acpi_take(writer, sizeof(*mcfg), &address);

	if (mcfg) {
		mcfg->base = PLAN_ECAM_BASE;
		mcfg->bus_last = (uint8_t)bus_last;
		acpi_seal(&mcfg->header, "MCFG", 1, sizeof(*mcfg));
	}
	return address;
}

static struct acpi_name name(const char *text, uint64_t value)
{
	struct acpi_name object = {
		.name_op = AML_NAME_OP,
		.qword_prefix = AML_QWORD_PREFIX,
		.value = value,
	};

	memcpy(object.name, text, sizeof(object.name));
	return object;
}

/* What dsdt.asl declares External. */
static uint64_t write_ssdt(struct acpi_writer *writer, const struct vm_plan *plan)
{
	const struct acpi_name names[] = {
		name("WIOB", plan->io_window.base),	name("WIOS", plan->io_window.size),
		name("WM3B", plan->mmio32_window.base), name("WM3S", plan->mmio32_window.size),
		name("WM6B", plan->mmio64_window.base), name("WM6S", plan->mmio64_window.size),
		name("BUSL", plan->bus_last),
	};
	size_t size = sizeof(struct acpi_header) + sizeof(names) + acpi_near_size(plan);
	uint64_t address;
	struct acpi_header *ssdt = acpi_take(writer, size, &address);

	if (ssdt) {
		memcpy(ssdt + 1, names, sizeof(names));
		acpi_near(plan, (uint8_t *)(ssdt + 1) + sizeof(names));
		acpi_seal(ssdt, "SSDT", 2, size);
	}
	return address;
}

static uint64_t write_xsdt(struct acpi_writer *writer, const uint64_t *tables, size_t count)
{
	size_t size = sizeof(struct acpi_header) + count * sizeof(*tables);
	uint64_t address;
	struct acpi_header *xsdt = acpi_take(writer, size, &address);

	if (xsdt) {
		memcpy(xsdt + 1, tables, count * sizeof(*tables));
		acpi_seal(xsdt, "XSDT", 1, size);
	}
	return address;
}

static uint64_t write_rsdp(struct acpi_writer *writer, uint64_t xsdt)
{
	uint64_t address;
	struct acpi_rsdp *rsdp = acpi_take(writer, sizeof(*rsdp), &address);

	if (rsdp) {
		memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
		memcpy(rsdp->oem_id, "TENON ", sizeof(rsdp->oem_id));
		rsdp->revision = 2;
		rsdp->length = sizeof(*rsdp);
		rsdp->xsdt = xsdt;
		rsdp->checksum = acpi_checksum(rsdp, 20);
		rsdp->extended_checksum = acpi_checksum(rsdp, sizeof(*rsdp));
	}
	return address;
}

int acpi_build(const struct vm_plan *plan, uint8_t *bytes, size_t size, uint64_t base,
	       uint64_t *ret_rsdp, struct pt_error *err)
{
	struct acpi_writer writer = {.bytes = bytes, .size = size, .base = base};
	uint64_t tables[7];
	size_t count = 4;
	uint64_t xsdt;
	uint64_t rsdp;
	uint64_t dsdt;
	uint64_t facs;

	memset(bytes, 0, size);
	dsdt = write_dsdt(&writer);
	facs = write_facs(&writer);
	tables[0] = write_fadt(&writer, plan, dsdt, facs); /* it is to be the first (5.2.8) */
	tables[1] = write_madt(&writer, plan);
	tables[2] = write_mcfg(&writer, plan->bus_last);
	tables[3] = write_ssdt(&writer, plan);
	if (plan->flat)
		tables[count++] = write_slots(&writer);
	if (plan->node_count) {
		tables[count++] = acpi_write_srat(&writer, plan);
		tables[count++] = acpi_write_slit(&writer, plan);
	}
	xsdt = write_xsdt(&writer, tables, count);
	rsdp = write_rsdp(&writer, xsdt);
	if (writer.full)
		return pt_error_set(err, -ENOSPC, "ACPI: tables do not fit in %zu bytes", size);
	*ret_rsdp = rsdp;
	return 0;
}
