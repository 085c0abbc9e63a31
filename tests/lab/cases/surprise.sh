#!/bin/bash
# A disk leaves the emulated host while a guest is at work on it: by the host's own hot-unplug, and pulled out without a word.
# The guest sees it removed and goes on with its network card; tenon ends well, and the host is clean.
# devices: nvme nvme e1000e
# limit: 240

. tests/lab/cases/lib.sh

# leaves DISK-ID TEXT COMMAND...: TEXT is what tenon must say
leaves() {
	local disk=$1 says=$2
	start_guest unplug --cpus 2 --device "$(address "$disk")" --device "$LAB_e1000e0"
	guest_says 'TENON-GUEST at work' 90 || return
	"${@:3}"
	finish_guest
	guest_went_well $? || return
	said "$says" || return
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
