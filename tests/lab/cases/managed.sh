#!/bin/bash
# A guest's devices are taken from the host's drivers for it and given back after it, however it ends; virtual functions are
# made for it and removed.
# devices: nvme igb
# memory: 2G
# limit: 400
# once: yes

. tests/lab/cases/lib.sh
card=/sys/bus/pci/devices/$LAB_igb0
ip link set "$(basename "$card"/net/*)" up

# All that taking a device changes.
state() {
	host_state
	grep -H . /sys/bus/pci/devices/*/power/control "$card"/sriov_{numvfs,drivers_autoprobe}
	find /run/tenon/devices -type f ! -name '*.lock' ! -name '*.new' 2>/dev/null
}
original=$(state)

taken_for_a_guest() {
	guest nvme --device "$LAB_nvme0,managed=yes" || return
	said "tenon: $LAB_nvme0: taken from nvme, given to vfio-pci" || return
	said "tenon: $LAB_nvme0: taken from vfio-pci, given back to nvme" || return
	as_before
}

planned() {
	"$TENON" plan --kernel "$LAB_KERNEL" --device "$LAB_nvme0,managed=yes" | tee "$output"
	said "$LAB_nvme0" && as_before
}

# It fails after the device was taken: no socket can be made there, which nobody could have seen before.
failed_launch() {
	set_command nvme --device "$LAB_nvme0,managed=yes" --control /proc/socket
	"${command[@]}" </dev/null >"$output" 2>&1
	local status=$?
	cat "$output"
	((status == 1)) || complain "tenon's exit code is $status" || return
	said "taken from nvme" && as_before
}

ended() {
	start_guest endless-io --stop-limit 2s --device "$LAB_nvme0,managed=yes"
	guest_says 'round 2' 90 || return
	[[ $1 != KILL ]] || kill_keeper
	end_guest "$1" "$2"
}

# The process beside tenon's would give everything back: the case sandbox shows that.
kill_keeper() { kill -KILL "$(pgrep -P "$guest_process")"; }

terminated() {
	ended TERM 143 && as_before
}

killed_and_recovered() {
	ended KILL 137 || return
	has_driver "$LAB_nvme0" vfio-pci || complain "it was given back by nobody" || return
	"$TENON" recover | tee "$output"
	said "$LAB_nvme0: taken from vfio-pci, given back to nvme" && as_before
}

killed_and_run_again() {
	ended KILL 137 || return
	guest nvme --device "$LAB_nvme0,managed=yes" || return
	said "$LAB_nvme0: taken over; it was never given back to nvme" && as_before
}

# What another guest left is given back, too.
killed_and_another_run() {
	ended KILL 137 || return
	guest none || return
	said "$LAB_nvme0: taken from vfio-pci, given back to nvme" && as_before
}

second_is_refused() {
	set_command nvme --device "$LAB_nvme0,managed=yes"
	"${command[@]}" </dev/null >/tmp/second 2>&1 && complain "a second one has it" && return 1
	cat /tmp/second
	grep -q "tenon: error: $LAB_nvme0: in use by tenon (pid $guest_process)" /tmp/second &&
		grep -q 'remedy: .*tenon ctl first shutdown' /tmp/second ||
		complain "the second one does not say who has it" || return
	# Where the device does not show it, the lock does.
	"$TENON" bind "$LAB_nvme0" >/tmp/second 2>&1 && complain "bind has it" && return 1
	cat /tmp/second
	grep -q "tenon: error: $LAB_nvme0: tenon run (pid $guest_process), guest first has it" /tmp/second ||
		complain "bind does not say who has it" || return
	"$TENON" recover >/tmp/second 2>&1 || complain "recover fails" || return
	cat /tmp/second
	grep -q "$LAB_nvme0: tenon run (pid $guest_process), guest first has it: left as it is" /tmp/second ||
		complain "recover does not say who has it" || return
	guest_says 'round 4' 60
}

two_tenons() {
	local result=0
	start_guest endless-io --name first --stop-limit 2s --device "$LAB_nvme0,managed=yes"
	guest_says 'round 2' 90 || return
	second_is_refused || result=1
	end_guest TERM 143 || result=1
	((result == 0)) && as_before
}

virtual_functions() {
	guest frames --device "$LAB_igb0,vfs=2" || return
	said "tenon: $LAB_igb0: 2 virtual functions made" || return
	said "tenon: $LAB_igb0: 2 virtual functions removed" || return
	as_before
}

virtual_functions_killed() {
	start_guest vf --device "$LAB_igb0,vfs=1"
	guest_says 'TENON-GUEST' 90 || return
	kill_keeper
	end_guest KILL 137 || return
	(($(<"$card/sriov_numvfs") == 1)) || complain "there are $(<"$card/sriov_numvfs") virtual functions" || return
	"$TENON" recover
	as_before
}

# The guest goes on with its card while the host has the disk again.
unplugged() {
	local tries=100 status
	start_guest unplug --name lab --cpus 2 --device "$LAB_nvme0,managed=yes" --device "$LAB_igb0,managed=yes"
	guest_says 'TENON-GUEST at work' 90 || return
	ctl remove "$LAB_nvme0" || return
	until said "$LAB_nvme0: taken from vfio-pci, given back to nvme" >/dev/null; do
		((tries-- > 0)) || complain "it is not given back when it has left" || break
		sleep 0.2
	done
	kill -0 "$guest_process" || complain "the guest has ended before"
	finish_guest
	status=$?
	ip link set "$(basename "$card"/net/*)" up
	guest_went_well $status && ((tries > 0)) || return
	said "$LAB_igb0: taken from vfio-pci, given back to igb" && as_before
}

check "a disk is taken for a guest and given back" taken_for_a_guest
check "a plan takes nothing" planned
check "a launch that fails gives it back" failed_launch
check "SIGTERM gives it back" terminated
check "after SIGKILL recover gives it back" killed_and_recovered
check "after SIGKILL the next guest takes it over and gives it back" killed_and_run_again
check "after SIGKILL another guest's start gives it back" killed_and_another_run
check "a disk that leaves a guest is given back then" unplugged
check "two tenons do not take one device" two_tenons
check "virtual functions are made and removed" virtual_functions
check "after SIGKILL they are removed" virtual_functions_killed
