#!/bin/bash
# What a newcomer sees first: ./run demo, on the emulated host that it starts.
# devices: nvme
# limit: 120
# once: yes

. tests/lab/cases/lib.sh

# It says itself which step failed.
demo() {
	tests/lab/demo >"$output" 2>&1 || { cat "$output"; complain "the demo failed"; return; }
	grep -q '^demo: ok in ' "$output" || complain "the demo came to no verdict"
}

check "the demo" demo
check "the disk stays the host's" has_driver "$LAB_nvme0" nvme
