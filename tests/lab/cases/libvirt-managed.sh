#!/bin/bash
# Beside a libvirt that manages the host (host.libvirt): it takes a guest's disk from its driver and gives it back, however the guest
# ends; what one of its domains has, tenon does not get; and where its daemon is not there, nothing is touched.
# devices: nvme
# limit: 400
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/libvirt.lib
disk=/sys/bus/pci/devices/$LAB_nvme0
file=/tmp/guest.yaml

cat >$file <<END
name: lab
memory: 256M
host.libvirt: qemu:///system
devices:
  - passthrough: $LAB_nvme0
    managed: yes
END

# All that taking the disk changes; times of nodes are no part of it. What libvirt writes into driver_override when it lets go of a
# device differs between its versions.
state() {
	host_state | grep -v "${LAB_nvme0}/driver_override" | sed -E 's/ [A-Z][a-z]{2} +[0-9]+ [0-9:]{5} / /'
	grep -H . "$disk/power/control"
	find /run/tenon/devices -type f ! -name '*.lock' ! -name '*.new' 2>/dev/null
}

# set_guest TEST OPTION...: $command becomes a guest of that file
set_guest() {
	set_command "$@"
	command=("$TENON" run $file "${command[@]:4}")
}

# libvirt_knows DRIVER: what its node-device API says of the disk
libvirt_knows() {
	virsh nodedev-dumpxml "pci_${LAB_nvme0//[:.]/_}" >/tmp/node && grep -q "<name>$1</name>" /tmp/node ||
		complain "libvirt does not say that $1 has it" || cat /tmp/node
}

taken_for_a_guest() {
	set_guest nvme
	"${command[@]}" </dev/null 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}" || return
	said "tenon: $LAB_nvme0: taken from nvme, given to vfio-pci" || return
	said "tenon: $LAB_nvme0: taken from vfio-pci, given back to nvme by libvirt" && as_before
}

started() {
	set_guest endless-io --stop-limit 2s
	start_command
	guest_says 'round 2' 90 || return
	has_driver "$LAB_nvme0" vfio-pci && libvirt_knows vfio-pci || complain "it is not taken" || return
	[[ $(ls "/proc/$guest_process/task" | wc -l) -le 4 ]] ||
		complain "threads of libvirt's are in the guest's process: $(cat /proc/$guest_process/task/*/comm | tr '\n' ' ')"
}

terminated() {
	started || return
	end_guest TERM 143 && said "given back to nvme by libvirt" && as_before
}

killed() {
	started || return
	kill -KILL "$(pgrep -P "$guest_process")"
	end_guest KILL 137 && has_driver "$LAB_nvme0" vfio-pci
}

# The one that is beside it gives it back.
killed_alone() {
	started || return
	end_guest KILL 137 && wait_for 20 as_before
}

killed_and_recovered() {
	killed || return
	"$TENON" recover 2>&1 | tee "$output"
	said "$LAB_nvme0: taken from vfio-pci, given back to nvme by libvirt" && as_before
}

killed_and_run_again() {
	killed || return
	taken_over
}

taken_over() {
	set_guest nvme
	"${command[@]}" </dev/null 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}" || return
	said "$LAB_nvme0: taken over; it was never given back to nvme" && said "given back to nvme" && as_before
}

end_libvirtd() {
	kill -KILL "$(</run/libvirtd.pid)"
	sleep 1
}

# Its daemon is no more when the host is to be restored: that is said and tried again.
killed_without_libvirt() {
	killed || return
	end_libvirtd
	"$TENON" recover >"$output" 2>&1 && complain "recover says that all is well"
	cat "$output"
	said "libvirt (qemu:///system) does not answer" && has_driver "$LAB_nvme0" vfio-pci || return
	start_libvirtd
	"$TENON" recover 2>&1 | tee "$output"
	said "$LAB_nvme0: taken from vfio-pci, given back to nvme" && as_before
}

# What check says is typed; here a daemon is started by hand.
systemctl() {
	[[ $* == "start libvirtd" ]] && start_libvirtd
}

without_libvirt() {
	local line
	end_libvirtd
	set_guest nvme
	"${command[@]}" </dev/null >"$output" 2>&1 && complain "it runs" && return 1
	cat "$output"
	said "^tenon: error: .*libvirt (qemu:///system) does not answer" && as_before || return
	"$TENON" check --json $file --kernel "$LAB_KERNEL" >/tmp/answer
	(($? == 2)) || complain "check does not see it" || return
	while IFS= read -r line; do
		echo "  \$ $line"
		eval "$line" || return
	done < <(jq -r '.findings[].remedy.commands[]' /tmp/answer)
	"$TENON" check $file --kernel "$LAB_KERNEL" || return
	taken_for_a_guest
}

# A domain has the disk: libvirt says so, and the domain goes on.
a_domain_has_it() {
	down
	domain control "$(hostdev nvme0)" && up && says 'TENON-GUEST tick' 90 || return
	set_guest nvme
	"${command[@]}" </dev/null >"$output" 2>&1 && complain "it runs" && return 1
	cat "$output"
	said "^tenon: error: $LAB_nvme0: .*domain lab\|^tenon: error: $LAB_nvme0: in use by .*" || return
	said "virsh -c qemu:///system destroy lab" || return
	in_state "running (unpaused)" || in_state "running (booted)" || return
	virsh -c qemu:///system destroy lab && wait_for 20 has_driver "$LAB_nvme0" nvme && taken_for_a_guest
}

# While the guest goes on, without it.
leaves() {
	local result=0
	started || return
	ctl remove "$LAB_nvme0" && wait_for 40 said "given back to nvme by libvirt" >/dev/null || result=1
	kill -0 "$guest_process" || complain "the guest has ended" || result=1
	kill -TERM "$guest_process"
	finish_guest
	((result == 0)) && as_before
}

prepare_libvirt
original=$(state)
check "libvirt takes a disk for a guest, and takes it back" taken_for_a_guest
check "SIGTERM gives it back by libvirt" terminated
check "after SIGKILL it is given back by libvirt" killed_alone
check "after SIGKILL of both processes recover gives it back by libvirt" killed_and_recovered
check "after SIGKILL of both the next guest takes it over and gives it back" killed_and_run_again
check "a disk that leaves its guest is given back by libvirt then" leaves
check "recover without libvirt's daemon says so, and gives it back when there is one" killed_without_libvirt
check "without libvirt's daemon nothing is touched, and check says what to type" without_libvirt
check "what a domain has is the domain's" a_domain_has_it
down
