/* SPDX-License-Identifier: MIT */
/*
 * The tables' layouts. Source: ACPI specification 6.5; the section stands at each.
 */
#ifndef TENON_BOOT_ACPI_TABLES_H
#define TENON_BOOT_ACPI_TABLES_H

#include <stdint.h>

#define ACPI_PACKED __attribute__((packed))

struct ACPI_PACKED acpi_rsdp { /* 5.2.5.3 */
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
};

struct ACPI_PACKED acpi_header { /* 5.2.6 */
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
};

struct ACPI_PACKED acpi_address { /* 5.2.3.2, generic address structure */
	uint8_t space;
	uint8_t width; /* bits */
	uint8_t offset;
	uint8_t access;
	uint64_t address;
};

#define ACPI_SPACE_IO 1u

struct ACPI_PACKED acpi_fadt { /* 5.2.9 */
	struct acpi_header header;
	uint32_t facs;
	uint32_t dsdt;
	uint8_t reserved0;
	uint8_t profile;
	uint16_t sci;
	uint32_t smi_command;
	uint8_t acpi_enable;
	uint8_t acpi_disable;
	uint8_t s4_bios;
	uint8_t pstate_control;
	uint32_t pm1a_event;
	uint32_t pm1b_event;
	uint32_t pm1a_control;
	uint32_t pm1b_control;
	uint32_t pm2_control;
	uint32_t pm_timer;
	uint32_t gpe0;
	uint32_t gpe1;
	uint8_t pm1_event_length;
	uint8_t pm1_control_length;
	uint8_t pm2_control_length;
	uint8_t pm_timer_length;
	uint8_t gpe0_length;
	uint8_t gpe1_length;
	uint8_t gpe1_base;
	uint8_t cstate_control;
	uint16_t c2_latency;
	uint16_t c3_latency;
	uint16_t flush_size;
	uint16_t flush_stride;
	uint8_t duty_offset;
	uint8_t duty_width;
	uint8_t day_alarm;
	uint8_t month_alarm;
	uint8_t century;
	uint16_t boot_arch;
	uint8_t reserved1;
	uint32_t flags;
	struct acpi_address reset;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor;
	uint64_t x_facs;
	uint64_t x_dsdt;
	struct acpi_address x_pm1a_event;
	struct acpi_address x_pm1b_event;
	struct acpi_address x_pm1a_control;
	struct acpi_address x_pm1b_control;
	struct acpi_address x_pm2_control;
	struct acpi_address x_pm_timer;
	struct acpi_address x_gpe0;
	struct acpi_address x_gpe1;
	struct acpi_address sleep_control;
	struct acpi_address sleep_status;
	uint64_t hypervisor_id;
};

#define FADT_WBINVD	    (1u << 0) /* flags */
#define FADT_PROC_C1	    (1u << 2)
#define FADT_SLEEP_BUTTON   (1u << 5) /* none in fixed hardware */
#define FADT_FIX_RTC	    (1u << 6) /* no wake status in fixed hardware */
#define FADT_TIMER_32_BIT   (1u << 8)
#define FADT_RESET_REGISTER (1u << 10)
#define FADT_LEGACY_DEVICES (1u << 0) /* boot_arch */
#define FADT_NO_VGA	    (1u << 2)
#define FADT_NO_C2	    101u  /* a latency over 100 says: not there */
#define FADT_NO_C3	    1001u /* over 1000 */
#define FADT_PROFILE_SERVER 4u

struct ACPI_PACKED acpi_facs { /* 5.2.10; aligned to 64 bytes, without checksum */
	char signature[4];
	uint32_t length;
	uint32_t hardware_signature;
	uint32_t waking_vector;
	uint32_t global_lock;
	uint32_t flags;
	uint64_t x_waking_vector;
	uint8_t version;
	uint8_t reserved[31];
};

struct ACPI_PACKED acpi_madt { /* 5.2.12 */
	struct acpi_header header;
	uint32_t local_apic;
	uint32_t flags;
};

#define MADT_PCAT_COMPAT 1u /* there are PICs, too */

struct ACPI_PACKED acpi_madt_cpu { /* 5.2.12.2 */
	uint8_t type;
	uint8_t length;
	uint8_t processor_id;
	uint8_t apic_id;
	uint32_t flags;
};

struct ACPI_PACKED acpi_madt_ioapic { /* 5.2.12.3 */
	uint8_t type;
	uint8_t length;
	uint8_t id;
	uint8_t reserved;
	uint32_t address;
	uint32_t gsi_base;
};

struct ACPI_PACKED acpi_madt_override { /* 5.2.12.5 */
	uint8_t type;
	uint8_t length;
	uint8_t bus;
	uint8_t source;
	uint32_t gsi;
	uint16_t flags;
};

struct ACPI_PACKED acpi_madt_nmi { /* 5.2.12.7 */
	uint8_t type;
	uint8_t length;
	uint8_t processor_id;
	uint16_t flags;
	uint8_t lint;
};

struct ACPI_PACKED acpi_madt_wide_cpu { /* 5.2.12.12, processor local x2APIC */
	uint8_t type;
	uint8_t length;
	uint16_t reserved;
	uint32_t apic_id;
	uint32_t flags;
	uint32_t processor_id;
};

