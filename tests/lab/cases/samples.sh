#!/bin/bash
# The guests of configs/, each with its devices at work; devices by variables of the environment, the lab's test by options.
# devices: nvme e1000e igb edu edu rtl8139 xhci testdev nvme ivshmem,size=8G bochs
# memory: 2G
# limit: 500
# long: yes

. tests/lab/cases/lib.sh
export KERNEL=$LAB_KERNEL INITRD=$LAB_INITRD

# sample NAME TEST OPTION...: the guest of configs/NAME.yaml, with less memory than it would have
sample() {
	"$TENON" run "configs/$1.yaml" --memory 512M --cmdline "console=ttyS0 quiet lab.test=$2" "${@:3}" </dev/null 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}"
}

nic() {
	NIC=$LAB_e1000e0 sample nic network
}

vf() {
	local interface
	interface=$(basename /sys/bus/pci/devices/"$LAB_igb0"/net/*)
	ip link set "$interface" up
	make_vfs "$LAB_igb0" 1
	tests/lab/bind "$vfs"
	VF=$vfs sample vf vf || return
	echo 0 >"/sys/bus/pci/devices/$LAB_igb0/sriov_numvfs"
}

# The disk is made while the host's own driver has it.
make_disk() {
	local disk tries=50
	tests/lab/bind "$LAB_nvme1" host
	until disk=$(ls -d /sys/bus/pci/devices/"$LAB_nvme1"/nvme/nvme*/nvme*n1 2>/dev/null); do
		((tries-- > 0)) || complain "the host has no disk" || return
		sleep 0.2
	done
	disk=/dev/$(basename "$disk")
	mkfs.ext4 -q -F "$disk" && mkdir -p /tmp/disk && mount "$disk" /tmp/disk || return
	(cd /tmp/disk && busybox cpio -idm <"$INITRD" 2>/dev/null)
	umount /tmp/disk
	tests/lab/bind "$LAB_nvme1"
}

nvme_boot() {
	make_disk || return
	NVME=$LAB_nvme1 ROOT=/dev/nvme0n1 "$TENON" run configs/nvme-boot.yaml --memory 512M \
		--cmdline "console=ttyS0 root=/dev/nvme0n1 rw init=/init lab.test=none" </dev/null 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}" || return
	grep -q 'EXT4-fs (nvme0n1): mounted' "$output" || complain "its root file system is not the disk"
}

# An option replaces the file's device: without its clique.
gpu() {
	echo 256 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
	tests/lab/bind "$LAB_ivshmem0" && tests/lab/bind "$LAB_bochs0" || return
	export GPU0=$LAB_bochs0 GPU1=$LAB_ivshmem0 HUGEPAGES=2M P2P=auto
	command=("$TENON" run configs/gpu.yaml --memory 512M --cmdline "console=ttyS0 quiet lab.test=display"
		--device "$GPU0" --device "$GPU1")
	start_command
	guest_says '^TENON-GUEST drawn' 60 || return
	grep -q 'id 1af4:1110 ' "$output" || complain "the guest has no device with a large BAR"
	end_guest KILL 137
}

gpu_clique() {
	GPU0=$LAB_bochs0 GPU1=$LAB_ivshmem0 HUGEPAGES=2M P2P=auto "$TENON" plan configs/gpu.yaml --memory 512M >"$output" 2>&1 && return 1
	cat "$output"
	grep -q "gpudirect-clique is for NVIDIA display controllers" "$output"
}

many() {
	local id number=0
	for id in nvme0 e1000e0 igb0 edu0 edu1 rtl8139_0 xhci0 testdev0; do
		tests/lab/bind "$(address "$id")" || return
		export "DEV$((++number))=$(address "$id")"
	done
	sample many-devices nvme,network,edu,usb,testdev
}

tests/lab/bind "$LAB_e1000e0" || exit
check "a network card" nic
check "a virtual function" vf
check "a guest that lives on its NVMe disk" nvme_boot
check "a display and a BAR of 8 GiB, in huge pages" gpu
check "cliques are for NVIDIA's" gpu_clique
check "eight devices" many
