#!/bin/bash
# Disks and network cards by virtio come to a running guest and go under load, and what cannot come changes nothing; a device of
# the guest's own leaves, and another comes into its slot.
# devices: nvme
# limit: 420
# once: yes

. tests/lab/cases/lib.sh
cycles=2
. tests/lab/cases/hotplug-virtio.lib

# refused TEXT ARGUMENT...: TEXT is what is said
refused() {
	if ctl add "${@:2}" >/tmp/refused 2>&1; then
		complain "${*:2} was added"
		return
	fi
	cat /tmp/refused
	grep -q -- "$1" /tmp/refused || complain "it does not say: $1"
}

what_cannot_come() {
	local before result=0
	truncate -s 1M /mnt/own.img /mnt/locked.img
	start_guest "hotplug-virtio" --name lab --hotplug-slots 1 --hotplug-files /mnt --disk /mnt/own.img,id=own --rng host
	guest_says 'waits for devices' 90 || return
	before=$(descriptors)
	refused "No such file or directory" --disk /mnt/none.img || result=1
	refused "the guest has it already, as own" --disk /mnt/own.img || result=1
	refused "is own\|the id own is" --net tap0,id=own || result=1
	refused "network device tap9: there is none" --net tap9 || result=1
	refused "is taken, or the guest has no such slot" --disk /mnt/locked.img,slot=1 || result=1
	refused "unknown disk key" --disk /mnt/locked.img,colour=red || result=1
	(($(descriptors) <= before)) || complain "something is open that was not" || result=1
	(
		TENON=$PWD/$TENON
		cd /mnt && ctl add --disk disk.img,id=data || exit
		refused "no slot of the guest is empty" --net tap0
	) || result=1
	ctl kill
	finish_guest
	return $result
}

# As libvirt has it: what they are on is said before, and its descriptors are sent.
by_descriptors() {
	start_guest "hotplug-virtio" --name lab --cpus 2 --hotplug-slots 2
	guest_says 'waits for devices' 90 || return
	python3 tests/lab/qmp-virtio.py /run/tenon/lab.sock add /mnt/disk.img tap0 || return
	guest_says "cycle 1: at work" 120 || return
	python3 tests/lab/qmp-virtio.py /run/tenon/lab.sock remove /mnt/disk.img tap0 || return
	guest_says "cycle 1: all are gone" 120 && wait_for 30 is_free || return
	finish_guest
	guest_went_well $? && contents_right
}

# another_comes ARGUMENT...: in the place of the device that is called own
another_comes() {
	python3 tests/lab/qmp.py /run/tenon/lab.sock --until DEVICE_DELETED device_del id=own || return
	ctl add "$@" || return
	sleep 8 # the guest waits 5 s after the button
}

# The disk that the guest started with leaves; a passed-through one comes into its slot, and a virtio one again.
slots_are_for_all() {
	truncate -s 1M /mnt/own.img
	start_guest hotplug-virtio --name lab --hotplug-slots 1 --hotplug-files /mnt --disk /mnt/own.img,id=own
	guest_says 'waits for devices' 90 || return
	another_comes "$LAB_nvme0,id=own,slot=1" && another_comes --disk /mnt/disk.img,id=own,slot=1 || return
	python3 tests/lab/qmp.py /run/tenon/lab.sock query-pci | grep -q '"qdev_id": "own"' || complain "it is not there" || return
	ctl kill
	finish_guest
}

bind_all
make_backends || exit
check "a disk and a network card come and go, twice" ended come_and_go
check "by nodes and descriptors" ended by_descriptors
check "what cannot come changes nothing" ended what_cannot_come
check "a slot is for whatever comes" ended slots_are_for_all
