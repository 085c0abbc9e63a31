#!/bin/bash
# A guest with a passed-through NVMe disk in pages of 1 GiB, which the host's IOMMU and KVM can map whole.
# devices: nvme
# memory: 6G
# kernel-parameters: hugepagesz=1G hugepages=2
# limit: 200

. tests/lab/cases/lib.sh
bind_all
pool=/sys/kernel/mm/hugepages/hugepages-1048576kB

[[ -d $pool && $(<$pool/nr_hugepages) == 2 ]] || {
	skip "pages of 1 GiB" "the emulated processor has no such pages, or the host no room for two"
	exit
}

# Guest address, place in the file and address in the process agree modulo 1 GiB.
congruent() {
	local map start
	start_guest nvme --timing --memory 2G --hugepages 1G --device "$LAB_nvme0"
	guest_says 'TENON-GUEST init' 60 || return
	map=$(grep memfd:tenon-ram "/proc/$guest_process/maps")
	pages=$(grep -A 30 memfd:tenon-ram "/proc/$guest_process/smaps" | sed -n 's/^KernelPageSize: *//p' | head -n 1)
	free=$(<$pool/free_hugepages)
	finish_guest
	guest_went_well $? || return
	echo "$map, pages of $pages, $free free, $(grep ioas-maps "$output")"
	start=${map%%-*}
	((16#$start % (1 << 30) == 0)) || complain "it begins at 0x$start" || return
	[[ $pages == "1048576 kB" ]] || complain "its pages are of $pages" || return
	((free == 0)) || complain "$free pages of the pool are free" || return
	grep -q '^timing ioas-maps 1$' "$output" || complain "it was not mapped in one piece"
}

refused() {
	"$TENON" plan --kernel "$LAB_KERNEL" --device "$LAB_nvme0" "$@" >"$output" 2>&1 && complain "it was planned" && return 1
	cat "$output"
	grep -q 'huge pages of 1 GiB: 2 of the host.s 2 are free\|not a multiple of 1 GiB' "$output"
}

check "a disk that is passed through" congruent
check "more pages than there are" refused --memory 3G --hugepages 1G
check "a part of a page" refused --memory 1536M --hugepages 1G
check "they are given back" test "$(<$pool/free_hugepages)" -eq 2
