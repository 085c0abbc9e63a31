#!/bin/bash
# tenon check: a fatal error after which the kernel could not reset the device, which has forgotten its addresses: both are told, what
# check says is typed, and then the guest runs. Linux 6.12 counts no fatal errors of an endpoint, whose registers it does not read.
# devices: rng
# kernel: newest
# limit: 120

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

# Reporting is on, as firmware leaves it on many machines. What the kernel knew of the device goes with it.
had_errors() {
	setpci -s "$LAB_rng0" CAP_EXP+8.w=7:7
	tests/lab/monitor pcie_aer_inject_error rng0 MALF_TLP
	sleep 3
	dmesg | grep -F 'AER: ' | tail -n 3
	finds 2 errors "$LAB_rng0" "$LAB_rng0" && finds 2 addresses "$LAB_rng0" "$LAB_rng0" && follow && heeded "$LAB_rng0"
}
check "a device that a fatal error left without addresses" had_errors
check "and the guest runs" guest rng --device "$LAB_rng0"
