#!/bin/bash
# Devices by their IOMMU groups and a container, as on a kernel without device cdevs; the two ways do not mix in a group.
# devices: nvme e1000e edu,shared=one rtl8139,shared=one
# limit: 400

. tests/lab/cases/lib.sh
bind_all
both=(--backend group --device "$LAB_nvme0" --device "$LAB_e1000e0")

# Pages are counted for the process; in one container once, whatever the number of groups.
pinned_once() {
	local memory=$((512 * 1024)) locked
	start_guest multi --cpus 2 "${both[@]}"
	guest_says 'TENON-GUEST init' 60 || return
	locked=$(awk '/^VmLck:/ { print $2 }' "/proc/$guest_process/status")
	echo "locked: $locked KiB of $memory"
	if holders | grep -q iommu; then
		complain "there is an iommufd"
	fi
	((locked >= memory * 9 / 10 && locked <= memory * 11 / 10)) || complain "not mapped once"
}

at_work() {
	finish_guest
	guest_went_well $?
}

one_restart() {
	guest reboot --backend group --device "$LAB_nvme0" --cmdline "console=ttyS0 quiet lab.test=reboot lab.boots=2" || return
	[[ $(grep -c '^TENON-GUEST boot' "$output") -eq 2 ]] || complain "the guest did not boot twice"
}

killed() {
	local before
	before=$(host_state)
	start_guest endless-io "${both[@]}"
	guest_says 'round 2' 90
	end_guest KILL 137 || return
	as_before "$before"
}

# refused_while HOLDER-BACKEND HOLDER-DEVICE BACKEND DEVICE TEXT: a guest that has one function of a group; another way to
# a function of it is refused, and TEXT (a pattern) is why
refused_while() {
	local held result=0
	start_guest endless-io --backend "$1" --device "$LAB_nvme0" --device "$2"
	held=$guest_process
	guest_says 'TENON-GUEST init' 60 || return
	timeout 30 "$TENON" run --memory 512M --kernel "$LAB_KERNEL" --initrd "$LAB_INITRD" --serial none --backend "$3" \
		--device "$4" </dev/null >/tmp/second 2>&1 && result=1
	sed 's/^/  /' /tmp/second
	grep -qE -- "error: $4.*$5" /tmp/second && grep -q '^tenon: remedy: ' /tmp/second || result=1
	guest_process=$held end_guest KILL 137 || return
	return $result
}

check "disk and network in one container" pinned_once
check "both at work at once" at_work
check "a restart" one_restart
check "SIGKILL leaves nothing behind" killed
check "both work after SIGKILL" guest multi --cpus 2 "${both[@]}"
check "INTx, and a group with two functions" guest edu --backend group --device "$LAB_edu0"
check "a cdev of the group is in use: no group" refused_while cdev "$LAB_edu0" group "$LAB_rtl8139_0" "tenon .*has $LAB_edu0, of the same IOMMU group"
check "the group is in use: no cdev of it" refused_while group "$LAB_edu0" cdev "$LAB_rtl8139_0" "in use by tenon.*/dev/vfio/"
check "the group is in use: not twice" refused_while group "$LAB_edu0" group "$LAB_rtl8139_0" "in use by tenon .*/dev/vfio/"
