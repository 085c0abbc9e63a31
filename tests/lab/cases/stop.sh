#!/bin/bash
# A guest is asked to end: by SIGTERM, or because the host wants its disk back. It hears its power button, or does not.
# devices: nvme
# limit: 400
# once: yes

. tests/lab/cases/lib.sh
bind_all

# listening OPTION...: a guest that waits for its button
listening() {
	start_guest button "$@"
	guest_says 'TENON-GUEST listens' 60
}

# ends_well: by itself
ends_well() {
	finish_guest
	guest_went_well $?
}

powers_off() {
	listening --device "$LAB_nvme0" || return
	kill -TERM "$guest_process"
	ends_well && said "power button is pressed; it has 60 s to power off"
}

restarts_instead() {
	start_guest "button lab.then=reboot"
	guest_says 'TENON-GUEST listens' 60 || return
	end_guest TERM 0 && said "the guest restarts, and was asked to power off"
}

# A guest that does not heed the button; how long it took is in $took.
ends_by_force() {
	local began
	start_guest endless-io --device "$LAB_nvme0" --stop-limit "$1"
	guest_says 'round 1' 90 || return
	began=$SECONDS
	kill -TERM "$guest_process"
	[[ -z ${2:-} ]] || {
		sleep 1
		kill -"$2" "$guest_process"
	}
	finish_guest
	(($? == 143)) || complain "the exit code is not 143" || return
	took=$((SECONDS - began))
	echo "it took $took s"
}

after_the_limit() {
	ends_by_force 4s && said "the guest did not power off in 4 s; stopped" || return
	((took >= 4 && took < 20)) || complain "it took $took s"
}

at_once() {
	ends_by_force 60m TERM || return
	((took < 20)) || complain "it took $took s"
}

too_early() {
	start_guest none --cmdline "console=ttyS0"
	guest_says 'Linux version' 60 || return
	end_guest TERM 143 && said "the guest does not listen to its power button; stopped"
}

ends_when_it_restarts() {
	guest reboot --device "$LAB_nvme0" --cmdline "console=ttyS0 quiet lab.test=reboot lab.boots=3" --on-reboot stop
	(($(grep -c '^TENON-GUEST boot' "$output") == 1)) || complain "it booted more than once" || return
	said "the guest restarts, and is to end then"
}

unbind() {
	echo "$LAB_nvme0" >/sys/bus/pci/drivers/vfio-pci/unbind
}

asked_by_the_host() {
	listening --device "$LAB_nvme0" --on-host-request stop || return
	unbind &
	ends_well && said "$LAB_nvme0: the host wants it back; the guest is to end" || return
	wait $! && [[ ! -e /sys/bus/pci/devices/$LAB_nvme0/driver ]] || complain "unbind did not succeed"
}

host_waits() {
	local unbinding
	start_guest endless-io --device "$LAB_nvme0" --on-host-request ignore
	guest_says 'round 1' 90 || return
	unbind &
	unbinding=$!
	guest_says "$LAB_nvme0: the host wants it back, and waits until the guest ends" 30 || return
	guest_says "round $(($(grep -c 'TENON-GUEST round' "$output") + 3))" 60 || return
	kill -0 $unbinding || complain "unbind did not wait" || return
	end_guest HUP 129
	wait $unbinding && [[ ! -e /sys/bus/pci/devices/$LAB_nvme0/driver ]] || complain "unbind did not succeed"
}

check "SIGTERM, and the guest powers off" powers_off
check "SIGTERM, and the guest restarts" restarts_instead
check "SIGTERM, and the guest does not heed it" after_the_limit
check "SIGTERM twice" at_once
check "SIGTERM before the guest listens" too_early
check "a guest that is to end when it restarts" ends_when_it_restarts
check "the host wants the disk, and the guest ends" asked_by_the_host
bind_all
check "the host wants the disk, and waits" host_waits
