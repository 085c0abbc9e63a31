#!/bin/bash
# A host that remaps no interrupts has one message of MSI for a device, whatever the guest asks for: that is said, with the reason,
# and the device works with the one.
# devices: nec,msix=off,msi=on,intrs=8
# iommu: virtio
# limit: 180

. tests/lab/cases/lib.sh
bind_all

asks_for_all() {
	start_guest messages --name lab --cmdline "console=ttyS0 quiet lab.test=messages lab.seconds=5" --device "$LAB_nec0"
	guest_says 'TENON-GUEST asked for 8' 90 || return
	"$TENON" ctl lab info | tee /tmp/info
	grep -q "$LAB_nec0 *running, 1 MSI vectors" /tmp/info || complain "it has not 1 MSI vector"
}

is_said() {
	grep -q "$LAB_nec0: the host has only 1 of the 8 interrupt vectors that the guest uses" "$output" || complain "not that there is one" || return
	grep -q 'a host that remaps no interrupts has one for MSI' "$output" || complain "not why"
}

drivers_have_theirs() {
	finish_guest
	guest_went_well $? && contents_right nec0 sda
}

check "8 are asked for, 1 is had" asks_for_all
check "which is said, and why" is_said
check "and drivers work with it" drivers_have_theirs
