#!/bin/bash
# The sandbox: what it forbids, what becomes of a guest whose process tries it, devices given back when that is killed; and
# whether its table of system calls has all that guests' processes make, and nothing that none of them makes.
# devices: nvme nvme
# memory: 2G
# limit: 500

. tests/lab/cases/lib.sh

# keeper: the process beside tenon's
keeper() { pgrep -P "$guest_process"; }

begin() {
	start_guest endless-io --name lab --device "$LAB_nvme0,managed=yes"
	guest_says 'round 2' 90
}

ended() {
	local status
	finish_guest
	status=$?
	((status == $1)) || complain "tenon's exit code is $status, not $1" || return
	wait_for 20 has_driver "$LAB_nvme0" nvme || return
	[[ ! -e /run/tenon/lab.sock ]] || complain "the control socket is there still"
}

what_is_forbidden() {
	local task result=0
	begin || return
	for task in "/proc/$guest_process/task"/*; do
		grep -q '^Seccomp:.2$' "$task/status" || complain "$(<"$task/comm"): no filter" || result=1
		grep -q '^NoNewPrivs:.1$' "$task/status" || complain "$(<"$task/comm"): new privileges" || result=1
		grep -q '^CapEff:.0000000000004000$' "$task/status" || complain "$(<"$task/comm"): capabilities" || result=1
		[[ -z $(ls -A "$task/root/") ]] || complain "$(<"$task/comm"): there are files" || result=1
		[[ $(readlink "$task/ns/net") != $(readlink /proc/self/ns/net) ]] || complain "$(<"$task/comm"): a network" || result=1
	done
	find "/proc/$(keeper)/fd" -lname '/dev/vfio/*' -o -lname '*kvm*' | grep . && complain "the keeper has devices open" && result=1
	kill -HUP "$guest_process"
	ended 129 && return $result
}

# A system call becomes another one on its way, which is not in the table.
violation() {
	begin || return
	strace -qq -e trace=accept4 -e inject=accept4:error=EINVAL:syscall=getuid -o /dev/null -p "$guest_process" &
	sleep 1
	ctl status
	ended 1 || return
	grep 'tenon: error: the sandbox stopped thread tenon at system call getuid (number 102), which is not among those of the main thread' "$output"
}

killed() {
	begin || return
	kill -"$1" "$guest_process"
	ended "$2"
}

# traced NAME TEST OPTION...: a guest without sandbox, whose process's calls are written down
traced() {
	local name=$1
	shift
	set_command "$@" --sandbox off --name lab
	command=(strace -f -X raw -e signal=none -o "/tmp/trace-$name" "${command[@]}")
}

ran() {
	traced "$@"
	"${command[@]}" </dev/null 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}"
}

# The guest of what failed must not be in the way of the next.
abandon() {
	kill -KILL "$guest_process"
	finish_guest
	return 1
}

has_not() { ! ctl info | grep -q "$1"; }

hotplugged() {
	traced "$1" hotplug --cpus 2 --hotplug-slots 2 "${@:2}"
	start_command
	guest_says 'waits for a disk' 120 || return
	ctl add "$LAB_nvme0,id=disk" || abandon || return
	guest_says 'cycle 1: at work' 120 || return
	ctl pause && ctl resume && ctl info && ctl remove disk || abandon || return
	finish_guest
	guest_went_well $?
}

hotplugged_virtio() {
	local loop cycle
	loop=$(losetup --find --show /tmp/block.img) || return
	traced virtio "hotplug-virtio lab.cycles=2" --cpus 2 --hotplug-slots 3
	start_command
	guest_says 'waits for devices' 120 || return
	for cycle in 1 2; do
		ctl add --disk "$( ((cycle == 1)) && echo /tmp/disk.img || echo "$loop"),id=data" && ctl add --net "tap2,id=wire,vhost=$( ((cycle == 1)) && echo on || echo off)" || abandon || return
		((cycle == 2)) || ctl add --vsock 7,id=sockets || abandon || return
		guest_says "cycle $cycle: at work" 120 || return
		ctl remove data && ctl remove wire || abandon || return
		guest_says "cycle $cycle: all are gone" 120 || return
		wait_for 20 has_not 'data\|wire' || abandon || return
	done
	finish_guest
	guest_went_well $?
}

table() {
	local result=0
	tests/lab/bind "$LAB_nvme0" && tests/lab/bind "$LAB_nvme1" || return
	truncate -s 64M /tmp/disk.img /tmp/block.img
	ip tuntap add tap0 mode tap multi_queue && ip tuntap add tap1 mode tap multi_queue || return
	mkfs.ext4 -q -F /tmp/disk.img
	ran reboot reboot --cpus 2 --device "$LAB_nvme0" --device "$LAB_nvme1" --disk /tmp/disk.img --rng host --vsock 5 \
		--net tap0,queues=2,vhost=on --net tap1,queues=2,vhost=off --p2p on \
		--cmdline "console=ttyS0 quiet lab.test=reboot lab.boots=2" || result=1
	ran disk disk --disk /tmp/disk.img || result=1
	ip tuntap add tap2 mode tap && ip addr add 10.9.0.1/24 dev tap2 && ip link set tap2 up
	hotplugged_virtio || result=1
	hotplugged cdev || result=1
	hotplugged group --backend group || result=1
	tests/lab/tiny-kernel /tmp/tiny b8 00 00 00 70 ff e0
	strace -f -X raw -o /tmp/trace-dump "$TENON" run --sandbox off --memory 64M --kernel /tmp/tiny --serial none
	build/vmm/tables calls >/tmp/table
	tests/lab/sandbox-calls /tmp/table /tmp/trace-* || result=1
	return $result
}

tests/lab/bind "$LAB_nvme0" host
check "what is forbidden" what_is_forbidden
check "a call that is not in the table" violation
check "SIGKILL" killed KILL 137
check "SIGSEGV" killed SEGV 139
check "the table has all calls that are made, and no other" table
