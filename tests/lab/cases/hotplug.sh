#!/bin/bash
# Devices that come to a running guest and go again: a disk, beside a network card at work; the guest's first device at all,
# with a huge BAR; and what cannot come, which leaves guest and host as they were.
# devices: nvme e1000e ivshmem,size=2G
# limit: 360

. tests/lab/cases/lib.sh
cycles=2
. tests/lab/cases/hotplug.lib

# The guest has no device, and so no IO address space, before it comes.
first_device() {
	start_guest "hotplug-bar lab.size=$((2 << 30))" --name lab --hotplug-slots 1 --reserve-64bit 4G
	guest_says 'waits for the device' 60 || return
	grep -q "^VmPin:[^1-9]*0 kB" "/proc/$guest_process/status" || complain "memory is pinned for no device" || return
	ctl add "$LAB_ivshmem0" || complain "it was not added" || return
	grep -E '^VmPin:' "/proc/$guest_process/status"
	finish_guest
	guest_went_well $?
}

# refused TEXT DEVICE: TEXT is what is said
refused() {
	if ctl add "$2" >/tmp/refused 2>&1; then
		complain "$2 was added"
		return
	fi
	cat /tmp/refused
	grep -q -- "$1" /tmp/refused || complain "it does not say: $1"
}

what_cannot_come() {
	local before result=0
	tests/lab/bind "$LAB_ivshmem0" none
	start_guest hotplug --name lab --hotplug-slots 1 --device "$LAB_e1000e0"
	guest_says 'waits for a disk' 90 || return
	before=$(holders | sort)
	refused "has no driver" "$LAB_ivshmem0" || result=1
	refused "the guest has it already" "$LAB_e1000e0" || result=1
	refused "no such PCI device" 0000:77:00.0 || result=1
	refused "is taken, or the guest has no such slot" "$LAB_nvme0,slot=1" || result=1
	refused "unknown device key" "$LAB_nvme0,colour=red" || result=1
	tests/lab/bind "$LAB_ivshmem0"
	refused "do not fit slot" "$LAB_ivshmem0" || result=1
	[[ $(holders | sort) == "$before" ]] || complain "something is open that was not" || result=1
	ctl add "$LAB_nvme0" || result=1
	refused "no slot of the guest is empty" "$LAB_ivshmem0" || result=1
	guest_says 'cycle 1: at work' 90 || return
	ctl remove "$LAB_nvme0" || result=1
	finish_guest
	guest_went_well $? && return $result
}

bind_all
check "a disk comes and goes, twice" come_and_go disk hotplug "$LAB_nvme0" --device "$LAB_e1000e0"
check "the first device, with a BAR of 2 GiB" first_device
check "what cannot come changes nothing" what_cannot_come
bind_all
check "the disk works in the next guest" guest nvme --device "$LAB_nvme0"
