#!/bin/bash
# tenon check: a device that does not wake any more, and the one that the host shows its screen on: each is provoked, what check says
# is typed, and then the guest runs.
# devices: igb vga
# limit: 300
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

# The card sleeps, since its cable is out; when it is to wake, its port leads elsewhere for a moment.
fail_to_wake() {
	local card=/sys/bus/pci/devices/$LAB_igb0 port secondary interface tries=100
	interface=$(basename "$card"/net/*)
	port=$(above "$LAB_igb0")
	tests/lab/monitor set_link igb0-net off
	ip link set "$interface" down
	echo auto >"$card/power/control"
	until [[ $(<"$card/power/runtime_status") == suspended ]]; do
		((tries-- > 0)) || complain "it does not sleep" || return
		sleep 0.2
	done
	echo on >"/sys/bus/pci/devices/$port/power/control"
	secondary=$(setpci -s "$port" SECONDARY_BUS)
	setpci -s "$port" SECONDARY_BUS=fe
	ip link set "$interface" up
	setpci -s "$port" SECONDARY_BUS="$secondary"
	tests/lab/monitor set_link igb0-net on
	[[ $(<"$card/power/runtime_status") == error ]] || complain "it is $(<"$card/power/runtime_status")"
}

asleep() {
	fail_to_wake && finds 2 power "$LAB_igb0" "$LAB_igb0" || return
	# Even bound it would not work: what blocks is no guess.
	tests/lab/bind "$LAB_igb0"
	set_command network --sandbox off --device "$LAB_igb0"
	"${command[@]}" </dev/null >"$output" 2>&1 && complain "it runs" && return 1
	cat "$output"
	grep -q "^tenon: error: $LAB_igb0: its power management is in error" "$output" && heeded "$LAB_igb0"
}
check "a card that does not wake" asleep
check "and the guest runs" guest network --device "$LAB_igb0"

# No service manager is here, and nothing that it would have to end.
systemctl() {
	echo "(systemctl $*)"
}

screen() {
	finds 2 screen "$LAB_vga0" "$LAB_vga0" && follow && ready 1 "$LAB_vga0"
}
check "the display that the host was started with" screen

shown() {
	start_guest display --device "$LAB_vga0"
	guest_says '^TENON-GUEST drawn' 60 || return
	end_guest HUP 129
}
check "and the guest draws on it" shown
