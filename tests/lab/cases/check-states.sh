#!/bin/bash
# tenon check: what is found of how devices and files are, provoked; what it says is typed, and then the guest runs.
# devices: nvme edu,shared=one rtl8139,shared=one nvme,sriov_max_vfs=2 e1000e
# memory: 2G
# limit: 400
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

# Its port leads elsewhere for a while, so that all of its configuration space reads as ones.
dead() {
	local port secondary
	tests/lab/bind "$LAB_nvme0" none
	port=$(above "$LAB_nvme0")
	secondary=$(setpci -s "$port" SECONDARY_BUS)
	setpci -s "$port" SECONDARY_BUS=fe
	finds 2 dead "$LAB_nvme0" "$LAB_nvme0" || return
	setpci -s "$port" SECONDARY_BUS="$secondary"
	follow && ready 0 "$LAB_nvme0"
}
check "a device that does not answer" dead
check "and the guest runs" guest nvme --device "$LAB_nvme0"

bridge() {
	finds 2 bridge "$(above "$LAB_nvme0")" "$(above "$LAB_nvme0")" && follow
}
check "a bridge" bridge

host_bridge() {
	finds 2 bridge 0000:00:00.0 0000:00:00.0 || return
	jq -r '.findings[].what' $answer | grep -q "the host's bridge" && follow
}
check "the host's own bridge" host_bridge

absent() {
	finds 2 device guest 0000:7f:00.0 && follow
}
check "no such device" absent

request() {
	finds 2 request "$LAB_nvme0" "${kernel[@]}" --device "$LAB_nvme0,noiommu=unsafe" || return
	[[ $(says 'leave noiommu=unsafe out') ]] && ready 0 "${kernel[@]}" --device "$LAB_nvme0"
}
check "a device that is asked for without its IOMMU" request

# It has no reset of its own; together they have that of their bus.
reset_together() {
	tests/lab/bind "$LAB_edu0" && tests/lab/bind "$LAB_rtl8139_0" || return
	finds 1 reset "$LAB_rtl8139_0" "${kernel[@]}" --device "$LAB_rtl8139_0" || return
	# shellcheck disable=SC2046
	ready 0 "${kernel[@]}" $(says '--device [0-9a-f:.]* --device [0-9a-f:.]*')
}
check "a device that only its bus could reset, with another" reset_together
check "and the guest runs" guest edu --device "$LAB_edu0" --device "$LAB_rtl8139_0"

# The driver of the physical function goes, and the virtual one stays.
physical_function() {
	tests/lab/nvme-secondary "$LAB_nvme1" prepare
	make_vfs "$LAB_nvme1" 1
	tests/lab/bind "$vfs"
	tests/lab/bind "$LAB_nvme1" none
	finds 1 physfn "$vfs" "$vfs" && follow && ready 0 "$vfs" || return
	tests/lab/nvme-secondary "$LAB_nvme1" online 1
}
check "a physical function without a driver" physical_function
check "and the guest runs" guest nvme --device "$vfs"

too_much() {
	local total less
	total=$(awk '/^MemTotal:/ { print int($2 / 2048) * 2 - 16 }' /proc/meminfo)
	finds 1 memory guest "${kernel[@]:2}" --memory "${total}M" --device "$LAB_nvme0" || return
	less=$(says '--memory [0-9]*M') || complain "it does not say how much there could be" || return
	# shellcheck disable=SC2086
	ready 0 "${kernel[@]:2}" $less --device "$LAB_nvme0"
}
check "more memory than is available" too_much

rom() {
	head -c 1000 /dev/zero >/tmp/none.rom
	finds 2 rom guest "${kernel[@]}" --device "$LAB_nvme0,rom=/tmp/none.rom" || return
	# shellcheck disable=SC2046
	ready 0 "${kernel[@]}" $(says "--device $LAB_nvme0,rom=off")
}
check "an expansion ROM that is none" rom

disk() {
	finds 2 disk guest "${kernel[@]}" --disk /tmp/disk.img || return
	eval "$(says 'truncate -s 10G /tmp/disk.img')" && ready 0 "${kernel[@]}" --disk /tmp/disk.img
}
check "a disk that is not there" disk

# A control group that lets nobody open the IOMMU.
denied() {
	local group=/tmp/devices/closed
	mkdir -p /tmp/devices && mount -t cgroup -o devices none /tmp/devices && mkdir $group || return
	echo "c $(printf '%d:%d' $(stat -c '0x%t 0x%T' /dev/iommu)) rwm" >$group/devices.deny
	echo $BASHPID >$group/cgroup.procs
	finds 2 access host "$LAB_nvme0"
	local result=$?
	says 'DeviceAllow=/dev/iommu rw' || result=1
	echo $BASHPID >/tmp/devices/cgroup.procs
	((result == 0)) && ready 0 "$LAB_nvme0"
}
check "a control group that does not allow a node" denied
