#!/bin/bash
# A guest under the machine's own libvirt: its whole life, the daemon's death while it runs, and a disk of the host's that libvirt
# takes from its driver, gives the guest at start or later, and gives back.
# devices: nvme
# limit: 500
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/libvirt.lib

starts_paused() {
	domain button && up --paused && in_state "paused (user)" || return
	virsh resume lab && says 'listens' 60 && in_state "running (unpaused)" || return
	virsh dominfo lab && virsh vcpuinfo lab | tee /tmp/vcpus && virsh domstats lab --state --vcpu
	[[ $(awk '/^CPU:/ { print $2 }' /tmp/vcpus) != - ]] || complain "no thread of a vCPU"
}

stands_still_and_goes_on() {
	virsh suspend lab && in_state "paused (user)" && virsh resume lab && in_state "running (unpaused)"
}

resets() {
	quiet
	virsh reset lab && says 'listens' 60 && in_state "running (unpaused)"
}

what_is_not_there_is_refused() {
	local result=0
	virsh save lab /tmp/saved 2>&1 | tee /tmp/refused
	grep -q 'error' /tmp/refused || result=1
	in_state "running (save canceled)" || in_state "running (unpaused)" || result=1
	virsh snapshot-create lab 2>&1 | tee /tmp/refused
	grep -q 'error' /tmp/refused || result=1
	virsh send-key lab KEY_A 2>&1 | tee /tmp/refused
	grep -q 'error' /tmp/refused || result=1
	virsh qemu-monitor-command lab '{"execute":"human-monitor-command","arguments":{"command-line":"info qtree"}}' | tee /tmp/refused
	grep -q 'CommandNotFound' /tmp/refused || result=1
	virsh setmem lab 128M --live 2>&1 | tee /tmp/refused
	grep -q 'The guest keeps its memory' /tmp/refused || result=1
	return $result
}

powers_off() {
	virsh shutdown lab && in_state "shut off (shutdown)" 60 && says 'result ok button' 1 && ! emulator
}

restarts() {
	quiet
	up && says 'listens' 60 && quiet || return
	virsh reboot lab && says 'listens' 90 && [[ $(virsh domstate lab) == running* ]]
}

crash_is_seen() {
	quiet
	up && says 'listens' 60 && kill -KILL "$(emulator)" && in_state "shut off (crashed)"
}

panic_restarts() {
	down
	elements='<on_crash>restart</on_crash>' domain 'panic lab.x=1' && up && says 'panicking' 60 && quiet && says 'panicking' 90 || return
	down
	domain panic && up && in_state "shut off (crashed)" 90
}

is_off() { [[ $(virsh domstate lab) == "shut off"* ]]; }

restart_ends_it() {
	down
	elements='<on_reboot>destroy</on_reboot>' domain 'button lab.then=reboot' && up && says 'listens' 60 && virsh shutdown lab &&
		wait_for 60 is_off && virsh domstate lab --reason
}

refusal_names_the_element() {
	down
	elements="<clock offset='localtime'/>" domain none || return
	if virsh start lab 2>/tmp/refused; then
		complain "it was started with a clock that is not in UTC"
		return
	fi
	cat /tmp/refused
	grep -q "<clock offset='utc'/>" /tmp/refused
}

takes_a_disk() {
	down
	has_driver "$LAB_nvme0" nvme || complain "the host's driver is $(driver_of "$LAB_nvme0")" || return
	domain nvme "$(hostdev nvme0)" && up && says 'result ok nvme' 120 && in_state "shut off (shutdown)" 60 || return
	grep -o 'host=[^,]*.*addr=[^,]*' /var/log/libvirt/qemu/lab.log | tail -n 1
	wait_for 20 has_driver "$LAB_nvme0" nvme
}

# Who has it is told while the guest runs.
crash_gives_the_disk_back() {
	down
	domain control "$(hostdev nvme0)" && up && says 'TENON-GUEST tick' 90 || return
	"$TENON" devices -v "$LAB_nvme0" | grep "held by .*libvirt's domain lab" || complain "it is not told who has it" || return
	"$TENON" run --libvirt-domain lab && complain "two run the domain" && return 1
	has_driver "$LAB_nvme0" vfio-pci && kill -KILL "$(emulator)" && in_state "shut off (crashed)" &&
		wait_for 20 has_driver "$LAB_nvme0" nvme
}

