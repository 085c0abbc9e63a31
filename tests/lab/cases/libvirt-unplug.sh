#!/bin/bash
# A disk leaves a guest of libvirt's on a PC's bus while it is at work: the host's driver is to have it, or it is pulled out. The guest
# sees it removed, by ACPI, and goes on with its network card; libvirt hears of it.
# devices: nvme nvme e1000e
# limit: 240
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/libvirt.lib

unbind() {
	timeout 60 sh -c "echo $LAB_nvme0 >/sys/bus/pci/drivers/vfio-pci/unbind" || complain "unbind did not return"
}

has_a_disk() { virsh dumpxml lab | grep -c '<hostdev' | grep -qx 2; }

# leaves DISK-ID TEXT COMMAND...: TEXT is what tenon must say
leaves() {
	local said=$2
	down
	: >/tmp/libvirtd.log
	tests/lab/bind "$(address "$1")" && tests/lab/bind "$LAB_e1000e0" || return
	domain 'unplug lab.gone=0000:00:09.0' "$(managed=no hostdev "$1" "<address type='pci' bus='0x00' slot='0x09' function='0x0'/>")$(managed=no hostdev e1000e0)" && up && says 'TENON-GUEST at work' 90 &&
		has_a_disk && "${@:3}" || return
	says 'result ok unplug' 90 && in_state "shut off (shutdown)" 30 || return
	grep '^tenon: 0000' /var/log/libvirt/qemu/lab.log
	said "$said" /var/log/libvirt/qemu/lab.log || return
	grep -q DEVICE_DELETED /tmp/libvirtd.log || complain "libvirt was not told"
}

prepare_libvirt
check "the host takes it back" leaves nvme0 "$LAB_nvme0: the guest let go of it; given back" unbind
check "pulled out" leaves nvme1 "$LAB_nvme1: it is gone from the host; taken from the guest" pull "$LAB_nvme1"
check "no complaint of the host's kernel" bash -c '! dmesg | grep -E "WARNING:|BUG:|Oops|blocked for more"'
down
