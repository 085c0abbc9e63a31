/* SPDX-License-Identifier: MIT */
/*
 * The part of ACPI's description that is the same for every guest. What the plan decides comes from a second table that
 * boot/acpi.c makes: the windows of the host bridge, as plain numbers in the root of the name space.
 *
 * Numbers that are also in C: plan/plan.h (ECAM, buses, ports, GSIs), devices/pm.h (sleep type), devices/rtc.h.
 */
DefinitionBlock ("", "DSDT", 2, "TENON ", "TENONVM ", 1)
{
	/* base and size, bytes, of the windows for I/O, 32-bit and 64-bit BARs */
	External (\WIOB, IntObj)
	External (\WIOS, IntObj)
	External (\WM3B, IntObj)
	External (\WM3S, IntObj)
	External (\WM6B, IntObj)
	External (\WM6S, IntObj)
	/* number of the last bus */
	External (\BUSL, IntObj)

	/* What to write to PM1a control to power off: PM_SLEEP_TYPE_S5. */
	Name (\_S5, Package () { 5, 5, 0, 0 })

	Scope (\_SB)
	{
		/* Memory and ports that belong to no device a driver would bind to. ECAM must be listed so: PCI Firmware
		 * specification 3.3, 4.1.2. */
		Device (MBRD)
		{
			Name (_HID, EisaId ("PNP0C02"))
			Name (_UID, 0)
			Name (_CRS, ResourceTemplate ()
			{
				Memory32Fixed (ReadWrite, 0xE0000000, 0x10000000)
				IO (Decode16, 0x0600, 0x0600, 1, 0x20)
			})
		}

		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x03F8, 0x03F8, 1, 8)
				IRQNoFlags () { 4 }
			})
		}

		/* Without an interrupt: it has no alarm. */
		Device (RTC0)
		{
			Name (_HID, EisaId ("PNP0B00"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x0070, 0x0070, 1, 2)
			})
		}

		/* Of no use to look at: bit 2 of _STA is clear. */
		Device (PANI)
		{
			Name (_HID, "QEMU0001")
			Name (_STA, 0x0B)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x0505, 0x0505, 1, 1)
			})
		}

		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A08"))
			Name (_CID, EisaId ("PNP0A03"))
			Name (_UID, 0)
			Name (_SEG, 0)
			Name (_BBN, 0)

			Name (WLOW, ResourceTemplate ()
			{
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0, 0x0000, 0x0000, 0, 0x0001, , , BUS)
				IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0, 0x1000, 0xFFFF, 0, 0xF000, , , WIO)
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
					0, 0x80000000, 0xDFFFFFFF, 0, 0x60000000, , , WM3)
			})
			Name (WHIG, ResourceTemplate ()
			{
				QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite,
					0, 0x100000000, 0x1FFFFFFFF, 0, 0x100000000, , , WM6)
			})

			Method (_CRS, 0, Serialized)
			{
				CreateWordField (WLOW, ^BUS._MAX, BMAX)
				CreateWordField (WLOW, ^BUS._LEN, BLEN)
				CreateWordField (WLOW, ^WIO._MIN, IMIN)
				CreateWordField (WLOW, ^WIO._MAX, IMAX)
				CreateWordField (WLOW, ^WIO._LEN, ILEN)
				CreateDWordField (WLOW, ^WM3._MIN, LMIN)
				CreateDWordField (WLOW, ^WM3._MAX, LMAX)
				CreateDWordField (WLOW, ^WM3._LEN, LLEN)
				CreateQWordField (WHIG, ^WM6._MIN, HMIN)
				CreateQWordField (WHIG, ^WM6._MAX, HMAX)
				CreateQWordField (WHIG, ^WM6._LEN, HLEN)

				BMAX = \BUSL
				BLEN = \BUSL + 1
				IMIN = \WIOB
				IMAX = (\WIOB + \WIOS) - 1
				ILEN = \WIOS
				LMIN = \WM3B
				LMAX = (\WM3B + \WM3S) - 1
				LLEN = \WM3S
				If (\WM6S == 0)
				{
					Return (WLOW)
				}
				HMIN = \WM6B
				HMAX = (\WM6B + \WM6S) - 1
				HLEN = \WM6S
				Return (ConcatenateResTemplate (WLOW, WHIG))
			}

			/* Pin P of slot S, INTA# being 0, is wired to GSI 16 + (S + P) % 4. What is behind a port comes out at
			 * the port's pins, swizzled by its own slot, which is 0. */
			Method (_PRT, 0, Serialized)
			{
				Local0 = Package (128) {}
				Local1 = 0
				While (Local1 < 128)
				{
					Local2 = Local1 >> 2
					Local3 = Package (4) { 0, 0, 0, 0 }
					Local3[0] = (Local2 << 16) | 0xFFFF
					Local3[1] = Local1 & 3
					Local3[3] = 16 + ((Local2 + Local1) & 3)
					Local0[Local1] = Local3
					Local1++
				}
				Return (Local0)
			}

			/* The operating system has hot-plug (1) and the capability structures (0x10) to itself. It is not given
			 * what is not there: no power management event (4), error message (8) or latency tolerance message
			 * (0x20) reaches a port, and there is no SHPC (2). PCI Firmware specification 3.3, 4.5.1. */
			Method (_OSC, 4, Serialized)
			{
				CreateDWordField (Arg3, 0, CDW1)
				If (Arg0 != ToUUID ("33DB4D5B-1FF7-401C-9657-7441C03DD766"))
				{
					CDW1 |= 4 /* unrecognised UUID */
					Return (Arg3)
				}
				CreateDWordField (Arg3, 8, CDW3)
				Local0 = CDW3 & 0x11
				If (Arg1 != 1)
				{
					CDW1 |= 8 /* unrecognised revision */
				}
				If (CDW3 != Local0)
				{
					CDW1 |= 0x10 /* capabilities bits cleared */
				}
				CDW3 = Local0
				Return (Arg3)
			}
		}
	}
}
