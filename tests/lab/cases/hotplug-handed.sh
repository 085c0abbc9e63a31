#!/bin/bash
# A device comes to the guest of a user without rights, and goes, three times: its node and /dev/iommu are sent through the
# control socket, and closed before it is said that they are. Between, none of the guest's memory is pinned.
# devices: nvme
# limit: 300

. tests/lab/cases/lib.sh
folder=/tmp/unprivileged
socket=$folder/lab.sock
install -D -t "$folder" "$TENON" "$LAB_KERNEL" "$LAB_INITRD" || exit
chown nobody "$folder" && chmod 755 "$folder"
chgrp kvm /dev/kvm && chmod 660 /dev/kvm

start_unprivileged() {
	set_command "$@"
	command=(prlimit --memlock=unlimited setpriv --reuid=nobody --regid=nogroup --groups=kvm
		"$folder/tenon" run --memory 512M --kernel "$folder/${LAB_KERNEL##*/}" --initrd "$folder/${LAB_INITRD##*/}"
		--cmdline "console=ttyS0 quiet lab.test=$1" "${@:2}")
	start_command
}

pinned() { awk '/^VmPin:/ { print $2 }' "/proc/$guest_process/status"; }

come_and_go() {
	local cycle node
	node=/dev/vfio/devices/$(basename "/sys/bus/pci/devices/$LAB_nvme0/vfio-dev"/*)
	start_unprivileged "hotplug lab.cycles=3" --control "$socket" --hotplug-slots 1
	guest_says 'waits for a disk' 90 || return
	for cycle in 1 2 3; do
		[[ $(pinned) == 0 ]] || complain "cycle $cycle: $(pinned) KiB are pinned for nobody" || return
		python3 tests/lab/qmp-handed.py "$socket" "$guest_process" add "$node" || return
		(($(pinned) >= 512 * 1024)) || complain "cycle $cycle: $(pinned) KiB are pinned" || return
		guest_says "cycle $cycle: at work" 90 || return
		python3 tests/lab/qmp-handed.py "$socket" "$guest_process" remove "$node" || return
		guest_says "cycle $cycle: the disk is gone" 90 || return
	done
	finish_guest
	guest_went_well $?
}

bind_all
check "three times in and out" come_and_go
check "the disk works in the next guest" guest nvme --device "$LAB_nvme0"
