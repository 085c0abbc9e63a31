#!/bin/bash
# Guest memory of huge pages: mapped as such for the processor and the IOMMU, and refused in words where the pool is short.
# devices: nvme
# limit: 180

. tests/lab/cases/lib.sh
bind_all
pool=/sys/kernel/mm/hugepages/hugepages-2048kB

refused() {
	local text=$1
	shift
	"$TENON" run --kernel "$LAB_KERNEL" --initrd "$LAB_INITRD" --serial none --device "$LAB_nvme0" "$@" >"$output" 2>&1 &&
		complain "it ran" && return 1
	cat "$output"
	grep -qE "$text" "$output" || complain "no '$text'"
}

# What the remedy says is done.
fill_pool() {
	local command
	command=$(sed -n 's/.*remedy: \(echo [0-9]* > [^;]*\);.*/\1/p' "$output")
	echo "the remedy: $command"
	eval "$command"
	(($(cat $pool/free_hugepages) == 256)) || complain "the pool has $(cat $pool/free_hugepages) free pages"
}

# run_with OPTION...: the time that mapping took is in $mapped; the page size, what is pinned and what the pool had left as well
run_with() {
	start_guest nvme --timing --device "$LAB_nvme0" "$@"
	guest_says 'TENON-GUEST init' 60 || return
	page=$(awk '/^KernelPageSize:/ { page = $2 } /memfd:tenon-ram/ { seen = 1 }
		seen && /^KernelPageSize:/ { print $2; exit }' "/proc/$guest_process/smaps")
	pinned=$(awk '/^VmPin:/ { print $2 }' "/proc/$guest_process/status")
	left=$(cat $pool/free_hugepages)
	finish_guest
	guest_went_well $? || return
	mapped=$(sed -n 's/^timing map_ms \(.*\)/\1 ms/p' "$output")
	echo "pages of $page KiB, $pinned KiB pinned, mapped in $mapped, $left pages left in the pool"
}

huge() {
	run_with --hugepages 2M || return
	((page == 2048)) || complain "pages of $page KiB"
	((left == 0)) || complain "$left pages left in the pool"
	((pinned == 512 * 1024)) || complain "$pinned KiB pinned"
	(($(cat $pool/free_hugepages) == 256)) || complain "not given back"
}

ordinary() {
	run_with
	((page == 4)) || complain "pages of $page KiB"
	((left == 256)) || complain "$left pages left in the pool"
}

check "a pool without enough of them" refused "memory of 512 MiB takes 256 huge pages of 2 MiB: 0 of the host's 0 are free" \
	--hugepages 2M
check "the remedy helps" fill_pool
check "memory that is not a multiple" refused "not a multiple of 1 GiB|no huge pages of 1 GiB" --hugepages 1G
check "a guest in huge pages" huge
check "a guest in ordinary pages" ordinary
