#!/bin/bash
# tenon check: what it finds is provoked, its commands are typed as it prints them, and then the guest runs.
# devices: nvme nvme edu,shared=one rtl8139,shared=one igb
# limit: 400
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

# Findings of devices alone, and what their commands do.
check "a device on a host driver" remedied driver "$LAB_nvme0" "$LAB_nvme0"
tests/lab/bind "$LAB_nvme1" none
check "a device without a driver" remedied driver "$LAB_nvme1" "$LAB_nvme1"
check "and the guest runs" guest nvme --device "$LAB_nvme0"
tests/lab/bind "$LAB_nvme1" host

several() {
	finds 2 driver "$LAB_edu0" "$LAB_edu0" "$LAB_nvme1" || return
	finds 2 driver "$LAB_nvme1" "$LAB_edu0" "$LAB_nvme1" || return
	finds 2 sibling "$LAB_edu0" "$LAB_edu0" "$LAB_nvme1"
}
[[ -e /sys/bus/pci/devices/$LAB_rtl8139_0/driver ]] || tests/lab/bind "$LAB_rtl8139_0" host
check "all that is in the way of two devices" several
check "a sibling on a host driver" remedied sibling "$LAB_edu0" "$LAB_edu0"
check "and the guest runs" guest edu --device "$LAB_edu0" --device "$LAB_rtl8139_0"

# A disk that the host uses: what is said is done by hand.
mounted() {
	tests/lab/bind "$LAB_nvme1" host
	sleep 1
	mke2fs -q -t ext4 /dev/nvme*n1 && mkdir -p /tmp/disk && mount /dev/nvme*n1 /tmp/disk || return
	finds 2 host-use "$LAB_nvme1" "$LAB_nvme1" || return
	umount /tmp/disk
	remedied driver "$LAB_nvme1" "$LAB_nvme1"
}
check "a disk that the host uses" mounted

virtual_functions() {
	make_vfs "$LAB_igb0" 1
	finds 2 vfs "$LAB_igb0" "$LAB_igb0" && follow && ready 0 "$LAB_igb0"
}
check "a physical function with virtual ones" virtual_functions

# Huge pages; few, since memory is in pieces by now.
check "huge pages that are not there" remedied hugepages guest "${kernel[@]:2}" --memory 96M --hugepages 2M --device "$LAB_nvme0"
check "and the guest runs" guest none --memory 96M --hugepages 2M --device "$LAB_nvme0"
echo 0 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages

# Pinned memory: the limit is this shell's, and so is the one that is raised.
memlock() {
	local as=(setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock)
	ulimit -l 65536
	remedied memlock guest "${kernel[@]}" --device "$LAB_nvme0" && guest_as nvme --device "$LAB_nvme0"
}
guest_as() {
	set_command "$@"
	"${as[@]}" "${command[@]}" </dev/null 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}"
}
check "more memory than may be pinned, and the guest runs" memlock

in_use() {
	start_guest endless-io --stop-limit 2s --device "$LAB_nvme0"
	guest_says 'TENON-GUEST init' 60 || return
	finds 2 holder "$LAB_nvme0" "$LAB_nvme0" || return
	follow || return
	finish_guest
	ready 0 "$LAB_nvme0"
}
check "a device in use" in_use

# A user without rights, who asks the administrator: that is this shell, where sudo has nothing to do.
sudo() {
	"$@"
}
mkdir -m 755 /tmp/user
cp "$TENON" "$LAB_KERNEL" "$LAB_INITRD" /tmp/user/
chmod -R a+rX /tmp/user
node=/dev/vfio/devices/$(ls "/sys/bus/pci/devices/$LAB_nvme0/vfio-dev")
chmod 600 /dev/kvm /dev/iommu "$node"
unprivileged() {
	local as=(setpriv --reuid 65534 --regid 65534 --clear-groups) PATH=/tmp/user:$PATH TENON=/tmp/user/tenon
	local LAB_KERNEL=/tmp/user/${LAB_KERNEL##*/} LAB_INITRD=/tmp/user/${LAB_INITRD##*/}
	ulimit -l 65536
	remedied access "$LAB_nvme0" --memory 512M --kernel "$LAB_KERNEL" --initrd "$LAB_INITRD" --device "$LAB_nvme0" &&
		guest_as nvme --device "$LAB_nvme0"
}
check "a user who may open nothing, and the guest runs" unprivileged

# Only root takes it from its driver; done by hand, the same options do.
unprivileged_managed() {
	local as=(env -u XDG_RUNTIME_DIR setpriv --reuid 65534 --regid 65534 --clear-groups) PATH=/tmp/user:$PATH TENON=/tmp/user/tenon
	local LAB_KERNEL=/tmp/user/${LAB_KERNEL##*/} LAB_INITRD=/tmp/user/${LAB_INITRD##*/}
	tests/lab/bind "$LAB_nvme0" host
	ulimit -l unlimited
	finds 2 driver "$LAB_nvme0" --memory 512M --kernel "$LAB_KERNEL" --initrd "$LAB_INITRD" --device "$LAB_nvme0,managed=yes" &&
		heeded --memory 512M --kernel "$LAB_KERNEL" --initrd "$LAB_INITRD" --device "$LAB_nvme0,managed=yes" &&
		guest_as nvme --device "$LAB_nvme0,managed=yes"
}
check "a device to be taken, of a user who may not, and the guest runs" unprivileged_managed

# What takes effect by what is typed differently, not by a command.
check "no such device" finds 2 device guest 0000:7f:00.0
check "files that are not there" finds 2 boot-files guest --memory 512M --kernel /nowhere --device "$LAB_nvme0"
too_much() {
	finds 2 plan guest "${kernel[@]:2}" --memory 64G --device "$LAB_nvme0" || return
	# shellcheck disable=SC2046
	ready 0 "${kernel[@]:2}" $(says '--memory [0-9]*[MG]') --device "$LAB_nvme0"
}
check "more memory than there is" too_much

no_container() {
	mv /dev/vfio/vfio /tmp/vfio
	finds 2 node "$LAB_nvme0" --backend group "$LAB_nvme0"
	local result=$?
	mv /tmp/vfio /dev/vfio/vfio
	return $result
}
check "no container" no_container
usage() {
	tenon check --josn "$LAB_nvme0"
	(($? == 64)) || complain "the exit code is not 64"
}
check "a wrong option has an exit code of its own" usage
check "what a launch says is what check says" bash -c '
	tests/lab/bind "$LAB_nvme0" host
	tenon check --json '"${kernel[*]}"' --device "$LAB_nvme0" | jq -r ".findings[].what" >/tmp/check
	tenon run '"${kernel[*]}"' --device "$LAB_nvme0" 2>&1 >/dev/null | sed -n "s/^tenon: error: //p" | diff - /tmp/check'
