#!/bin/bash
# A guest's own NUMA nodes from those of the host, devices near them, and vCPUs that are pinned.
# devices: nvme nvme
# nodes: 2
# limit: 180
# once: yes

. tests/lab/cases/lib.sh
bind_all
nodes=(--memory 768M --cpus 4,sockets=2 --numa 256M,cpus=0-1,host-node=1,distances="10 31" --numa 512M,cpus=2-3,host-node=0)

near() {
	echo "$2" >"/sys/bus/pci/devices/$(address "$1")/numa_node"
}

says() {
	grep -q -- "^TENON-GUEST $1" "$output" || complain "the guest did not say '$1'"
}

two_nodes() {
	near nvme0 1
	guest numa "${nodes[@]}" --device "$LAB_nvme0" || return
	says 'node0: cpus 0-1 memory 2[0-9][0-9] MiB distances 10 31' || return
	says 'node1: cpus 2-3 memory [45][0-9][0-9] MiB distances 20 10' || return
	says 'nvme0 is near node 0'
}

# Memory that the devices pinned, in pages of 4 KiB.
from_the_host_nodes() {
	local map
	start_guest sleep "${nodes[@]}" --device "$LAB_nvme0" --cmdline "console=ttyS0 quiet lab.test=sleep"
	guest_says 'TENON-GUEST init' 60 || return
	map=$(grep memfd:tenon-ram "/proc/$guest_process/numa_maps")
	end_guest KILL 137
	echo "$map"
	grep -q 'bind:1 .*N1=65536 ' <<<"$map" || grep -q 'bind:1 .*N1=128 ' <<<"$map" || complain "no 256 MiB of node 1" || return
	grep -q 'bind:0 .*N0=131072 ' <<<"$map" || grep -q 'bind:0 .*N0=256 ' <<<"$map" || complain "no 512 MiB of node 0"
}

# Of a thread, by its name: where it may run.
runs_on() {
	local task
	for task in /proc/"$guest_process"/task/*; do
		[[ $(<"$task/comm") != "$1" ]] || sed -n 's/^Cpus_allowed_list:\t//p' "$task/status"
	done
}

pinned() {
	start_guest sleep --cpus 3 --pin "0:1 2:0" --emulator-pin 1 --cmdline "console=ttyS0 quiet lab.test=sleep"
	guest_says 'TENON-GUEST init' 60 || return
	local all="$(runs_on vcpu0) $(runs_on vcpu1) $(runs_on vcpu2) $(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$guest_process/status")"
	end_guest KILL 137
	[[ $all == "1 0-1 0 1" ]] || complain "they run on: $all"
}

refused() {
	"$TENON" plan --kernel "$LAB_KERNEL" "${@:2}" >"$output" 2>&1 && complain "it was planned" && return 1
	cat "$output"
	grep -qF "$1" "$output" || complain "no '$1'"
}

# The guest of configs/numa.yaml, on this small host.
sample() {
	near nvme0 1
	KERNEL=$LAB_KERNEL INITRD=$LAB_INITRD NIC=$LAB_nvme0 CPUS0=0 CPUS1=1 MEMORY=1G HALF=512M "$TENON" run configs/numa.yaml \
		--cmdline "console=ttyS0 quiet lab.test=numa" </dev/null 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}" || return
	says 'node1: cpus 8-15 memory [45][0-9][0-9] MiB distances 21 10' || return
	says 'nvme0 is near node 1'
}

check "two nodes" two_nodes
check "two nodes, from a file" sample
check "memory from the host's nodes" from_the_host_nodes
check "vCPUs and the rest are pinned" pinned
check "a CPU that is not there" refused "this host has no CPU 7" --pin 7
check "a node that is not there" refused "this host has no NUMA node 3" --numa 512M,cpus=0,host-node=3
