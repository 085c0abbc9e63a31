#!/bin/bash
# The control socket: a guest with a disk is paused, resumed, reset, asked for the disk, told to power off and ended, by
# tenon ctl and by QMP; clients that send garbage, half a command, or never read harm nobody.
# devices: nvme
# limit: 300
# once: yes

. tests/lab/cases/lib.sh
socket=/run/tenon/lab.sock

# qmp COMMAND...: what is answered, a line each, the greeting and the negotiation left out
qmp() { python3 tests/lab/qmp.py "$socket" "$@"; }

start() {
	start_guest "$1" --name lab --device "$LAB_nvme0" "${@:2}"
	guest_says 'TENON-GUEST at work' 90
}

# ticks: how often the guest has said that it is alive
ticks() { grep -c '^TENON-GUEST tick' "$output"; }

paused_stands_still() {
	local before after
	ctl pause || return
	[[ $(ctl status) == paused ]] || complain "status is $(ctl status)" || return
	before=$(ticks)
	sleep 3
	after=$(ticks)
	((after <= before + 1)) || complain "the guest went on: $before, then $after ticks" || return
	ctl resume || return
	[[ $(ctl status) == running ]] || complain "status is $(ctl status)" || return
	more_ticks() { (($(ticks) > after + 1)); }
	wait_for 30 more_ticks
}

is_listed() {
	"$TENON" list >/tmp/list || return
	cat /tmp/list
	grep -Eq "^lab +[0-9]+ +running +$LAB_nvme0\$" /tmp/list
}

info_is_right() {
	ctl info | tee /tmp/info
	grep -Eq "$LAB_nvme0 +running, [0-9]+ MSI-X vectors" /tmp/info
}

pci_is_right() {
	qmp query-pci | tee /tmp/pci
	grep -q '"qdev_id": "passthrough0"' /tmp/pci
}

threads_are_real() {
	local process thread
	process=$(pgrep -nx tenon) || return
	# A thread of a core has an id of that name, too.
	for thread in $(qmp query-cpus-fast | grep -o '"thread-id": [0-9]*, "props"' | grep -o '[0-9]*'); do
		[[ $(cat /proc/"$process"/task/"$thread"/comm) == vcpu* ]] || complain "$thread is no vCPU" || return
	done
	[[ -n $thread ]]
}

# bad_clients: each of them is there while the guest is asked something by another
bad_clients() {
	python3 tests/lab/qmp-bad-clients.py "$socket" || return
	[[ $(ctl status) == running ]]
}

reset_starts_anew() {
	ctl reset || return
	booted_twice() { (($(grep -c '^TENON-GUEST at work' "$output") >= 2)); }
	wait_for 30 booted_twice
}

removed_when_asked() {
	python3 tests/lab/qmp.py "$socket" --until DEVICE_DELETED device_del "id=$LAB_nvme0" | tee /tmp/deleted
	grep -q '"device": "passthrough0"' /tmp/deleted || return
	[[ $(ctl info | grep "$LAB_nvme0") == *gone ]] || complain "info says otherwise" || return
	! ctl remove "$LAB_nvme0" || complain "it could be removed twice"
}

powered_off() {
	python3 tests/lab/qmp.py "$socket" --until SHUTDOWN system_powerdown | tee /tmp/down
	grep -q '"reason": "guest-shutdown"' /tmp/down || complain "no SHUTDOWN by the guest" || return
	finish_guest || complain "tenon's exit code is $?" || return
	[[ ! -e $socket ]] || complain "the socket is still there"
}

killed() {
	ctl kill || return
	finish_guest || complain "tenon's exit code is $?" || return
	! ctl status 2>/tmp/error || complain "somebody answers" || return
	grep -q 'no guest "lab" is running' /tmp/error
}

name_is_taken() {
	! "$TENON" run --name lab --kernel "$LAB_KERNEL" >/tmp/second 2>&1 </dev/null || return
	cat /tmp/second
	grep -q 'another guest listens there' /tmp/second
}

bind_all
start control || exit 1
check "it is listed" is_listed
check "info says how the disk is" info_is_right
check "query-pci finds the disk behind its port" pci_is_right
check "query-cpus-fast names the threads" threads_are_real
check "a second guest of the name is refused" name_is_taken
check "garbage, half commands, floods and clients that never read harm nobody" bad_clients
check "pause stops the guest, resume lets it go on" paused_stands_still
check "reset starts it anew" reset_starts_anew
check "device_del takes the disk when the guest lets go" removed_when_asked
check "the power button ends it" powered_off
start control || exit 1
check "kill ends it" killed
check "the disk works in the next guest" guest nvme --device "$LAB_nvme0"
