#!/bin/bash
# Devices as functions of one guest slot: all found, their drivers at work at once, two on one interrupt line; what shares a
# slot leaves together when the host wants one of them back.
# devices: nvme,shared=a e1000e,shared=a edu,shared=b edu,shared=b
# limit: 240

. tests/lab/cases/lib.sh
bind_all

# Not the numbers that they have on the host.
places=(--device "$LAB_nvme0,slot=3.1" --device "$LAB_e1000e0,slot=3.0"
	--device "$LAB_edu0,slot=5.1" --device "$LAB_edu1,slot=5.0")

both_leave() {
	start_guest "functions lab.leave=yes" --cpus 2 "${places[@]}"
	guest_says 'TENON-GUEST at work' 90 || return
	timeout 60 sh -c "echo $LAB_nvme0 >/sys/bus/pci/drivers/vfio-pci/unbind" || complain "unbind did not return" || {
		kill -KILL "$guest_process"
		finish_guest
		return 1
	}
	finish_guest
	guest_went_well $? || return
	grep -q "$LAB_e1000e0, $LAB_nvme0: the guest let go of it; given back" "$output" ||
		complain "tenon did not say that both were given back"
}

no_function_0() {
	"$TENON" plan --kernel "$LAB_KERNEL" --device "$LAB_edu0,slot=3.1" >"$output" 2>&1
	cat "$output"
	grep -q "function 1 of slot 3, which has no function 0" "$output"
}

# The disk first, of which the guest hears with the network card.
come_one_by_one() {
	start_guest "functions lab.wait=yes" --name lab --cpus 2 --hotplug-slots 1 "${places[@]:4}"
	guest_says 'waits for a device' 90 || return
	ctl add "$LAB_nvme0,slot=1.1" || return
	sleep 8
	! grep -q 'TENON-GUEST header' "$output" || complain "the guest found a device without its function 0" || return
	ctl add "$LAB_e1000e0,slot=1.0" || return
	finish_guest
	guest_went_well $?
}

check "all are found and at work" guest functions --cpus 2 "${places[@]}"
check "one that comes while the guest runs" come_one_by_one
check "those of one slot leave together" both_leave
bind_all
check "a slot without a function 0 is refused" no_function_0
