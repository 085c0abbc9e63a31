#!/bin/bash
# tenon check: what somebody else has already, and what this process may not have. It is seen before a launch would fail by it; what
# is said is typed, and then the guest runs.
# devices: nvme nvme
# nodes: 2
# limit: 300
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

# Another guest, with whatever a second one could want.
start_other() {
	mke2fs -q -t ext4 /dev/nvme0n1 && truncate -s 16M /tmp/disk.img && ip tuntap add tap0 mode tap && ip link set tap0 up || return
	start_guest sleep --memory 256M --name other --disk /tmp/disk.img --net tap0 --vsock 5 --console /tmp/console
	guest_says "TENON-GUEST init" 60
}

# options PATTERN ARGUMENT...: with the options that check says instead of those before it is ready
options() {
	local instead
	instead=$(says "$1") || complain "it does not say what else" || return
	# shellcheck disable=SC2086
	ready 0 "${kernel[@]}" $instead
}

address() {
	finds 2 vsock guest "${kernel[@]}" --vsock 5 && options '--vsock [0-9]*' && guest none --vsock 6
}

socket() {
	finds 2 place guest "${kernel[@]}" --console /tmp/console || return
	ready 0 "${kernel[@]}" --console "$(says '/tmp/console[^ ]*')"
}

# Down as well, of which the kernel says nothing.
tap() {
	finds 2 network guest "${kernel[@]}" --net tap0 && ip link set tap0 down && finds 2 network guest "${kernel[@]}" --net tap0 &&
		ip link set tap0 up && [[ $(says 'tenon ctl other shutdown') ]]
}

disk() {
	finds 2 disk guest "${kernel[@]}" --disk /tmp/disk.img && follow || return
	wait "$guest_process"
	kill "$tail_process"
	ready 0 "${kernel[@]}" --disk /tmp/disk.img --net tap0 --vsock 5 --console /tmp/console
}

twice() {
	ln /tmp/disk.img /tmp/same.img
	finds 2 disk guest "${kernel[@]}" --disk /tmp/disk.img --disk /tmp/same.img || return
	ready 0 "${kernel[@]}" --disk /tmp/disk.img,readonly=yes --disk /tmp/same.img,readonly=yes
}

mounted() {
	mkdir -p /tmp/mounted && mount /dev/nvme0n1 /tmp/mounted && remedied disk guest "${kernel[@]}" --disk /dev/nvme0n1
}

no_io_uring() {
	echo 2 >/proc/sys/kernel/io_uring_disabled
	finds 2 io-uring host "${kernel[@]}" && follow && ready 0 "${kernel[@]}"
}

# in_group NAME CONTROLLER FILE VALUE COMMAND...: this shell is in a control group while COMMAND runs
in_group() {
	local groups=/sys/fs/cgroup result
	mountpoint -q $groups || mount -t cgroup2 none $groups || return
	echo "+$2" >$groups/cgroup.subtree_control && mkdir -p "$groups/$1" && echo "$4" >"$groups/$1/$3" &&
		echo $BASHPID >"$groups/$1/cgroup.procs" || return
	"${@:5}"
	result=$?
	echo $BASHPID >$groups/cgroup.procs
	return $result
}

# In a control group that has less than the guest.
little_memory() {
	tests/lab/bind "$LAB_nvme1" && in_group little memory memory.max 128M remedied memory guest "${kernel[@]}" --device "$LAB_nvme1"
}

remedied_and_run() {
	remedied cpuset guest "${kernel[@]}" "$@" && guest none "$@"
}

# The lower limit, which a shell has, is for other programs.
descriptors() {
	ulimit -Sn 64
	start_guest sleep --memory 256M --cpus 4
	guest_says "TENON-GUEST init" 60 && grep 'open files' "/proc/$guest_process/limits" || return
	[[ $(awk '/open files/ { print ($4 == $5) }' "/proc/$guest_process/limits") == 1 ]] || complain "it has the lower limit" || return
	end_guest KILL 137
}

start_other || exit
check "an address for sockets that another guest has, and the guest runs" address
check "a console's socket that another guest has" socket
check "a tap device that another guest has" tap
check "a disk that another guest has" disk
check "and the guest runs" guest none --disk /tmp/disk.img --net tap0 --vsock 5 --console /tmp/console
check "one disk by two names" twice
check "a disk that is mounted" mounted
check "no io_uring, and the guest runs" no_io_uring
check "and the guest runs" guest none
check "a control group with too little memory" little_memory
check "and the guest runs" guest nvme --device "$LAB_nvme1"
check "a control group without the CPU that is pinned to, and the guest runs" in_group few cpuset cpuset.cpus 0 remedied_and_run --pin 1
check "a control group without the memory's node, and the guest runs" in_group near cpuset cpuset.mems 0 remedied_and_run --numa-node 1
check "more descriptors than the lower limit" descriptors
