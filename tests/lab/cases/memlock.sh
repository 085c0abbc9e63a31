#!/bin/bash
# The limit of pinned memory, counted as the kernel counts it: for the user's processes, or for this one.
# devices: nvme edu
# limit: 180

. tests/lab/cases/lib.sh
bind_all
limit=$((768 * 1024 * 1024))
options=("--kernel" "$LAB_KERNEL" "--initrd" "$LAB_INITRD" "--memory" 512M "--serial" none)

# without CAPABILITY... -- COMMAND...: runs it as root that lacks them, under the limit
without() {
	local drop=""
	while [[ $1 != -- ]]; do
		drop+=${drop:+,}-$1
		shift
	done
	shift
	prlimit --memlock=$limit:$limit setpriv --bounding-set="$drop" --inh-caps="$drop" "$@"
}

# pinned PROCESS: KiB
pinned() {
	awk '/^VmPin:/ { print $2 }' "/proc/$1/status"
}

# hold CAPABILITY...: a guest in the background that has its memory pinned
hold() {
	local tries=300
	without "$@" -- "$TENON" run "${options[@]}" --cmdline lab.test=endless-io --device "$LAB_nvme0" &
	held=$!
	until (($(pinned "$held" || echo 0) >= 512 * 1024)); do
		((tries-- > 0)) && kill -0 "$held" || return
		sleep 0.1
	done
}

release() {
	kill "$held"
	wait "$held"
}

refused_for_the_user() {
	hold ipc_lock sys_resource || complain "the first guest does not start" || return
	without ipc_lock sys_resource -- "$TENON" run "${options[@]}" --device "$LAB_edu0" >"$output" 2>&1
	local status=$? sum
	cat "$output"
	sum=$(pinned "$held")
	release
	((status == 1)) || complain "the second guest's exit code is $status" || return
	grep -q "is 786432 KiB for all processes of user 0, of which $sum KiB are in use, $sum KiB of it by tenon (pid $held)" \
		"$output" || complain "the message does not say who has what"
}

# What is refused above the kernel refuses too: with as much as the message says it goes.
enough_is_enough() {
	local need
	need=$(sed -n 's/.*ulimit -l \([0-9]*\) in.*/\1/p' "$output")
	echo "the remedy: ulimit -l $need"
	limit=$((need * 1024)) hold ipc_lock sys_resource || complain "the first guest does not start" || return
	limit=$((need * 1024)) without ipc_lock sys_resource -- timeout -s TERM 20 "$TENON" run "${options[@]}" \
		--cmdline lab.test=none --device "$LAB_edu0" >"$output" 2>&1
	local status=$?
	cat "$output"
	release
	((status == 0)) || complain "the second guest's exit code is $status"
}

each_for_itself() {
	hold ipc_lock || complain "the first guest does not start" || return
	without ipc_lock -- "$TENON" run "${options[@]}" --cmdline lab.test=none --device "$LAB_edu0" >"$output" 2>&1
	local status=$?
	cat "$output"
	release
	((status == 0)) || complain "the second guest's exit code is $status"
}

check "counted for the user, the second guest is refused before anything is pinned" refused_for_the_user
check "with the limit that the message asks for it runs" enough_is_enough
check "counted for each process, both run" each_for_itself
