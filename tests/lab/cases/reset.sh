#!/bin/bash
# Resets: two functions of one slot that have none of their own and are reset by their bus; what is in the way of that; and a
# guest that resets its devices itself, and puts them to sleep.
# devices: edu,shared=a edu,shared=a nvme e1000e
# limit: 360

. tests/lab/cases/lib.sh

# What a guest must not be started with, and what tenon says of it when it is.
unreset="without a reset: $LAB_edu0: has no reset of its own"

# bus_resets: how often the main thread of the latest traced guest reset a bus; a container has another call of that number
bus_resets() {
	grep 'VFIO_DEVICE_PCI_HOT_RESET.* = 0$' /tmp/trace | grep -cv '</dev/vfio/vfio>'
}

# traced TEST OPTION...: a guest whose ioctls are counted; those of the vCPUs are not, they would take all day
traced() {
	set_command "$@"
	strace -y -o /tmp/trace -e trace=ioctl "${command[@]}" </dev/null 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}"
}

# both BACKEND BOOTS: once for each at attach, once for both when the guest restarts, once for both at the end. The disk counts
# the boots, over guests too.
both() {
	traced edu,reboot --backend "$1" --device "$LAB_edu0" --device "$LAB_edu1" --device "$LAB_nvme0" \
		--cmdline "console=ttyS0 quiet lab.test=edu,reboot lab.boots=$2" || return
	(($(grep -c '^TENON-GUEST boot' "$output") == 2)) || complain "the guest did not boot twice" || return
	(($(grep -c '^TENON-GUEST edu: registers work' "$output") == 4)) || complain "not both devices at both boots" || return
	(($(bus_resets) == 4)) || complain "$(bus_resets) resets of the bus, not 4" || return
	! grep "$unreset" "$output" || complain "it was started without a reset"
}

# The other one is on vfio-pci and nobody's; it is in the same IOMMU group, so nobody else can have it.
one_and_nobody() {
	traced edu --device "$LAB_edu0" || return
	(($(bus_resets) == 2)) || complain "$(bus_resets) resets of the bus, not 2" || return
	! grep "$unreset" "$output" || complain "it was started without a reset"
}

# The kernel resets a bus only when all of it is on vfio-pci. The guest runs all the same.
one_and_no_driver() {
	tests/lab/bind "$LAB_edu1" none
	traced edu --device "$LAB_edu0" || return
	(($(bus_resets) == 0)) || complain "$(bus_resets) resets of the bus, not 0" || return
	grep -q "$unreset, and a reset of its bus would hit $LAB_edu1 (no driver)" "$output" ||
		complain "it is not said that $LAB_edu1 is in the way" || return
	grep -q "bind $LAB_edu1 to vfio-pci" "$output" || complain "nor what to do"
}

bind_all
if command -v strace >/dev/null; then
	check "a restart resets the bus of two functions" both cdev 2
	check "by their group, whose descriptor is the proof" both group 4
	check "one of them alone" one_and_nobody
	check "what is in the way is named" one_and_no_driver
else
	skip "resets of a bus" "strace is not installed"
fi
check "the guest resets its disk and its network card" guest "reset lab.methods=flr,pm" \
	--device "$LAB_nvme0" --device "$LAB_e1000e0"
