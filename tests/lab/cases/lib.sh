# What the lab's cases share. A case is a script that runs on the emulated host, in the project's folder; it sources
# this file and makes checks. TENON names the VMM under test (tests/lab/peer-qemu stands in to check the cases).
#
# A case's header tells the harness what it needs:
#   # First line: what it shows.
#   # devices: SPEC...     (as for ./run lab --device)
#   # limit: SECONDS       (for the whole case)
#   # kernel: newest       (only if 6.12 is not enough; 6.12: if newer ones differ; debian: Debian's own)
#   # kernel-parameters: WORDS (more of the emulated host's kernel's)
#   # guests: debian       (Debian's own kernels for guests, in the folder LAB_DEBIAN_GUESTS)
#   # root: debian         (a root file system of Debian's, in the folder LAB_DEBIAN_ROOT)
#   # libvirt: newest      (the newest within reach, unpacked in the folder LAB_NEWEST_LIBVIRT)
#   # selinux: tools       (that load its policy, in the folder LAB_SELINUX)
#   # qmp: client          (qemu.qmp, for Python, in the folder LAB_QMP)
#   # firmware: uefi       (of the emulated host, if not a BIOS)
#   # iommu: amd           (if not intel)
#   # memory: SIZE         (of the emulated host, if not 4G)
#   # nodes: N             (NUMA nodes that share it, if not 1)
#   # package: yes         (./run package before, for build/debian/*.deb)
#   # long: yes            (run by ./run test --all, or by name)
#   # times: N              (run on so many emulated hosts, one after another, each with attempts of its own)
#   # once: yes            (about the program, not about VFIO, iommufd, KVM's interrupts and memory, or system calls:
#                           ./run test --all does not repeat it on the newest kernel, as it does not repeat long ones)

set -u
TENON=${TENON:-build/vmm/tenon}
output=/tmp/output  # of the latest guest or of the latest tenon that was to fail
failed=0

[[ -x $TENON ]] || {
	echo "$TENON is not built; ./run build"
	exit 1
}
trap '[[ $failed -eq 0 ]] || exit 1' EXIT

# check NAME COMMAND...: one result of the case
check() {
	local name=$1 result=ok
	shift
	"$@" || result=fail failed=1
	printf '\nLAB-CHECK %s %s\n' "$result" "$name"
}

skip() {
	printf '\nLAB-CHECK skip %s: %s\n' "$1" "$2"
}

complain() {
	echo "case: $*"
	return 1
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || complain "waited in vain for: $*" || return
		sleep 0.2
	done
}

# address ID: where the host has the device, as in: address nvme0
address() {
	local variable=LAB_$1
	echo "${!variable}"
}

driver_of() { basename "$(readlink "/sys/bus/pci/devices/$1/driver")"; }

# has_driver BDF DRIVER
has_driver() { [[ $(driver_of "$1") == "$2" ]]; }

bind_all() {
	local id
	for id in $LAB_devices; do
		tests/lab/bind "$(address "$id")" || exit
	done
}

# make_vfs BDF COUNT: virtual functions that no driver of the host takes; their addresses, in order, in $vfs.
# A case that calls it says "memory: 2G": with more, firmware puts 64-bit BARs above 4 GiB, and QEMU 10.0 takes only the
# lower half of a VF's BAR address to be its address.
make_vfs() {
	local pf=/sys/bus/pci/devices/$1 number
	echo 0 >"$pf/sriov_drivers_autoprobe"
	echo "$2" >"$pf/sriov_numvfs" || exit
	vfs=
	for ((number = 0; number < $2; number++)); do
		vfs+=${vfs:+ }$(basename "$(readlink "$pf/virtfn$number")")
	done
}

