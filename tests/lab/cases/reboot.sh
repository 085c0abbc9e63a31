#!/bin/bash
# The guest restarts ten times; the disk works after each, and tenon is the same process all along.
# devices: nvme
# limit: 240

. tests/lab/cases/lib.sh
bind_all

ten_restarts() {
	guest reboot --device "$LAB_nvme0" || return
	local boots
	boots=$(grep -c '^TENON-GUEST boot' "$output")
	((boots == 11)) || complain "the guest booted $boots times, not 11"
}
check "ten restarts" ten_restarts
