#!/bin/bash
# A Debian with systemd, on a virtio disk, under Debian's cloud kernel: fio writes and verifies by another virtio disk and by an NVMe disk
# that is passed through, both at once, and the host finds there what it wrote; iperf3 both ways by a tap device.
# devices: nvme
# guests: debian
# root: debian
# memory: 6G
# limit: 600
# long: yes

. tests/lab/cases/lib.sh
image=/tmp/root.img
data=/tmp/data.img
tree=$LAB_DEBIAN_ROOT/tree

write_job() {
	cat <<-END
		[global]
		ioengine=libaio
		direct=1
		rw=randwrite
		bsrange=4k-64k
		size=32m
		iodepth=16
		verify=crc32c
		verify_fatal=1
		verify_state_save=0
		[virtio-blk]
		filename=$1
		[nvme]
		filename=/dev/nvme0n1
	END
}

write_service() {
	cat <<-'END'
		[Unit]
		SuccessAction=poweroff
		FailureAction=poweroff
		[Service]
		Type=oneshot
		ExecStart=/bin/bash /lab
		StandardOutput=tty
		StandardError=tty
		TTYPath=/dev/ttyS0
	END
}

write_test() {
	cat <<-'END'
		say() { echo "TENON-GUEST $*"; }
		shows() {
			"$@" >/run/shown 2>&1 && return
			sed 's/^/TENON-GUEST error: /' /run/shown
			say "result fail debian: $*"
			exit 1
		}
		. /etc/os-release
		say "root $(grep ' / ' /proc/mounts | cut -d ' ' -f 1-3), $PRETTY_NAME, $(cat /proc/1/comm)"
		udevadm settle --timeout 30
		shows test -b /dev/vdb -a -b /dev/nvme0n1 -a -d /sys/class/net/eth0
		shows fio /job
		grep -E 'READ: |WRITE: ' /run/shown | while read -r line; do say "fio $line"; done
		shows ip addr add 10.9.0.2/24 dev eth0
		shows ip link set eth0 up
		for way in "" --reverse; do
			shows iperf3 --client 10.9.0.1 --time 3 --format M $way
			say "iperf3 $way $(grep receiver /run/shown)"
		done
		say "result ok debian"
	END
}

# into NAME PATH: standard input becomes that file of the root file system
into() {
	cat >"/tmp/$1"
	debugfs -w -R "write /tmp/$1 $2" $image 2>/dev/null
}

prepare() {
	cp --sparse=always "$LAB_DEBIAN_ROOT/root.img" $image || return
	write_test | into lab /lab
	write_job /dev/vdb | into job /job
	write_service | into lab.service /etc/systemd/system/lab.service
	truncate -s 64M $data
	ip tuntap add tap0 mode tap && ip addr add 10.9.0.1/24 dev tap0 && ip link set tap0 up || return
	mount --bind /dev "$tree/dev" && mount -t tmpfs tmpfs "$tree/tmp" || return
	chroot "$tree" iperf3 --server --bind 10.9.0.1 >/tmp/iperf3.log 2>&1 &
}

works() {
	local way
	guest debian --memory 1G --cpus 2 --kernel "$LAB_DEBIAN_GUESTS/cloud/vmlinuz" --initrd "$LAB_DEBIAN_GUESTS/cloud/initrd.img" \
		--cmdline "console=ttyS0 quiet root=/dev/vda rw net.ifnames=0 panic=-1" --disk $image --disk $data --net tap0 \
		--device "$LAB_nvme0" || return
	grep -q '^TENON-GUEST root /dev/vda / ext4, Debian GNU/Linux .*, systemd' "$output" || complain "its root is not Debian's" || return
	(($(grep -c '^TENON-GUEST iperf3.*Bytes/sec.*receiver' "$output") == 2)) || complain "iperf3 did not measure both ways" || return
	e2fsck -fn $image >/dev/null || complain "the file system is not whole"
}

# By the host's driver, and in the host's file.
has_what_was_written() {
	tests/lab/bind "$LAB_nvme0" host && wait_for 20 test -b /dev/nvme0n1 || return
	cp $data "$tree/tmp/data.img" && write_job /tmp/data.img >"$tree/tmp/job" || return
	sed -i 's/^direct=1$//' "$tree/tmp/job"
	chroot "$tree" fio --verify_only /tmp/job >/tmp/fio.log 2>&1 || {
		cat /tmp/fio.log
		return 1
	}
	grep -E 'READ: ' /tmp/fio.log
}

bind_all
prepare || exit
check "fio and iperf3" works
check "the host finds what fio wrote" has_what_was_written
