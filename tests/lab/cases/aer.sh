#!/bin/bash
# A passed-through disk reports an error that cannot be corrected: tenon reports it, ends the guest, or removes the disk.
# devices: nvme
# limit: 240

. tests/lab/cases/lib.sh

# inject: an uncorrectable, non-fatal error: an unsupported request
inject() {
	tests/lab/monitor pcie_aer_inject_error nvme0 UNSUP
}

# has_error GUEST-TEST EXPECTED-STATUS OPTION...
has_error() {
	local test=$1 expected=$2 status
	start_guest "$test" "${@:3}" --device "$LAB_nvme0"
	guest_says 'TENON-GUEST at work' 90 || return
	inject
	finish_guest
	status=$?
	((status == expected)) || complain "tenon's exit code is $status, not $expected" || return
	grep -q "^tenon: error: $LAB_nvme0: it reported an error that cannot be corrected (AER has counted .*nonfatal: UnsupReq" \
		"$output" || complain "tenon did not say what AER counted"
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
	grep -q '^TENON-GUEST the disk is gone' "$output" || complain "the guest did not see it go"
}

bind_all
check "report" reported
check "stop" stopped
check "remove" removed
check "the disk works afterwards" guest nvme --device "$LAB_nvme0"
