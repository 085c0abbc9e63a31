#!/bin/bash
# A host that remaps interrupts has as many messages of MSI for a device as the guest asks for.
# devices: nec,msix=off,msi=on,intrs=8
# limit: 180

. tests/lab/cases/lib.sh
. tests/lab/cases/messages.lib
bind_all

nothing_is_said() {
	! grep 'the host has only' "$output"
}

check "8 are asked for and had" asks_for_all 8
check "without a complaint" nothing_is_said
check "and drivers work with them" drivers_work
