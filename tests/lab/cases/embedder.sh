#!/bin/bash
# The example embedder, a VMM of its own on the installed library: its guest uses a device, interrupt included.
# devices: edu
# limit: 120

. tests/lab/cases/lib.sh
bind_all
folder=/tmp/installed

embeds() {
	tests/api/embed build "$folder" || return
	"$folder/embedder/embedder" "$LAB_edu0" 2>&1 | tee "$output"
	[[ ${PIPESTATUS[0]} -eq 0 ]] || complain "its exit code is not 0"
}

explains() {
	! "$folder/embedder/embedder" 0000:00:1e.7 >"$output" 2>&1 || complain "it ends well without a device" || return
	cat "$output"
	grep -q '0000:00:1e.7' "$output" || complain "it does not name the device"
}

before=$(host_state)
check "its guest uses the device" embeds
check "the host is as it was" [ "$(host_state)" == "$before" ]
check "it works again" "$folder/embedder/embedder" "$LAB_edu0"
check "a device that is not there is named" explains
