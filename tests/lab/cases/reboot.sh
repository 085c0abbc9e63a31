#!/bin/bash
# The guest restarts nine times; the disk works after each, and tenon is the same process all along.
# devices: nvme
# limit: 240

. tests/lab/cases/lib.sh
bind_all

ten_boots() {
	guest reboot --device "$LAB_nvme0" || return
	local boots
	boots=$(grep -c '^TENON-GUEST boot' "$output")
	((boots == 10)) || complain "the guest booted $boots times, not 10"
}
check "ten boots" ten_boots
