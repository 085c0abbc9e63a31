#!/bin/bash
# Guest memory of one NUMA node, and memory that is there before the guest runs.
# devices: nvme
# nodes: 2
# limit: 180
# once: yes

. tests/lab/cases/lib.sh
bind_all

refused() {
	local text=$1
	shift
	"$TENON" plan --kernel "$LAB_KERNEL" --device "$LAB_nvme0" "$@" >"$output" 2>&1 && complain "it was planned" && return 1
	cat "$output"
	grep -qF "$text" "$output" || complain "no '$text'"
}

# run_with OPTION...: what of the memory is on which node while the guest runs, in pages of 4 KiB: $node0, $node1
run_with() {
	local map
	start_guest nvme --timing --device "$LAB_nvme0" "$@"
	guest_says 'TENON-GUEST init' 60 || return
	map=$(grep memfd:tenon-ram "/proc/$guest_process/numa_maps")
	finish_guest
	guest_went_well $? || return
	echo "$map"
	node0=$(sed -n 's/.* N0=\([0-9]*\).*/\1/p' <<<"$map")
	node1=$(sed -n 's/.* N1=\([0-9]*\).*/\1/p' <<<"$map")
	echo "kvm $(sed -n 's/^timing kvm_ms //p' "$output") ms, map $(sed -n 's/^timing map_ms //p' "$output") ms"
}

# on_node N OPTION...
on_node() {
	local pages other
	run_with --numa-node "$@" || return
	[[ $1 == 0 ]] && pages=${node0:-0} other=${node1:-0} || pages=${node1:-0} other=${node0:-0}
	((other == 0)) || complain "$other pages on the other node" || return
	((pages == 512 * 256 || pages == 256)) || complain "$pages pages on node $1"
}

present() {
	local kvm map
	run_with --prefault-threads 2 || return
	kvm=$(sed -n 's/^timing kvm_ms \([0-9]*\).*/\1/p' "$output")
	map=$(sed -n 's/^timing map_ms \([0-9]*\).*/\1/p' "$output")
	((map < kvm)) || complain "the memory was not there when it was mapped: $kvm ms, then $map ms"
}

check "a node that is not there" refused "this host has no NUMA node 5 with memory" --numa-node 5
check "which nodes there are" refused "one of 0-1" --numa-node 5
check "more than a node has" refused "memory of 3 GiB is more than NUMA node 1 has" --numa-node 1 --memory 3G
echo 256 >/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages
check "huge pages that the node does not have" refused "0 of NUMA node 1's 0 are free" --numa-node 1 --hugepages 2M
echo 0 >/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages
check "memory of node 0" on_node 0
check "memory of node 1" on_node 1 --prefault-threads 2
check "memory that is there before it is mapped" present
