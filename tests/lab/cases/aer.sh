#!/bin/bash
# A passed-through network card reports an error that cannot be corrected: tenon reports it, ends the guest, or removes it.
# devices: e1000e
# limit: 240

. tests/lab/cases/lib.sh

# inject: an uncorrectable, non-fatal error: an unsupported request. The emulated card tells of errors only if its device
# control says so (PCI Express capability, bits 0 to 3), which neither its drivers nor a reset leave on.
inject() {
	python3 - "/sys/bus/pci/devices/$LAB_e1000e0/config" <<-'END'
		import os, sys
		fd = os.open(sys.argv[1], os.O_RDWR)
		config = os.pread(fd, 256, 0)
		at = config[0x34]
		while config[at] != 0x10:
		    at = config[at + 1]
		os.pwrite(fd, bytes([config[at + 8] | 0xF]), at + 8)
	END
	tests/lab/monitor pcie_aer_inject_error e1000e0 UNSUP
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
	grep -q "^tenon: error: $LAB_e1000e0: it reported an error that cannot be corrected (AER has counted .*nonfatal: UnsupReq" \
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
	grep -q '^TENON-GUEST the card is gone' "$output" || complain "the guest did not see it go"
}

bind_all
check "report" reported
check "stop" stopped
check "remove" removed
check "the card works afterwards" guest e1000e --device "$LAB_e1000e0"
