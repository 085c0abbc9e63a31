#!/bin/bash
# Devices are taken from the host's drivers and given back: by bind and unbind, and after SIGKILL at every point by recover.
# devices: nvme edu,shared=a rtl8139,shared=a
# limit: 900
# once: yes

. tests/lab/cases/lib.sh
bdf=$LAB_nvme0
device=/sys/bus/pci/devices/$bdf
journal=/run/tenon/devices
echo auto >"$device/power/control"

# All that taking a device changes.
state() {
	host_state
	grep -H . /sys/bus/pci/devices/*/power/control
	find $journal -name '*:*' ! -name '*.lock' ! -name '*.new' 2>/dev/null
}
original=$(state)

taken() {
	"$TENON" bind "$bdf" | tee "$output"
	has_driver "$bdf" vfio-pci || complain "its driver is $(driver_of "$bdf")" || return
	grep -q "^$bdf: taken from nvme, given to vfio-pci$" "$output"
}

given_back() {
	"$TENON" unbind "$bdf" | tee "$output"
	grep -q "^$bdf: taken from vfio-pci, given back to nvme$" "$output" && as_before
}

# A child that the kernel still has may hold the device for a moment.
recovered() {
	local tries
	for ((tries = 0; tries < 150; tries++)); do
		"$TENON" recover >/tmp/recovered 2>&1 || complain "recover failed:" || { cat /tmp/recovered; return 1; }
		grep -q ' has it: left as it is' /tmp/recovered || return 0
		sleep 0.1
	done
	cat /tmp/recovered
	complain "somebody has it still"
}

# killed_at CALL NUMBER VERB: returns 0 when it was, 2 when it lived to its end
killed_at() {
	local status
	[[ $3 == bind ]] || "$TENON" bind "$bdf" >/dev/null || return 1
	{ strace -qq -o /dev/null -e trace="$1" -e inject="$1:signal=KILL:when=$2" "$TENON" "$3" "$bdf"; } >/tmp/killed 2>&1
	status=$?
	recovered || return 1
	# What a bind that came to its end, or an unbind that had not begun, leaves.
	[[ ! -e $journal/$bdf ]] || "$TENON" unbind "$bdf" >/dev/null || return 1
	as_before || complain "killed at $1 number $2 of $3" || return 1
	case $status in
	137) return 0 ;;
	0) return 2 ;;
	*) cat /tmp/killed && complain "$3 ended with $status" ;;
	esac
}

# killed_everywhere VERB: at every one of the calls that change something, or wait for a child that does
killed_everywhere() {
	local call number points=0
	for call in flock write renameat unlinkat clone wait4; do
		for ((number = 1; number < 60; number++)); do
			killed_at $call $number "$1"
			case $? in
			0) echo "  killed at $call number $number of $1" && ((++points)) ;;
			2) break ;;
			*) return 1 ;;
			esac
		done
	done
	echo "$points points of $1"
	((points > 12))
}

# A guest has it, and Linux in the guest takes 5 s to let go of it.
held() {
	"$TENON" bind "$bdf" || return
	start_guest endless-io --device "$bdf"
	guest_says 'round 3' 90 || return
	"$TENON" unbind --limit 2s "$bdf" 2>&1 | tee /tmp/held
	grep -q "tenon: error: $bdf: vfio-pci does not let go of it: tenon (pid $guest_process) has it open" /tmp/held ||
		complain "it does not say who has it" || return
	"$TENON" unbind "$bdf" 2>&1 | grep "$bdf: tenon unbind (pid [0-9]*) has it" || complain "the lock is not held" || return
	# The guest lets go of it, and then the kernel is done.
	recovered || return
	has_driver "$bdf" nvme || complain "its driver is $(driver_of "$bdf")" || return
	kill -KILL "$guest_process"
	finish_guest
	as_before
}

# refused TEXT: a bind fails with it, and nothing was touched
refused() {
	local status
	"$TENON" bind "$bdf" >/tmp/refused 2>&1
	status=$?
	cat /tmp/refused
	((status == 1)) || complain "bind ended with $status" || return
	grep -q "^tenon: error: .*$1" /tmp/refused && grep -q '^tenon: remedy: ' /tmp/refused || complain "it does not say: $1" || return
	as_before
}

# The journal's folder is full, or cannot be written.
full() {
	mount -t tmpfs -o size=4k,nr_inodes=20 tmpfs $journal
	chmod 700 $journal
	"$TENON" recover
	: >$journal/$bdf.lock
	head -c 8k /dev/zero >$journal/much 2>/dev/null
	refused "$bdf: what it is now cannot be written down in $journal: No space left on device"
}

read_only() {
	mount -o remount,ro $journal
	refused "$bdf: its lock $journal/$bdf.lock: Read-only file system"
	local status=$?
	umount $journal
	return $status
}

mounted() {
	local status
	mkfs.ext4 -q -F /dev/nvme0n1 && mkdir -p /tmp/mounted && mount -t ext4 /dev/nvme0n1 /tmp/mounted || return
	refused "$bdf: the host uses it: nvme0n1 is mounted on /tmp/mounted"
	status=$?
	umount /tmp/mounted
	return $status
}

# Two functions of one IOMMU group: which others are in the way, and both by one command.
group() {
	local status
	"$TENON" bind "$LAB_edu0" | tee /tmp/group
	grep -q "^$LAB_edu0: no guest can have it while $LAB_rtl8139_0, of the same IOMMU group" /tmp/group ||
		complain "it does not say who is in the way" || return
	"$TENON" bind --group "$LAB_edu0" | tee /tmp/group
	grep -q "^$LAB_rtl8139_0: taken from 8139" /tmp/group || complain "the other one was not taken" || return
	guest edu --device "$LAB_edu0"
	status=$?
	"$TENON" unbind "$LAB_edu0" "$LAB_rtl8139_0"
	((status == 0)) && as_before
}

# One of two cannot be taken: then neither is.
both_or_none() {
	"$TENON" bind "$bdf" 0000:77:00.0 2>&1 | tee /tmp/both
	grep -q '^tenon: error: 0000:77:00.0: no such PCI device' /tmp/both && as_before
}

network() {
	local interface status
	interface=$(basename /sys/bus/pci/devices/"$LAB_rtl8139_0"/net/*)
	ip addr add 10.9.0.2/24 dev "$interface" && ip link set "$interface" up && ip route add default via 10.9.0.1 || return
	bdf=$LAB_rtl8139_0 refused "$LAB_rtl8139_0: the host uses it: its default route is through $interface"
	status=$?
	"$TENON" bind --force "$LAB_rtl8139_0" && "$TENON" unbind "$LAB_rtl8139_0" || status=1
	return $status
}

check "taken" taken
check "a guest has it" guest nvme --device "$bdf"
check "given back" given_back
check "killed everywhere while taking it" killed_everywhere bind
check "killed everywhere while giving it back" killed_everywhere unbind
check "held by a guest" held
check "one that cannot be taken keeps the others" both_or_none
check "the others of its group" group
check "a card that the default route is through" network
check "a full journal" full
check "a journal that cannot be written" read_only
if grep -qw ext4 /proc/filesystems && command -v mkfs.ext4 >/dev/null; then
	check "a disk that the host has mounted" mounted
else
	skip "a disk that the host has mounted" "there is no ext4 here"
fi
