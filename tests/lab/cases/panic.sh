#!/bin/bash
# A guest's kernel panics, by pvpanic; a vCPU that KVM cannot go on with; a triple fault: what is said, the exit code, and the device given back.
# devices: nvme
# limit: 200
# once: yes

. tests/lab/cases/lib.sh
bind_all
before=$(host_state)

# ends_so STATUS PATTERN...: tenon's exit code and what it said
ends_so() {
	local status=$1 pattern
	shift
	"${command[@]}" </dev/null >"$output" 2>&1
	local got=$?
	tail -n 40 "$output"
	((got == status)) || complain "exit code $got, not $status" || return
	for pattern in "$@"; do
		grep -qE -- "$pattern" "$output" || complain "it did not say '$pattern'" || return
	done
	as_before "$before"
}

set_command panic --device "$LAB_nvme0"
check "a panic ends the guest" ends_so 3 '^Kernel panic - not syncing' \
	"^tenon: error: the guest's kernel panicked" '^tenon: remedy: '

# restarts_after NOTE OPTION...: a guest that panics at its first boot is there again
restarts_after() {
	local note=$1 boots
	shift
	start_guest panic --device "$LAB_nvme0" "$@"
	guest_says "^tenon: the guest's kernel panicked$note" 60 || return
	for ((tries = 0; tries < 300; tries++)); do
		boots=$(grep -c '^TENON-GUEST init' "$output")
		((boots < 2)) || break
		sleep 0.2
	done
	end_guest HUP 129 || return
	((boots >= 2)) || complain "it did not start anew"
}
check "a panic resets the guest" restarts_after '; it is reset' --on-panic reset
check "a panic is reported, and the guest does what it was told" restarts_after '$' --on-panic report \
	--cmdline "console=ttyS0 quiet panic=1 lab.test=panic"

# tiny HEX...: a guest that has these instructions for a kernel
tiny() {
	tests/lab/tiny-kernel /tmp/tiny "$@"
	command=("$TENON" run --memory 64M --kernel /tmp/tiny --serial none --device "$LAB_nvme0")
}

tiny b8 00 00 00 70 ff e0 # mov eax, 0x70000000; jmp rax
check "a jump to where there is no memory" ends_so 3 'vCPU 0, last exit 17 \(internal error\)' \
	'rip 0000000070000000' 'rax 0000000070000000' 'code at rip: none' \
	'error: KVM could not go on with vCPU 0: internal error 1 \(an instruction that it cannot emulate\) at rip 0x70000000' \
	'remedy: the guest runs code where there is no memory'
tiny 0f 0b # ud2
check "a triple fault" ends_so 3 'error: the guest triple-faulted on vCPU 0'
tiny 66 ba 05 05 b0 02 ee b0 01 ee f4 # mov dx, 0x505; mov al, 2; out dx, al; mov al, 1; out dx, al; hlt
check "a crash kernel takes over" ends_so 3 "panicked; its crash kernel takes over"
