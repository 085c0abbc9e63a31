#!/bin/bash
# Mediated devices, named by UUID: a serial port with I/O BARs and INTx, and a screen with a BAR that is mapped; what else
# the kernel has for them.
# limit: 150

. tests/lab/cases/lib.sh
mtty=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
mdpy=83b8f4f2-509f-382f-3c1e-e6bfe0fa1002
types=/sys/devices/virtual
echo $mtty >$types/mtty/mtty/mdev_supported_types/mtty-2/create
echo $mdpy >$types/mdpy/mdpy/mdev_supported_types/mdpy-vga/create

plan=$("$TENON" plan --kernel "$LAB_KERNEL" --device $mtty --device $mdpy 2>&1)
echo "$plan"
check "the plan knows them" grep -q "$mtty \[4348:3253\], class 070002" <<<"$plan"
check "the plan pins nothing" grep -q "pinned: nothing" <<<"$plan"
check "a serial port loops back" guest mtty --device $mtty
check "a screen is drawn on" guest mdpy --device /sys/bus/mdev/devices/$mdpy
check "both in one guest" guest mtty,mdpy --device $mtty --device $mdpy
# The serial port's driver can migrate it and log its DMA, the screen's cannot.
features() {
	build/tests/features $mtty >$output || return
	cat $output
	grep -qx 'migration' $output && grep -qx 'dma-logging-report' $output || complain "not all features are found" || return
	grep -qx 'migrates: stop-copy p2p pre-copy' $output || complain "it is not said how it migrates" || return
	build/tests/features $mdpy >$output 2>&1 && return 1
	cat $output
	grep -q "error: $mdpy: its driver .* cannot migrate it" $output && grep -q '^features: remedy: ' $output
}
check "features" features
holds_nothing() {
	local left
	left=$(holders)
	[[ -z $left ]] || complain "still open: $left"
}
check "given back" holds_nothing