disk_comes_and_goes() {
	local cycle
	down
	hostdev nvme0 >/tmp/disk.xml
	domain 'hotplug lab.cycles=2' && up && says 'waits for a disk' 60 || return
	for cycle in 1 2; do
		virsh attach-device lab /tmp/disk.xml && says "cycle $cycle: at work" 90 || return
		virsh dumpxml lab | grep -A 6 '<hostdev'
		virsh detach-device lab /tmp/disk.xml && says "cycle $cycle: the disk is gone" 90 &&
			wait_for 40 has_driver "$LAB_nvme0" nvme || return
	done
	says 'result ok hotplug' 60 && in_state "shut off (shutdown)" 60
}

# Of devices that are flat on a PC's bus, whatever order they are named in.
addresses_are_the_domains() {
	local bus="type='pci' domain='0x0000' bus='0x00'"
	down
	domain nvme "$(hostdev nvme0 "<address $bus slot='0x09' function='0x0'/>")<memballoon model='virtio'><address $bus slot='0x05' function='0x0'/></memballoon>" &&
		up && says 'result ok nvme' 120 && in_state "shut off (shutdown)" 60 || return
	grep '^  0000:' $console
	grep -q '0000:00:09.0 class 010802' $console && grep -q '0000:00:05.0 class 00ff00' $console || complain "they are elsewhere"
}

on_q35() {
	machine=q35 takes_a_disk && machine=q35 disk_comes_and_goes
}

# The other way round: tenon has libvirt take the disk from its driver.
node_devices() {
	down
	"$TENON" bind --libvirt qemu:///system "$LAB_nvme0" && has_driver "$LAB_nvme0" vfio-pci || return
	virsh nodedev-dumpxml "pci_${LAB_nvme0//[:.]/_}" | grep -A 2 '<driver>'
	"$TENON" unbind "$LAB_nvme0" && has_driver "$LAB_nvme0" nvme
}

# Without libvirt, but for the disk, which it is asked for.
tenon_runs_a_domain() {
	elements="<cputune><vcpupin vcpu='0' cpuset='1'/></cputune>" domain nvme "$(hostdev nvme0)" || return
	"$TENON" plan --libvirt-domain lab | tee /tmp/plan
	grep -q "$LAB_nvme0" /tmp/plan || return
	"$TENON" run --libvirt-domain lab --connect qemu:///system --serial stdio </dev/null 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}" && has_driver "$LAB_nvme0" nvme || return
	"$TENON" plan --libvirt-domain nobody && complain "there is a domain called nobody" && return 1
	domain none "<interface type='network'><source network='default'/><model type='virtio'/></interface>" &&
		"$TENON" plan --libvirt-domain lab 2>/tmp/refused
	cat /tmp/refused
	grep -q "<interface type='ethernet'>" /tmp/refused
}

connection_is_unharmed() {
	virsh list --all && virsh nodedev-list --cap pci | head -n 5 && virsh domcapabilities --emulatorbin /usr/bin/tenon-qemu >/tmp/capabilities &&
		grep -A 40 '<hostdev' /tmp/capabilities | head -n 30
}

prepare_libvirt
check "a guest starts paused, and runs" starts_paused
check "it is suspended and resumed" stands_still_and_goes_on
check "its console" console_shows_the_guest
check "it is reset" resets
check "what is not there is refused, and it goes on" what_is_not_there_is_refused
check "it survives the daemon" survives_the_daemon
check "its power button" powers_off
check "it is rebooted" restarts
check "it is destroyed" is_destroyed
check "its emulator's death is seen" crash_is_seen
check "its kernel's panic is seen" panic_restarts
check "a restart ends it, where that is asked for" restart_ends_it
check "a refusal names the element" refusal_names_the_element
check "a disk of the host's, and back" takes_a_disk
check "who has a disk is told, and a crash gives it back" crash_gives_the_disk_back
check "a disk comes and goes" disk_comes_and_goes
check "addresses are those of the domain" addresses_are_the_domains
check "root ports: a disk at start, and one that comes and goes" on_q35
check "tenon takes a disk by libvirt" node_devices
check "tenon runs a domain" tenon_runs_a_domain
check "the connection is unharmed" connection_is_unharmed
down
