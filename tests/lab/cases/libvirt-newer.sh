#!/bin/bash
# A guest under the newest libvirt of Debian's suites, which opens /dev/iommu and the devices' nodes itself and hands both in: at
# start and while the guest runs, and the daemon dies meanwhile.
# devices: nvme igb
# memory: 2G
# libvirt: newest
# limit: 900
# long: yes

. tests/lab/cases/lib.sh
root=$LAB_NEWEST_LIBVIRT
. tests/lab/cases/libvirt.lib
machine=q35
elements="<iommufd enabled='yes'/>"
spare_ports=
for port in 1 2 3; do
	spare_ports+="<controller type='pci' index='$port' model='pcie-root-port'/>"
done

lives() {
	domain 'button lab.x=1' && up && says 'listens' 60 || return
	virsh suspend lab && virsh resume lab && virsh domstats lab | head -n 12 && virsh reset lab && quiet && says 'listens' 60 &&
		console_shows_the_guest && virsh shutdown lab && in_state "shut off (shutdown)" 60
}

# The socket of its channel is handed in; what libvirt knows of it is the same when the daemon has died.
has_an_agent() {
	down
	domain agent "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>" && up && says 'the agent is at' 60 && survives_the_daemon && agent_answers &&
		in_state "shut off (shutdown)" 60 || return
	grep -o 'socket,id=charchannel0[^ ]*' "$root/var/log/libvirt/qemu/lab.log" | tail -n 1
}

# was_handed TEXT: in what the latest guest was started with
was_handed() {
	grep -o -- '-object.*iommufd[^ ]*' "$root/var/log/libvirt/qemu/lab.log" | tail -n 1
	grep -o -- '-device.*vfio-pci[^ ]*' "$root/var/log/libvirt/qemu/lab.log" | tail -n 2
	! grep -q 'vfio-pci.*host=' "$root/var/log/libvirt/qemu/lab.log" || complain "it was not handed in"
}

takes_a_disk() {
	down
	domain nvme "$(hostdev nvme0)" && up && says 'result ok nvme' 150 && in_state "shut off (shutdown)" 60 && was_handed &&
		wait_for 20 has_driver "$LAB_nvme0" nvme
}

two_share() {
	down
	domain nvme,network "$(hostdev nvme0)$(hostdev igb0)" && up && says 'result ok nvme' 150 && says 'result ok network' 90 &&
		in_state "shut off (shutdown)" 60 && was_handed && wait_for 20 has_driver "$LAB_nvme0" nvme &&
		wait_for 20 has_driver "$LAB_igb0" igb
}

# comes_and_goes [XML]: with a network card that stays, or without another device
comes_and_goes() {
	local cycle
	down
	hostdev nvme0 "<driver iommufd='yes'/>" >/tmp/disk.xml
	domain 'hotplug lab.cycles=2' "${1:-}" && up && says 'waits for a disk' 90 || return
	for cycle in 1 2; do
		virsh attach-device lab /tmp/disk.xml && says "cycle $cycle: at work" 90 || return
		((cycle > 1)) || survives_the_daemon || return
		virsh detach-device lab /tmp/disk.xml && says "cycle $cycle: the disk is gone" 90 &&
			wait_for 40 has_driver "$LAB_nvme0" nvme || return
	done
	says 'result ok hotplug' 60 && in_state "shut off (shutdown)" 60
}

on_pc() {
	machine=pc "$@"
}

# gives_it_back COMMAND...: the end of a guest that is at work with a disk, which then is the host's again
gives_it_back() {
	down
	domain control "$(hostdev nvme0)" && up && says 'TENON-GUEST tick' 90 && has_driver "$LAB_nvme0" vfio-pci && "$@" &&
		wait_for 20 has_driver "$LAB_nvme0" nvme
}

dies() { kill -KILL "$(emulator)" && in_state "shut off (crashed)"; }

prepare_libvirt
add_agent || exit
check "a guest's life, and its console" lives
check "its agent" has_an_agent
check "a disk by descriptors" takes_a_disk
check "two devices share one address space" two_share
check "a disk comes and goes, and the daemon too" comes_and_goes "$spare_ports"
check "the same beside another device" comes_and_goes "$spare_ports$(hostdev igb0)"
check "the same on a PC's bus" on_pc comes_and_goes
check "a virtual function with the address that was asked for" virtual_function
check "its end gives it back" gives_it_back is_destroyed
check "a crash gives it back" gives_it_back dies
down
