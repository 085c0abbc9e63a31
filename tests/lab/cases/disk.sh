#!/bin/bash
# Disks by virtio-blk: data that is checked from outside, a full host, read-only and discarded disks, restarts under I/O, a disk by NVMe beside.
# devices: nvme
# limit: 400
# once: yes

. tests/lab/cases/lib.sh
bind_all
image=/tmp/disk.img

# anew SIZE: an empty image
anew() {
	rm -f $image
	truncate -s "$1" $image
}

# The guest changes an ext4 file system; what it says that is in it is held against what is there.
file_system() {
	local folder=/tmp/tree
	mkdir -p $folder
	seq 1 200000 >$folder/numbers
	anew 64M
	mkfs.ext4 -q -d $folder $image || return
	guest disk-files --disk $image --cpus 2 || return
	grep -q "^TENON-GUEST numbers: $(sha256sum <$folder/numbers)" "$output" || complain "the guest read something else" || return
	e2fsck -fn $image || complain "the file system is not whole" || return
	debugfs -R 'cat /copy' $image 2>/dev/null | cmp - $folder/numbers || complain "what the guest wrote is not there" || return
	[[ $(debugfs -R 'cat /random' $image 2>/dev/null | sha256sum) == "$(sed -n 's/^TENON-GUEST random: //p' "$output" | tr -d '\r')" ]] ||
		complain "what the guest wrote at random is not there"
}

read_only() {
	local before
	anew 8M
	seq 1 1000000 | dd of=$image conv=notrunc status=none
	before=$(sha256sum $image)
	guest disk --disk "$image,readonly=yes" --cmdline "console=ttyS0 quiet lab.test=disk lab.disk=readonly" || return
	[[ $(sha256sum $image) == "$before" ]] || complain "it changed"
}

full() {
	mkdir -p /tmp/small
	mount -t tmpfs -o size=8M tmpfs /tmp/small || return
	truncate -s 64M /tmp/small/disk.img
	guest disk --disk /tmp/small/disk.img --cmdline "console=ttyS0 quiet lab.test=disk lab.disk=full" || return
	[[ $(grep -c '^tenon: error: .*No space left on device' "$output") == 1 ]] || complain "it is not said once"
}

discarded() {
	local used
	anew 32M
	guest disk --disk $image --cmdline "console=ttyS0 quiet lab.test=disk lab.disk=discard" || return
	used=$(du -k $image | cut -f 1)
	((used <= 24 * 1024)) || complain "$used KiB are used"
}

# Two writers of one file cannot be.
locked() {
	anew 16M
	start_guest sleep --disk $image --cmdline "console=ttyS0 quiet lab.test=sleep"
	guest_says "TENON-GUEST init" 60 || return
	"$TENON" run --kernel "$LAB_KERNEL" --serial none --disk $image >/tmp/second 2>&1 && complain "there are two" && return 1
	cat /tmp/second
	grep -q "disk $image: tenon (pid [0-9]*) has it in use" /tmp/second || complain "it is not said why" || return
	end_guest KILL 137 || return
	guest disk --disk $image --cmdline "console=ttyS0 quiet lab.test=disk lab.size=1"
}

# Stopped and continued while both disks are written and verified.
stops_under_io() {
	local count=0 changed=0 before
	anew 40M
	start_guest disk-nvme --name lab --cpus 2 --disk $image --device "$LAB_nvme0"
	guest_says 'TENON-GUEST at work' 90 || return
	while ctl pause 2>/dev/null; do
		sleep 0.2 # for what is under way
		before=$(cksum <$image)
		sleep 0.2
		[[ $(cksum <$image) == "$before" ]] || changed=1
		ctl resume && ((count += 1))
		sleep 0.1
	done
	echo "stopped and continued $count times"
	finish_guest
	guest_went_well $? || return
	((changed == 0)) || complain "the disk was written in a guest that stood still" || return
	((count >= 3)) || complain "it was stopped $count times only"
}

# A machine that restarts in the middle of writing is whole, and its disk can be used.
restarts_under_io() {
	local boots
	anew 64M
	guest disk-restart --disk $image --cpus 2 --cmdline "console=ttyS0 quiet lab.test=disk-restart lab.boots=5" || return
	boots=$(grep -c '^TENON-GUEST boot' "$output")
	((boots == 5)) || complain "the guest booted $boots times, not 5"
}

device() {
	anew 32M
	local loop
	loop=$(losetup --find --show $image) || return
	guest disk --disk "$loop,direct=yes" || return
	losetup -d "$loop"
}

check "a file system, checked from outside" file_system
anew 32M
check "two CPUs, a queue each" guest disk --disk $image,serial=lab-1 --cpus 2
check "without message-signalled interrupts" guest disk --disk $image --cmdline "console=ttyS0 quiet pci=nomsi lab.test=disk lab.size=4"
check "read-only" read_only
check "the host's disk is full" full
check "discarded and made zero" discarded
check "one guest at a time" locked
check "restarts under I/O" restarts_under_io
check "a block device, past the page cache" device
check "beside an NVMe disk that is passed through" guest disk-nvme --disk $image --device "$LAB_nvme0" --cpus 2
check "stopped and continued under I/O" stops_under_io
check "random numbers" guest rng --rng host