# make_card_vfs BDF: two of a network card, which reach each other: they have addresses, and its interface is up
make_card_vfs() {
	local interface
	interface=$(basename "/sys/bus/pci/devices/$1"/net/*)
	ip link set "$interface" up
	make_vfs "$1" 2
	ip link set "$interface" vf 0 mac 02:00:00:00:00:0a
	ip link set "$interface" vf 1 mac 02:00:00:00:00:0b
}

# set_command TEST OPTION...: makes $command a guest that runs /tests/TEST, with its serial port on standard output
set_command() {
	command=("$TENON" run --memory 512M --kernel "$LAB_KERNEL" --initrd "$LAB_INITRD"
		--cmdline "console=ttyS0 quiet lab.test=$1" "${@:2}")
}

# guest TEST OPTION...: runs a guest to its end; right if its test was, and tenon ended well
guest() {
	set_command "$@"
	"${command[@]}" </dev/null 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}"
}

guest_went_well() {
	(($1 == 0)) || complain "tenon's exit code is $1" || return
	grep -q '^TENON-GUEST result ok' "$output" && ! grep -q '^TENON-GUEST result fail' "$output" ||
		complain "the guest did not say that all went well"
}

# restarts COUNT: a guest with one NVMe disk restarts that often
restarts() {
	local boots
	guest reboot --device "$LAB_nvme0" --cmdline "console=ttyS0 quiet lab.test=reboot lab.boots=$(($1 + 1))" || return
	boots=$(grep -c '^TENON-GUEST boot' "$output")
	((boots == $1 + 1)) || complain "the guest booted $boots times, not $(($1 + 1))"
}

# screen_shows ID FILE: what a guest says in FILE that it drew is on the screen of device ID, pixel by pixel. The lab's QEMU
# writes the screenshot, outside; so its place is one that is the same inside.
screen_shows() {
	local shot=build/lab/screen.$$.ppm size
	size=$(sed -n 's/^TENON-GUEST drawn \([0-9]* [0-9]*\).*/\1/p' "$2")
	sleep 1
	tests/lab/monitor screendump "$PWD/$shot" "$1"
	build/lab/draw ppm $size >/tmp/expected.ppm || return
	echo "screenshot: $(head -n 2 "$shot" | tail -n 1), expected: $size"
	cmp "$shot" /tmp/expected.ppm || complain "the screen does not show what was drawn"
}

# picture_right ID: a guest draws on device ID
picture_right() {
	local right
	start_guest display --device "$(address "$1")"
	guest_says '^TENON-GUEST drawn' 60 || return
	screen_shows "$1" "$output"
	right=$?
	end_guest HUP 129 && return $right
}

# contents_right ID DISK: the latest guest showed, as contents of its DISK, what the lab had put on that of device ID
contents_right() {
	local hash
	hash=$(seq -f "$1 %.0f" 1 50000 | head -c 512K | sha256sum | cut -c 1-64)
	grep -q "^TENON-GUEST contents: $hash on $2" "$output" || complain "$2 has not the contents of $1, $hash"
}

# start_guest TEST OPTION...: a guest in the background; tenon's process is $guest_process
start_guest() {
	set_command "$@"
	start_command
}

# start_command: the same with $command
start_command() {
	: >"$output"
	tail -f "$output" &
	tail_process=$!
	"${command[@]}" </dev/null >"$output" 2>&1 &
	guest_process=$!
}

# finish_guest: waits for its end; returns tenon's exit code
finish_guest() {
	local status
	wait "$guest_process"
	status=$?
	kill "$tail_process"
	return "$status"
}

# guest_says TEXT SECONDS: waits for it; a guest that does not say it is ended
guest_says() {
	local tries=$(($2 * 5))
	until grep -q -- "$1" "$output"; do
		if ! kill -0 "$guest_process" 2>/dev/null; then
			complain "the guest ended before it said '$1'"
		elif ((tries-- == 0)); then
			complain "the guest did not say '$1' in $2 s"
		else
			sleep 0.2
			continue
		fi
		kill -KILL "$guest_process" 2>/dev/null
		finish_guest
		return 1
	done
}

# end_guest SIGNAL EXPECTED-STATUS
end_guest() {
	local status
	kill -"$1" "$guest_process"
	finish_guest
	status=$?
	((status == $2)) || complain "after SIG$1 tenon's exit code is $status, not $2"
}

# ctl COMMAND...: to the guest that is called lab
ctl() { "$TENON" ctl lab "$@"; }

# descriptors: how many tenon's process has open
descriptors() { find "/proc/$guest_process/fd" -mindepth 1 | wc -l; }

# said TEXT [FILE]: tenon did
said() {
	grep -q -- "$1" "${2:-$output}" || complain "tenon did not say: $1"
}

# host_state: what a tenon that ended must have left as it was
host_state() {
	find /sys/bus/pci/devices/*/driver -printf '%p %l\n' 2>/dev/null
	grep -H . /sys/bus/pci/devices/*/{driver_override,enable}
	ls -l /dev/kvm /dev/iommu /dev/vfio /dev/vfio/devices 2>/dev/null
	holders
}

# state: the same, unless a case looks at more
state() { host_state; }

# as_before [STATE]: the state is that one, or $original
as_before() {
	local was=${1-$original} now
	now=$(state)
	[[ $now == "$was" ]] || complain "the host is not as before:" || diff <(echo "$was") <(echo "$now")
}

# holders: processes that have VFIO, IOMMUFD or KVM open
holders() {
	find /proc/[0-9]*/fd -lname '/dev/vfio/*' -o -lname /dev/iommu -o -lname '*kvm*' 2>/dev/null
}

# pull BDF: the emulated slot opens without asking: its port lets the device go when power and power indicator are turned off
# (PCI Express capability, slot control, bits 10 to 8). The host is told by hand, as its slots have no interrupt for it.
pull() {
	local device=/sys/bus/pci/devices/$1
	python3 - "$(dirname "$(realpath "$device")")/config" <<-'END'
		import os, sys
		fd = os.open(sys.argv[1], os.O_RDWR)
		config = os.pread(fd, 256, 0)
		at = config[0x34]
		while config[at] != 0x10:
		    at = config[at + 1]
		control = int.from_bytes(config[at + 0x18 : at + 0x1A], "little") | 0x700
		os.pwrite(fd, control.to_bytes(2, "little"), at + 0x18)
	END
	timeout 60 sh -c "echo 1 >$device/remove" || complain "the host could not remove it"
}