struct ACPI_PACKED acpi_madt_wide_nmi { /* 5.2.12.13 */
	uint8_t type;
	uint8_t length;
	uint16_t flags;
	uint32_t processor_id;
	uint8_t lint;
	uint8_t reserved[3];
};

enum {
	MADT_CPU = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_NMI = 4,
	MADT_WIDE_CPU = 9,
	MADT_WIDE_NMI = 10,
};

#define MADT_CPU_ENABLED   1u
#define MADT_ALL_CPUS	   0xffu
#define MADT_ALL_WIDE_CPUS 0xffffffffu
#define MADT_WIDE_IDS	   255u /* and above: 255 itself is all of them in the other entries */
#define MADT_ACTIVE_HIGH   1u
#define MADT_LEVEL	   (3u << 2)

struct ACPI_PACKED acpi_mcfg { /* PCI Firmware specification 3.3, 4.1.2 */
	struct acpi_header header;
	uint64_t reserved;
	uint64_t base;
	uint16_t segment;
	uint8_t bus_first;
	uint8_t bus_last;
	uint32_t reserved1;
};

struct ACPI_PACKED acpi_name { /* 20.2.5.1, 20.2.3: Name (xxxx, QWordConst) */
	uint8_t name_op;
	char name[4];
	uint8_t qword_prefix;
	uint64_t value;
};

struct ACPI_PACKED acpi_srat { /* 5.2.16 */
	struct acpi_header header;
	uint32_t reserved_one;
	uint64_t reserved;
};

struct ACPI_PACKED acpi_srat_cpu { /* 5.2.16.1 */
	uint8_t type;
	uint8_t length;
	uint8_t node;
	uint8_t apic_id;
	uint32_t flags;
	uint8_t sapic_eid;
	uint8_t node_high[3];
	uint32_t clock_domain;
};

struct ACPI_PACKED acpi_srat_memory { /* 5.2.16.2 */
	uint8_t type;
	uint8_t length;
	uint32_t node;
	uint16_t reserved0;
	uint64_t base;
	uint64_t size;
	uint32_t reserved1;
	uint32_t flags;
	uint64_t reserved2;
};

struct ACPI_PACKED acpi_srat_wide_cpu { /* 5.2.16.3 */
	uint8_t type;
	uint8_t length;
	uint16_t reserved0;
	uint32_t node;
	uint32_t apic_id;
	uint32_t flags;
	uint32_t clock_domain;
	uint32_t reserved1;
};

enum {
	SRAT_CPU = 0,
	SRAT_MEMORY = 1,
	SRAT_WIDE_CPU = 2,
};

#define SRAT_ENABLED 1u

struct ACPI_PACKED acpi_slit { /* 5.2.17; @count rows of @count bytes follow */
	struct acpi_header header;
	uint64_t count;
};

struct ACPI_PACKED acpi_pxm { /* Name (_PXM, ByteConst): 6.2.15 */
	uint8_t name_op;
	char name[4];
	uint8_t byte_prefix;
	uint8_t value;
};

struct ACPI_PACKED
	acpi_port { /* 20.2.5.2: Device (xxxx) { Name (_ADR, DWordConst) Name (_PXM, ByteConst) } */
	uint8_t ext_op;
	uint8_t device_op;
	uint8_t length; /* from here: 20.2.4 */
	char name[4];
	uint8_t name_op;
	char adr[4];
	uint8_t dword_prefix;
	uint32_t address;
	struct acpi_pxm pxm;
};

struct ACPI_PACKED acpi_scope { /* 20.2.5.1: Scope (\xxxx.xxxx) */
	uint8_t scope_op;
	uint8_t length[2]; /* from here, in the form of two bytes */
	char root;
	uint8_t dual_prefix;
	char path[8];
};

#define AML_SCOPE_OP	 0x10u
#define AML_DUAL_PREFIX	 0x2eu
#define AML_EXT_OP	 0x5bu
#define AML_DEVICE_OP	 0x82u
#define AML_BYTE_PREFIX	 0x0au
#define AML_DWORD_PREFIX 0x0cu
#define AML_NAME_OP	 0x08u
#define AML_QWORD_PREFIX 0x0eu

_Static_assert(sizeof(struct acpi_rsdp) == 36, "RSDP");
_Static_assert(sizeof(struct acpi_header) == 36, "header");
_Static_assert(sizeof(struct acpi_fadt) == 276, "FADT");
_Static_assert(sizeof(struct acpi_facs) == 64, "FACS");
_Static_assert(sizeof(struct acpi_mcfg) == 60, "MCFG");
_Static_assert(sizeof(struct acpi_srat) == 48, "SRAT");
_Static_assert(sizeof(struct acpi_srat_cpu) == 16, "SRAT, CPU");
_Static_assert(sizeof(struct acpi_srat_memory) == 40, "SRAT, memory");
_Static_assert(sizeof(struct acpi_srat_wide_cpu) == 24, "SRAT, x2APIC");
_Static_assert(sizeof(struct acpi_port) < 64, "its length is one byte");

#endif
