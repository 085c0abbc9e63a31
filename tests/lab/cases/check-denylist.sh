#!/bin/bash
# tenon check of a device that vfio-pci refuses by its ids: the kernel is made to take a disk for one. It is found before and after
# the kernel has refused it; what check says is typed, and is for the next start of the host, which is the case check-denylist-after.
# devices: nvme
# limit: 120
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

refused() {
	tests/lab/set-ids "$LAB_nvme0" 8086:37c9 && lspci -n -s "$LAB_nvme0"
	finds 2 denylist "$LAB_nvme0" "$LAB_nvme0" || return
	"$TENON" bind "$LAB_nvme0" && complain "vfio-pci takes it" && return 1
	dmesg | grep -i denylist || complain "for another reason" || return
	finds 2 denylist "$LAB_nvme0" "$LAB_nvme0"
}

# Here vfio-pci is built in, and its parameter is read at boot. What GRUB's scripts would make of what is typed is what the other
# case's host is started with.
typed() {
	local words
	finds 2 denylist "$LAB_nvme0" "$LAB_nvme0" && mkdir -p /etc/default/grub.d && eval "$(says '^echo .*GRUB_CMDLINE_LINUX.*')" || return
	# shellcheck disable=SC1091
	words=$(GRUB_CMDLINE_LINUX= && . /etc/default/grub.d/tenon.cfg && xargs <<<"$GRUB_CMDLINE_LINUX")
	echo "the kernel's command line gets: $words"
	grep -qx "# kernel-parameters: $words" tests/lab/cases/check-denylist-after.sh || complain "the other case has other words"
}

managed() {
	set_command nvme --device "$LAB_nvme0,managed=yes"
	"${command[@]}" </dev/null >"$output" 2>&1 && complain "it runs" && return 1
	cat "$output"
	grep -q "^tenon: error: $LAB_nvme0: vfio-pci refuses a device with these ids, 8086:37c9" "$output" &&
		has_driver "$LAB_nvme0" nvme
}

check "a device that vfio-pci refuses" refused
check "what check says is typed" typed
check "a launch does not take it from its driver" managed
