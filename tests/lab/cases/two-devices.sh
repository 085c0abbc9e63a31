#!/bin/bash
# Two devices in one guest at work at once, in one IO address space.
# devices: nvme e1000e
# limit: 120

. tests/lab/cases/lib.sh
bind_all

# In one space the guest's memory is pinned once, in two it would be twice.
pinned_once() {
	local memory=$((512 * 1024)) pinned
	start_guest multi --cpus 2 --device "$LAB_nvme0" --device "$LAB_e1000e0"
	guest_says 'TENON-GUEST init' 60 || return
	pinned=$(awk '/^VmPin:/ { print $2 }' "/proc/$guest_process/status")
	echo "pinned: $pinned KiB of $memory"
	((pinned >= memory * 9 / 10 && pinned <= memory * 11 / 10)) || complain "not pinned once"
}

at_work() {
	finish_guest
	guest_went_well $?
}

check "memory is mapped once" pinned_once
check "disk and network at work at once" at_work
