#!/bin/bash
# SIGKILL of tenon run at each system call by which it changes something, while it takes devices, makes virtual functions and
# gives all back: tenon recover restores the host, each time.
# devices: rtl8139 igb
# memory: 2G
# limit: 900
# long: yes

. tests/lab/cases/lib.sh
fast=/sys/bus/pci/devices/$LAB_rtl8139_0
card=/sys/bus/pci/devices/$LAB_igb0

# All that taking a device changes; by bash alone, since it is looked at often.
state() {
	local file
	for file in "$fast"/{driver_override,power/control} "$card"/{driver_override,power/control,sriov_numvfs,sriov_drivers_autoprobe}; do
		echo "$file $(<"$file")"
	done
	readlink "$fast/driver" "$card/driver"
	for file in /run/tenon/devices/*; do
		[[ $file == *.lock || ! -e $file ]] || echo "$file"
	done
}

# A child may be at it still, which tenon waits for no longer, and says so.
recovered() {
	local tries=30
	until "$TENON" recover >/tmp/recover 2>&1 && [[ $(state) == "$original" ]]; do
		if ((tries-- == 0)); then
			cat /tmp/recover
			diff <(echo "$original") <(state)
			return 1
		fi
		sleep 0.2
	done
}

# killed_everywhere OPTION: a launch with that device, which fails after it was taken, so that both ways are gone
killed_everywhere() {
	local point=1 changed=0
	original=$(state)
	while build/tests/kill_at $point "$TENON" run --memory 64M --kernel "$LAB_KERNEL" --control /proc/socket \
		--device "$1" </dev/null >"$output" 2>&1; do
		[[ $(state) == "$original" ]] || ((changed++))
		recovered || complain "killed at point $point, it is not as before" || return
		((point % 10)) || echo "killed at $point points"
		((point++))
	done
	cat "$output"
	grep -q "error: /proc/socket" "$output" || complain "without being killed it ends otherwise" || return
	[[ $(state) == "$original" ]] || complain "it does not restore the host itself" || return
	echo "killed at $((point - 1)) points, at $changed of them there was something to restore"
	((changed > 5)) || complain "it was never killed while it had a device"
}

check "while a card is taken and given back" killed_everywhere "$LAB_rtl8139_0,managed=yes"
check "while virtual functions are made and removed" killed_everywhere "$LAB_igb0,vfs=1"
check "a guest has the card afterwards" guest rtl8139 --device "$LAB_rtl8139_0,managed=yes"
