#!/bin/bash
# A host that remaps no interrupts has one message of MSI for a device, whatever the guest asks for: that is said, with the reason,
# and the device works with the one.
# devices: nec,msix=off,msi=on,intrs=8
# iommu: virtio
# limit: 180

. tests/lab/cases/lib.sh
. tests/lab/cases/messages.lib
bind_all

is_said() {
	grep -q "$LAB_nec0: the host has only 1 of the 8 interrupt vectors that the guest uses" "$output" || complain "not that there is one" || return
	grep -q 'a host that remaps no interrupts has one for MSI' "$output" || complain "not why"
}

check "8 are asked for, 1 is had" asks_for_all 1
check "which is said, and why" is_said
check "and drivers work with it" drivers_work
