#!/bin/bash
# What else a domain can say of the host's devices: a virtual function whose address libvirt sets, functions that share a slot, devices
# that libvirt does not take from their drivers, mediated ones; and what cannot be done with a guest that has devices.
# devices: igb nvme,shared=a e1000e,shared=a edu,shared=b edu,shared=b
# memory: 2G
# limit: 500
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/libvirt.lib
mtty=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001

# place BUS:SLOT FUNCTION [XML]: in the guest
place() {
	echo "<address type='pci' domain='0x0000' bus='0x${1%:*}' slot='0x${1#*:}' function='0x$2' ${3:-}/>"
}

example_has_a_virtual_function() {
	down
	example configs/libvirt-nic-vf.xml vf -e "s,domain='.*function='0x0',$(pci "$vfs")," && up && says 'result ok vf' 120 &&
		in_state "shut off (shutdown)" 30 || return
	grep -q '52:54:00:6d:90:02' $console || complain "it has another address"
}

# share_slots PLACE OTHER: of the network card and the disk, and of the edus
share_slots() {
	local several="multifunction='on'"
	down
	domain "functions lab.slot=0000:$1" "$(hostdev e1000e0 "$(place "$1" 0 "$several")")$(hostdev nvme0 "$(place "$1" 1)")" \
		"$(hostdev edu0 "$(place "$2" 0 "$several")")$(hostdev edu1 "$(place "$2" 1)")" && up && says 'result ok functions' 120 &&
		in_state "shut off (shutdown)" 30 && wait_for 20 has_driver "$LAB_nvme0" nvme
}

are_not_managed() {
	down
	tests/lab/bind "$LAB_nvme0" && tests/lab/bind "$LAB_e1000e0" || return
	managed=no domain nvme,network "$(managed=no hostdev nvme0)$(managed=no hostdev e1000e0)" && up && says 'result ok network' 120 &&
		in_state "shut off (shutdown)" 30 || return
	sleep 2
	has_driver "$LAB_nvme0" vfio-pci || complain "libvirt has given it to $(driver_of "$LAB_nvme0")"
}

# may_open DEVICE: whether the control group that libvirt has made for the emulator lets it
may_open() {
	sh -c "echo \$\$ >/sys/fs/cgroup$(cut -d : -f 3 "/proc/$(emulator)/cgroup")/cgroup.procs && exec 3<>$1" 2>/dev/null
}

node_of() {
	basename "/sys/bus/pci/devices/$(address "$1")"/vfio-dev/vfio*
}

# By groups, which libvirt lets it have; and then by iommufd, where the administrator does.
has_its_devices_alone() {
	local disk card
	down
	disk=/dev/vfio/devices/$(node_of nvme0) card=/dev/vfio/devices/$(node_of e1000e0)
	domain 'nvme,button' "$(managed=no hostdev nvme0)$(managed=no hostdev e1000e0)" && up && says 'listens' 120 || return
	ls -l "/proc/$(emulator)/fd" | grep -o '/dev/.*' | sort | uniq -c
	may_open /dev/kvm && ! may_open /dev/iommu && ! may_open "$disk" || complain "its control group is not as libvirt makes them" || return
	virsh shutdown lab && in_state "shut off (shutdown)" 30 || return

	chgrp kvm /dev/iommu "$disk" "$card" && chmod 660 /dev/iommu "$disk" "$card" || return
	echo "cgroup_device_acl = [ \"/dev/null\", \"/dev/full\", \"/dev/zero\", \"/dev/random\", \"/dev/urandom\", \"/dev/ptmx\", \"/dev/kvm\",
		\"/dev/iommu\", \"$disk\", \"$card\" ]" >>/etc/libvirt/qemu.conf
	kill -KILL "$(</run/libvirtd.pid)" && sleep 1 && start_libvirtd && up && quiet && says 'listens' 120 || return
	ls -l "/proc/$(emulator)/fd" | grep -o '/dev/.*' | sort | uniq -c | tee /tmp/opened
	grep -q /dev/iommu /tmp/opened || complain "it has them by their groups" || return
	may_open /dev/iommu && virsh shutdown lab && in_state "shut off (shutdown)" 30
}

# What libvirt asks of a guest with devices, and of one without, has one answer; the guest goes on.
are_refused() {
	local result=0
	down
	domain 'button lab.x=1' "$(managed=no hostdev nvme0)$(managed=no hostdev e1000e0)" && up && says 'listens' 60 || return
	refused virsh save lab /tmp/saved
	refused virsh managedsave lab
	refused virsh migrate --live lab qemu+unix:///system?socket=/nowhere --unsafe
	refused virsh snapshot-create lab
	refused virsh snapshot-create lab --disk-only
	refused virsh dump lab /tmp/dump
	refused virsh blockjob lab vda
	refused virsh setvcpus lab 2 --live
	refused virsh setmem lab 128M --live
	refused virsh screenshot lab
	refused virsh qemu-monitor-command lab --hmp 'info registers'
	says_why migrate '"uri":"tcp:127.0.0.1:4444"' 'a guest does not migrate'
	says_why migrate_cancel '' 'a guest does not migrate'
	says_why query-migrate '' 'a guest does not migrate'
	says_why snapshot-save '"job-id":"a","tag":"b","vmstate":"c","devices":[]' 'there are no snapshots'
	says_why dump-guest-memory '"paging":false,"protocol":"file:/tmp/dump"' 'is not written to a file'
	[[ $(virsh domstate lab) == running* ]] || complain "it is $(virsh domstate lab --reason)" || result=1
	virsh shutdown lab && in_state "shut off (shutdown)" 60 && return "$result"
}

refused() {
	if timeout 60 "$@" >/tmp/refused 2>&1; then
		complain "it was done: $*" || result=1
	fi
	grep -m 1 . /tmp/refused
	grep -q '^error: ' /tmp/refused || complain "no error: $*" || result=1
}

# says_why COMMAND ARGUMENTS TEXT: a command that libvirt passes on
says_why() {
	virsh qemu-monitor-command lab "{\"execute\":\"$1\",\"arguments\":{$2}}" | tee /tmp/refused
	grep -q "\"class\":\"CommandNotFound\".*$3" /tmp/refused || complain "it is not told why $1 is refused" || result=1
}

is_mediated() {
	down
	echo $mtty >/sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-2/create
	domain mtty "<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci'><source><address uuid='$mtty'/></source></hostdev>" &&
		up && says 'result ok mtty' 90 && in_state "shut off (shutdown)" 30
}

prepare_libvirt
machine=q35
check "a virtual function with the address that was asked for" virtual_function
check "the example with a virtual function" example_has_a_virtual_function
check "functions that share a slot" share_slots 01:00 02:00
machine=pc
check "functions that share a slot of a PC" share_slots 00:05 00:06
machine=q35
check "devices that are not managed" are_not_managed
check "what cannot be done is refused, and the guest goes on" are_refused
check "a mediated device" is_mediated
# The last, as what it puts into qemu.conf stays there.
check "its control group, and iommufd where it may" has_its_devices_alone
down
