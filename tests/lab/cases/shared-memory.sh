#!/bin/bash
# A BAR of 8 GiB: guest and host write and read each other's words, all over it.
# devices: ivshmem,size=8G
# limit: 120

. tests/lab/cases/lib.sh
size=$((8 << 30))
theirs="$((64 << 20)) $((3 << 30)) $((7 << 30))"
piece=$((64 * 1024))

# on_host fill|check SEED PLACE...: by the host, while nobody has the device
on_host() {
	local place
	tests/lab/bind "$LAB_ivshmem0" none
	echo 1 >"/sys/bus/pci/devices/$LAB_ivshmem0/enable"
	for place in "${@:3}"; do
		build/lab/bar "$LAB_ivshmem0" 2 "$1" "$place" "$piece" "$2" || return
	done
	echo 0 >"/sys/bus/pci/devices/$LAB_ivshmem0/enable"
	tests/lab/bind "$LAB_ivshmem0"
}

on_host fill 2 $theirs
bind_all
check "the guest uses the whole BAR" guest shared-memory --device "$LAB_ivshmem0" --timing \
	--cmdline "console=ttyS0 quiet lab.test=shared-memory lab.size=$size lab.theirs=${theirs// /,}"
check "the host finds what the guest wrote" on_host check 1 0 $((size / 2)) $((size - piece))
