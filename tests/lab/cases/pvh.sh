#!/bin/bash
# A vmlinux, entered by PVH: with an initrd, memory above 4 GiB, a disk that is passed through, restarts; and files that are none.
# devices: nvme
# memory: 6G
# limit: 200
# once: yes

. tests/lab/cases/lib.sh
bind_all
kernel=/tmp/vmlinux
tests/lab/vmlinux "$LAB_KERNEL" $kernel || exit

# pvh TEST OPTION...
pvh() {
	guest "$@" --kernel $kernel
}

much_memory() {
	pvh none --memory 3G --hugepages off --cmdline "console=ttyS0 lab.test=none" || return
	grep -q 'BIOS-e820: \[mem 0x0000000100000000-0x000000013fffffff\] usable' "$output" || complain "no memory above 4 GiB"
}

restarts_by_pvh() {
	local boots
	pvh reboot --device "$LAB_nvme0" --cmdline "console=ttyS0 quiet lab.test=reboot lab.boots=3" || return
	boots=$(grep -c '^TENON-GUEST boot' "$output")
	((boots == 3)) || complain "the guest booted $boots times, not 3"
}

refused() {
	"$TENON" run --kernel "$2" --serial none >"$output" 2>&1 && complain "it ran" && return 1
	cat "$output"
	grep -qF "$1" "$output" || complain "no '$1'"
}

cut_off() {
	head -c 5M $kernel >/tmp/short
	refused truncated /tmp/short
}

check "a disk that is passed through" pvh nvme --device "$LAB_nvme0" --cpus 2
check "memory above 4 GiB" much_memory
check "restarts" restarts_by_pvh
check "a program" refused "not a kernel that can be started" /bin/busybox
check "a kernel that is cut off" cut_off
