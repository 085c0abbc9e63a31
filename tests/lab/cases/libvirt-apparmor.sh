#!/bin/bash
# A guest under the machine's own libvirt, which confines its emulator by AppArmor, on Debian's own kernel: what libvirt's profile does
# not allow is added as docs/libvirt.md says, and a disk of the host's is there from the start, and comes and goes.
# devices: nvme
# kernel: debian
# libvirt: newest
# limit: 900
# long: yes
# once: yes

. tests/lab/cases/lib.sh
security=apparmor
. tests/lab/cases/libvirt.lib
profiles=/etc/apparmor.d

# load_profiles: what the packages of libvirt and tenon would have put there. A libvirt that is older knows no folder for others'
# rules, and wants a template for containers as well.
load_profiles() {
	local profile
	cp -r "$LAB_NEWEST_LIBVIRT$profiles/." $profiles/ && cp $profiles/libvirt/TEMPLATE.{qemu,lxc} && sed -i '/libvirt-qemu\.d/d' $profiles/abstractions/libvirt-qemu || return
	mkdir -p $profiles/{abstractions/libvirt-qemu.d,local/abstractions} && cp configs/system/libvirt-qemu.apparmor $profiles/abstractions/libvirt-qemu.d/tenon
	for profile in usr.sbin.libvirtd usr.lib.libvirt.virt-aa-helper; do
		apparmor_parser -r $profiles/$profile || return
	done
}

# denied: what AppArmor did not allow since the last time
denied() {
	dmesg -c | grep -a 'apparmor="DENIED"' | grep -a 'profile="libvirt-'
}

disk="<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$images/disk.img'/><target dev='vda' bus='virtio'/></disk>"

refused() {
	truncate -s 64M $images/disk.img
	denied
	domain nvme "$disk$(hostdev nvme0)" || return
	virsh start lab 2>&1 | tee /tmp/refused
	grep -q 'cannot execute binary /usr/bin/tenon-qemu' /tmp/refused || complain "it is not refused, or for another reason" || return
	denied | grep 'operation="exec".*name="/usr/bin/tenon"'
}

# What is typed is a line of docs/libvirt.md.
allowed() {
	local line
	line=$(grep -o "echo 'include <abstractions/libvirt-qemu.d/tenon>'.*" docs/libvirt.md) || complain "docs/libvirt.md does not say it" || return
	sudo() { "$@"; }
	eval "$line"
	down
	up && says 'result ok nvme' 200 && in_state "shut off (shutdown)" 60 && wait_for 20 has_driver "$LAB_nvme0" nvme
}

runs_confined() {
	down
	domain 'hotplug lab.cycles=1' "$disk" && up && says 'waits for a disk' 120 || return
	tr '\0' ' ' <"/proc/$(emulator)/attr/current" | grep '^libvirt-.*(enforce)'
}

comes_and_goes() {
	hostdev nvme0 >/tmp/disk.xml
	virsh attach-device lab /tmp/disk.xml && says "cycle 1: at work" 120 || return
	virsh detach-device lab /tmp/disk.xml && says "cycle 1: the disk is gone" 120 && wait_for 40 has_driver "$LAB_nvme0" nvme &&
		says 'result ok hotplug' 60 && in_state "shut off (shutdown)" 60
}

nothing_denied() {
	! denied || complain "that was not allowed"
}

mount -t securityfs none /sys/kernel/security 2>/dev/null
load_profiles || {
	echo "libvirt's profiles cannot be loaded"
	exit 1
}
prepare_libvirt
check "without more in its profile it does not start" refused
check "a disk of the host's, with what docs/libvirt.md says" allowed
check "nothing was denied" nothing_denied
check "it is confined" runs_confined
check "a disk comes and goes" comes_and_goes
check "nothing was denied then" nothing_denied
down
