#!/bin/bash
# A disk that its guest puts to sleep: in low power on the host where that is asked for and the guest cannot notice.
# devices: nvme
# limit: 150

. tests/lab/cases/lib.sh
bind_all
device=/sys/bus/pci/devices/$LAB_nvme0

# status: of the host's power management
status() {
	cat "$device/power/runtime_status"
}

# sleeper D3COLD-ALLOWED STATUS OPTION: while the guest's disk sleeps it has that status on the host
sleeper() {
	local tries=20 now asleep=unknown
	echo "$1" >"$device/d3cold_allowed"
	start_guest "device-sleep lab.seconds=6" --device "$LAB_nvme0,low-power=$3"
	guest_says '^TENON-GUEST read: ' 60 || return
	[[ $(status) == active ]] || complain "while the guest uses it, it is $(status)"
	guest_says "sleeps" 20 || return
	# A disk that is awake, or given back, says nothing of one that sleeps.
	while ((tries-- > 0)) && now=$(status) && ! grep -q 'is awake' "$output"; do
		asleep=$now
		[[ $asleep != suspended ]] || break
		sleep 0.1
	done
	finish_guest
	guest_went_well $? || return
	echo "while it slept it was $asleep on the host"
	[[ $asleep == "$2" ]] || complain "not $2"
}

check "low power while the guest has it in D3hot, and it works after" sleeper 0 suspended yes
check "not where the guest could notice" sleeper 1 active yes
check "not unless asked for" sleeper 0 active no
