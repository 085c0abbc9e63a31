#!/bin/bash
# tenon is ended in mid-I/O, by SIGTERM and by SIGKILL; nothing is left behind and the device works again at once.
# devices: nvme
# limit: 240

. tests/lab/cases/lib.sh
bind_all

ended_by() {
	local before
	before=$(host_state)
	start_guest endless-io --stop-limit 2s --device "$LAB_nvme0"
	guest_says 'round 3' 90
	end_guest "$1" "$2" || return
	as_before "$before"
}
check "SIGTERM ends it cleanly" ended_by TERM 143
check "the device works after SIGTERM" guest nvme --device "$LAB_nvme0"
check "SIGKILL leaves nothing behind" ended_by KILL 137
check "the device works after SIGKILL" guest nvme --device "$LAB_nvme0"
