#!/bin/bash
# Four times 25 times a disk of the host's comes to a guest of libvirt's, is used and goes again; nothing of it stays behind. By ACPI, as PCI
# Express has a guest wait for ten seconds each time.
# devices: nvme
# limit: 400
# times: 4
# long: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/libvirt.lib
cycles=25

# opened: how many descriptors the guest's processes have
opened() {
	local pid
	for pid in $(pgrep -f '^/usr/bin/tenon-qemu -name guest=lab'); do
		ls "/proc/$pid/fd"
	done | wc -l
}

memory_of() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

comes_and_goes() {
	local cycle before after
	hostdev nvme0 >/tmp/disk.xml
	domain "hotplug lab.cycles=$cycles lab.size=1" && up && says 'waits for a disk' 90 || return
	for ((cycle = 1; cycle <= cycles; cycle++)); do
		quiet
		virsh -q attach-device lab /tmp/disk.xml && says "cycle $cycle: at work" 90 && virsh -q detach-device lab /tmp/disk.xml &&
			says "cycle $cycle: the disk is gone" 90 && wait_for 40 has_driver "$LAB_nvme0" nvme || return
		after=$(opened)
		echo "cycle $cycle after $SECONDS s: $after descriptors, $(memory_of "$(emulator)") kB"
		((cycle > 1)) || before=$after
	done
	((after == before)) || complain "the guest's processes had $before descriptors, and have $after" || return
	in_state "shut off (shutdown)" 60
}

prepare_libvirt
check "$cycles times" comes_and_goes
down
