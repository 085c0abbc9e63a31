#!/bin/bash
# A disk leaves the emulated host while a guest is at work on it: by the host's own hot-unplug, and pulled out without a word.
# The guest sees it removed and goes on with its network card; tenon ends well, and the host is clean.
# devices: nvme nvme e1000e
# limit: 240

. tests/lab/cases/lib.sh

# pull BDF: the emulated slot opens without asking: the host's port is told that its power and its power indicator are off,
# and lets its device go at that (PCI Express capability, slot control)
pull() {
	local port capability control
	port=$(dirname "$(realpath "/sys/bus/pci/devices/$1")")
	capability=$(python3 - "$port/config" <<-'END'
		import sys
		config = open(sys.argv[1], "rb").read(256)
		at = config[0x34]
		while at and config[at] != 0x10:
		    at = config[at + 1]
		print(at)
	END
	)
	control=$((capability + 0x18))
	python3 - "$port/config" "$control" <<-'END'
		import os, sys
		fd, at = os.open(sys.argv[1], os.O_RDWR), int(sys.argv[2])
		value = int.from_bytes(os.pread(fd, 2, at), "little")
		os.pwrite(fd, (value | 0x700).to_bytes(2, "little"), at)
	END
}

# leaves DISK-ID TEXT COMMAND...: TEXT is what tenon must say
leaves() {
	local disk=$1 says=$2
	start_guest unplug --cpus 2 --device "$(address "$disk")" --device "$LAB_e1000e0"
	guest_says 'TENON-GUEST at work' 90 || return
	"${@:3}"
	finish_guest
	guest_went_well $? || return
	grep -q -- "$says" "$output" || complain "tenon did not say: $says"
	for ((tries = 100; tries > 0; tries--)); do
		[[ -e /sys/bus/pci/devices/$(address "$disk") ]] || break
		sleep 0.1
	done
	[[ ! -e /sys/bus/pci/devices/$(address "$disk") ]] || complain "the host still has the disk" || return
	[[ -z $(holders) ]] || complain "somebody has VFIO, IOMMUFD or KVM open: $(holders)"
}

bind_all
check "hot-unplug on the host" leaves nvme0 "$LAB_nvme0: the guest let go of it; given back" \
	tests/lab/monitor device_del nvme0
check "pulled out" leaves nvme1 "$LAB_nvme1: it is gone from the host; taken from the guest" pull "$LAB_nvme1"
check "no complaint of the host's kernel" bash -c '! dmesg | grep -E "WARNING:|BUG:|Oops|blocked for more"'
