#!/bin/bash
# A passed-through network card reports an error that cannot be corrected: tenon reports it, ends the guest, or removes it.
# devices: e1000e
# limit: 240

. tests/lab/cases/lib.sh

# inject: an uncorrectable, non-fatal error. The emulated card never sends one, so its root port does, which the host tells
# every driver below. The port's name is that of its slot (tests/lab/devices.py).
inject() {
	local port
	port=$(basename "$(dirname "$(realpath "/sys/bus/pci/devices/$LAB_e1000e0")")")
	port=${port##*:}
	tests/lab/monitor pcie_aer_inject_error "port-${port%.0}" COMP_ABORT
}

# has_error GUEST-TEST EXPECTED-STATUS OPTION...
has_error() {
	local test=$1 expected=$2 status
	start_guest "$test" "${@:3}" --device "$LAB_e1000e0"
	guest_says 'TENON-GUEST at work' 90 || return
	inject
	finish_guest
	status=$?
	((status == expected)) || complain "tenon's exit code is $status, not $expected" || return
	grep -q "^tenon: error: $LAB_e1000e0: it reported an error that cannot be corrected" "$output" ||
		complain "tenon did not report it"
}

reported() {
	has_error device-error 0 || return
	grep -q '^TENON-GUEST result ok' "$output" || complain "the guest did not go on"
}

stopped() {
	has_error "device-error lab.seconds=60" 1 --on-device-error stop || return
	! grep -q '^TENON-GUEST result' "$output" || complain "the guest went on"
}

removed() {
	has_error "device-error lab.ends=without" 0 --on-device-error remove || return
	grep -q '^TENON-GUEST the card is gone' "$output" || complain "the guest did not see it go"
}

bind_all
check "report" reported
check "stop" stopped
check "remove" removed
check "the card works afterwards" guest network --device "$LAB_e1000e0"
