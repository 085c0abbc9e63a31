#!/bin/bash
# The limit of pinned memory, counted as the kernel counts it: for the user's processes, or for this one.
# devices: nvme edu
# limit: 180

. tests/lab/cases/lib.sh
bind_all
options=(--kernel "$LAB_KERNEL" --initrd "$LAB_INITRD" --memory 512M --serial none)

# root_without KIB CAPABILITIES: sets $root to what runs a command as root that lacks them, under that limit
root_without() {
	root=(prlimit --memlock=$(($1 * 1024)):$(($1 * 1024)) setpriv "--bounding-set=$2" "--inh-caps=$2")
}

# pinned PROCESS: KiB
pinned() {
	awk '/^VmPin:/ { sum = $2 } END { print sum + 0 }' "/proc/$1/status"
}

# hold: a guest in the background that has its memory pinned
hold() {
	local tries=300
	"${root[@]}" "$TENON" run "${options[@]}" --cmdline lab.test=endless-io --device "$LAB_nvme0" &
	held=$!
	until (($(pinned "$held") >= 512 * 1024)); do
		((tries-- > 0)) && kill -0 "$held" || complain "the first guest does not start" || return
		sleep 0.1
	done
}

release() {
	kill -HUP "$held"
	wait "$held"
}

# beside: a second guest, to its end; tenon's exit code
beside() {
	"${root[@]}" "$TENON" run "${options[@]}" --cmdline lab.test=none --device "$LAB_edu0" >"$output" 2>&1
	local status=$?
	cat "$output"
	return "$status"
}

refused_for_the_user() {
	local status sum
	root_without $((768 * 1024)) -ipc_lock,-sys_resource
	hold || return
	beside
	status=$?
	sum=$(pinned "$held")
	release
	((status == 1)) || complain "the second guest's exit code is $status" || return
	grep -q "is 786432 KiB for all processes of user 0, of which $sum KiB are in use, $sum KiB of it by tenon (pid $held)" \
		"$output" || complain "the message does not say who has what"
}

# What was refused is no more than what the kernel would refuse: the limit that the remedy asks for is enough.
enough_is_enough() {
	local need status
	need=$(sed -n 's/.*ulimit -l \([0-9]*\) in.*/\1/p' "$output")
	echo "the remedy: ulimit -l $need"
	root_without "$need" -ipc_lock,-sys_resource
	hold || return
	beside
	status=$?
	release
	((status == 0)) || complain "the second guest's exit code is $status"
}

each_for_itself() {
	local status
	root_without $((768 * 1024)) -ipc_lock
	hold || return
	beside
	status=$?
	release
	((status == 0)) || complain "the second guest's exit code is $status"
}

check "counted for the user, the second guest is refused before anything is pinned" refused_for_the_user
check "with the limit that the remedy asks for it runs" enough_is_enough
check "counted for each process, both run" each_for_itself
