#!/bin/bash
# The host takes a disk back from a running guest: its driver is unbound, and that returns. The guest lets go of it, or is not
# listening and loses it after the limit; either way its network card goes on.
# devices: nvme e1000e
# limit: 240

. tests/lab/cases/lib.sh

# unbind: takes the disk from vfio-pci; says how long that took
unbind() {
	local began=$SECONDS
	timeout 60 sh -c "echo $LAB_nvme0 >/sys/bus/pci/drivers/vfio-pci/unbind" || complain "unbind did not return" || return
	echo "unbind took $((SECONDS - began)) s"
}

# taken_back TEXT GUEST-TEST OPTION...: TEXT is what tenon must say of it
taken_back() {
	local says=$1
	start_guest "${@:2}" --cpus 2 --device "$LAB_nvme0" --device "$LAB_e1000e0"
	guest_says 'TENON-GUEST at work' 90 || return
	unbind || complain "the guest is ended" || {
		kill -KILL "$guest_process"
		finish_guest
		return 1
	}
	[[ ! -e /sys/bus/pci/devices/$LAB_nvme0/driver ]] || complain "the host's disk still has a driver"
	finish_guest
	guest_went_well $? || return
	said "$says"
}

bind_all
check "a guest that listens lets go" taken_back "$LAB_nvme0: the guest let go of it; given back" unplug
check "the host has the disk" tests/lab/bind "$LAB_nvme0" nvme
bind_all
check "one that does not is forced" taken_back "$LAB_nvme0: the guest did not let go of it in 4 s; taken from it" \
	"unplug lab.sees=no pcie_ports=compat" --unplug-limit 4s
bind_all
check "the disk works in the next guest" guest nvme --device "$LAB_nvme0"
