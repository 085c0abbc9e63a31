#!/bin/bash
# A guest under the newest libvirt of Debian's suites, which opens /dev/iommu and the devices' nodes itself and hands both in.
# devices: nvme
# limit: 500
# long: yes

. tests/lab/cases/lib.sh
root=$(tests/lab/libvirt-root) || {
	skip "the newest libvirt" "it cannot be had here"
	exit
}
. tests/lab/cases/libvirt.lib
machine=q35
elements="<iommufd enabled='yes'/>"

takes_a_disk() {
	domain nvme "$(hostdev nvme0)" && up && says 'result ok nvme' 150 && in_state "shut off (shutdown)" 60 || return
	grep -o -- '-object.*iommufd.*' "$root/var/log/libvirt/qemu/lab.log" | tail -n 1
	grep -o -- '-device.*vfio-pci.*' "$root/var/log/libvirt/qemu/lab.log" | tail -n 1
	! grep -q 'vfio-pci.*host=' "$root/var/log/libvirt/qemu/lab.log" || complain "it was not handed in" || return
	wait_for 20 has_driver "$LAB_nvme0" nvme
}

lives() {
	down
	domain 'button lab.x=1' && up && says 'listens' 60 || return
	virsh suspend lab && virsh resume lab && virsh domstats lab | head -n 12 && quiet && virsh reset lab && says 'listens' 60 &&
		virsh shutdown lab && in_state "shut off (shutdown)" 60
}

prepare_libvirt
check "a guest's life" lives
check "a disk by descriptors" takes_a_disk
down
