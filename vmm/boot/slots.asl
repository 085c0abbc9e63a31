/* SPDX-License-Identifier: MIT */
/*
 * Slots on bus 0 whose devices come and go by ACPI, for guests that have them (devices/acpi_slot.h).
 *
 * Numbers that are also in C: devices/acpi_slot.c (the registers), plan/plan.h (where they are), devices/pm.h (the event).
 */
DefinitionBlock ("", "SSDT", 2, "TENON ", "TENONSLT", 1)
{
	External (\_SB.PCI0, DeviceObj)

	Scope (\_SB.PCI0)
	{
		OperationRegion (SLTR, SystemIO, 0x0610, 0x0C)
		Field (SLTR, DWordAcc, NoLock, WriteAsZeros)
		{
			CAME, 32, /* a read clears it; bit 0: something left */
			ASKD, 32, /* likewise */
			EJCT, 32
		}

		Device (SL01) { Name (_ADR, 0x00010000) Name (_SUN, 1) Method (_EJ0, 1) { EJCT = 0x00000002 } }
		Device (SL02) { Name (_ADR, 0x00020000) Name (_SUN, 2) Method (_EJ0, 1) { EJCT = 0x00000004 } }
		Device (SL03) { Name (_ADR, 0x00030000) Name (_SUN, 3) Method (_EJ0, 1) { EJCT = 0x00000008 } }
		Device (SL04) { Name (_ADR, 0x00040000) Name (_SUN, 4) Method (_EJ0, 1) { EJCT = 0x00000010 } }
		Device (SL05) { Name (_ADR, 0x00050000) Name (_SUN, 5) Method (_EJ0, 1) { EJCT = 0x00000020 } }
		Device (SL06) { Name (_ADR, 0x00060000) Name (_SUN, 6) Method (_EJ0, 1) { EJCT = 0x00000040 } }
		Device (SL07) { Name (_ADR, 0x00070000) Name (_SUN, 7) Method (_EJ0, 1) { EJCT = 0x00000080 } }
		Device (SL08) { Name (_ADR, 0x00080000) Name (_SUN, 8) Method (_EJ0, 1) { EJCT = 0x00000100 } }
		Device (SL09) { Name (_ADR, 0x00090000) Name (_SUN, 9) Method (_EJ0, 1) { EJCT = 0x00000200 } }
		Device (SL0A) { Name (_ADR, 0x000A0000) Name (_SUN, 10) Method (_EJ0, 1) { EJCT = 0x00000400 } }
		Device (SL0B) { Name (_ADR, 0x000B0000) Name (_SUN, 11) Method (_EJ0, 1) { EJCT = 0x00000800 } }
		Device (SL0C) { Name (_ADR, 0x000C0000) Name (_SUN, 12) Method (_EJ0, 1) { EJCT = 0x00001000 } }
		Device (SL0D) { Name (_ADR, 0x000D0000) Name (_SUN, 13) Method (_EJ0, 1) { EJCT = 0x00002000 } }
		Device (SL0E) { Name (_ADR, 0x000E0000) Name (_SUN, 14) Method (_EJ0, 1) { EJCT = 0x00004000 } }
		Device (SL0F) { Name (_ADR, 0x000F0000) Name (_SUN, 15) Method (_EJ0, 1) { EJCT = 0x00008000 } }
		Device (SL10) { Name (_ADR, 0x00100000) Name (_SUN, 16) Method (_EJ0, 1) { EJCT = 0x00010000 } }
		Device (SL11) { Name (_ADR, 0x00110000) Name (_SUN, 17) Method (_EJ0, 1) { EJCT = 0x00020000 } }
		Device (SL12) { Name (_ADR, 0x00120000) Name (_SUN, 18) Method (_EJ0, 1) { EJCT = 0x00040000 } }
		Device (SL13) { Name (_ADR, 0x00130000) Name (_SUN, 19) Method (_EJ0, 1) { EJCT = 0x00080000 } }
		Device (SL14) { Name (_ADR, 0x00140000) Name (_SUN, 20) Method (_EJ0, 1) { EJCT = 0x00100000 } }
		Device (SL15) { Name (_ADR, 0x00150000) Name (_SUN, 21) Method (_EJ0, 1) { EJCT = 0x00200000 } }
		Device (SL16) { Name (_ADR, 0x00160000) Name (_SUN, 22) Method (_EJ0, 1) { EJCT = 0x00400000 } }
		Device (SL17) { Name (_ADR, 0x00170000) Name (_SUN, 23) Method (_EJ0, 1) { EJCT = 0x00800000 } }
		Device (SL18) { Name (_ADR, 0x00180000) Name (_SUN, 24) Method (_EJ0, 1) { EJCT = 0x01000000 } }
		Device (SL19) { Name (_ADR, 0x00190000) Name (_SUN, 25) Method (_EJ0, 1) { EJCT = 0x02000000 } }
		Device (SL1A) { Name (_ADR, 0x001A0000) Name (_SUN, 26) Method (_EJ0, 1) { EJCT = 0x04000000 } }
		Device (SL1B) { Name (_ADR, 0x001B0000) Name (_SUN, 27) Method (_EJ0, 1) { EJCT = 0x08000000 } }
		Device (SL1C) { Name (_ADR, 0x001C0000) Name (_SUN, 28) Method (_EJ0, 1) { EJCT = 0x10000000 } }
		Device (SL1D) { Name (_ADR, 0x001D0000) Name (_SUN, 29) Method (_EJ0, 1) { EJCT = 0x20000000 } }
		Device (SL1E) { Name (_ADR, 0x001E0000) Name (_SUN, 30) Method (_EJ0, 1) { EJCT = 0x40000000 } }
		Device (SL1F) { Name (_ADR, 0x001F0000) Name (_SUN, 31) Method (_EJ0, 1) { EJCT = 0x80000000 } }

		Method (LOOK, 0, Serialized)
		{
			Local0 = CAME
			Local1 = ASKD
			If (Local0 & 1) { Notify (\_SB.PCI0, 0) } /* bus check */
			If (Local0 & 0x00000002) { Notify (SL01, 1) } /* device check */
			If (Local0 & 0x00000004) { Notify (SL02, 1) }
			If (Local0 & 0x00000008) { Notify (SL03, 1) }
			If (Local0 & 0x00000010) { Notify (SL04, 1) }
			If (Local0 & 0x00000020) { Notify (SL05, 1) }
			If (Local0 & 0x00000040) { Notify (SL06, 1) }
			If (Local0 & 0x00000080) { Notify (SL07, 1) }
			If (Local0 & 0x00000100) { Notify (SL08, 1) }
			If (Local0 & 0x00000200) { Notify (SL09, 1) }
			If (Local0 & 0x00000400) { Notify (SL0A, 1) }
			If (Local0 & 0x00000800) { Notify (SL0B, 1) }
			If (Local0 & 0x00001000) { Notify (SL0C, 1) }
			If (Local0 & 0x00002000) { Notify (SL0D, 1) }
			If (Local0 & 0x00004000) { Notify (SL0E, 1) }
			If (Local0 & 0x00008000) { Notify (SL0F, 1) }
			If (Local0 & 0x00010000) { Notify (SL10, 1) }
			If (Local0 & 0x00020000) { Notify (SL11, 1) }
			If (Local0 & 0x00040000) { Notify (SL12, 1) }
			If (Local0 & 0x00080000) { Notify (SL13, 1) }
			If (Local0 & 0x00100000) { Notify (SL14, 1) }
			If (Local0 & 0x00200000) { Notify (SL15, 1) }
			If (Local0 & 0x00400000) { Notify (SL16, 1) }
			If (Local0 & 0x00800000) { Notify (SL17, 1) }
			If (Local0 & 0x01000000) { Notify (SL18, 1) }
			If (Local0 & 0x02000000) { Notify (SL19, 1) }
			If (Local0 & 0x04000000) { Notify (SL1A, 1) }
			If (Local0 & 0x08000000) { Notify (SL1B, 1) }
			If (Local0 & 0x10000000) { Notify (SL1C, 1) }
			If (Local0 & 0x20000000) { Notify (SL1D, 1) }
			If (Local0 & 0x40000000) { Notify (SL1E, 1) }
			If (Local0 & 0x80000000) { Notify (SL1F, 1) }
			If (Local1 & 0x00000002) { Notify (SL01, 3) } /* eject request */
			If (Local1 & 0x00000004) { Notify (SL02, 3) }
			If (Local1 & 0x00000008) { Notify (SL03, 3) }
			If (Local1 & 0x00000010) { Notify (SL04, 3) }
			If (Local1 & 0x00000020) { Notify (SL05, 3) }
			If (Local1 & 0x00000040) { Notify (SL06, 3) }
			If (Local1 & 0x00000080) { Notify (SL07, 3) }
			If (Local1 & 0x00000100) { Notify (SL08, 3) }
			If (Local1 & 0x00000200) { Notify (SL09, 3) }
			If (Local1 & 0x00000400) { Notify (SL0A, 3) }
			If (Local1 & 0x00000800) { Notify (SL0B, 3) }
			If (Local1 & 0x00001000) { Notify (SL0C, 3) }
			If (Local1 & 0x00002000) { Notify (SL0D, 3) }
			If (Local1 & 0x00004000) { Notify (SL0E, 3) }
			If (Local1 & 0x00008000) { Notify (SL0F, 3) }
			If (Local1 & 0x00010000) { Notify (SL10, 3) }
			If (Local1 & 0x00020000) { Notify (SL11, 3) }
			If (Local1 & 0x00040000) { Notify (SL12, 3) }
			If (Local1 & 0x00080000) { Notify (SL13, 3) }
			If (Local1 & 0x00100000) { Notify (SL14, 3) }
			If (Local1 & 0x00200000) { Notify (SL15, 3) }
			If (Local1 & 0x00400000) { Notify (SL16, 3) }
			If (Local1 & 0x00800000) { Notify (SL17, 3) }
			If (Local1 & 0x01000000) { Notify (SL18, 3) }
			If (Local1 & 0x02000000) { Notify (SL19, 3) }
			If (Local1 & 0x04000000) { Notify (SL1A, 3) }
			If (Local1 & 0x08000000) { Notify (SL1B, 3) }
			If (Local1 & 0x10000000) { Notify (SL1C, 3) }
			If (Local1 & 0x20000000) { Notify (SL1D, 3) }
			If (Local1 & 0x40000000) { Notify (SL1E, 3) }
			If (Local1 & 0x80000000) { Notify (SL1F, 3) }
		}
	}

	Scope (\_GPE)
	{
		Method (_E01)
		{
			\_SB.PCI0.LOOK ()
		}
	}
}
