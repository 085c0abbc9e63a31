#!/bin/bash
# Debian's own kernels as guests, generic and cloud, each with the initramfs that Debian's tools make for it, and a root file system on a disk.
# guests: debian
# limit: 900
# long: yes

. tests/lab/cases/lib.sh
tree=/tmp/tree
image=/tmp/root.img

# What the initramfs hands over to: it says what there is, and powers off.
make_root() {
	mkdir -p $tree/{bin,sbin,dev,proc,sys,run,tmp,etc,root}
	cp /bin/busybox $tree/bin/busybox
	ln -sf busybox $tree/bin/sh
	cat >$tree/sbin/init <<-'END'
		#!/bin/sh
		export PATH=/bin
		/bin/busybox --install -s /bin
		grep -q ' /proc ' /proc/mounts 2>/dev/null || mount -t proc proc /proc
		grep -q ' /sys ' /proc/mounts || mount -t sysfs sysfs /sys
		echo "TENON-GUEST root $(grep ' / ' /proc/mounts | cut -d ' ' -f 1-3)"
		echo "TENON-GUEST kernel $(uname -r), $(nproc) CPUs, clock $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
		echo "TENON-GUEST init $(cut -d ' ' -f 1 /proc/uptime)"
		mount -o remount,rw / && seq 1 100000 >/written && sync && echo "TENON-GUEST written $(sha256sum </written)"
		dmesg | sed 's/^/TENON-KERNEL /'
		echo 'TENON-GUEST result ok debian'
		poweroff -f
	END
	chmod +x $tree/sbin/init
	rm -f $image
	truncate -s 64M $image
	mke2fs -q -t ext4 -d $tree $image
}

# boots FLAVOUR OPTION...
boots() {
	local folder=$LAB_DEBIAN_GUESTS/$1 hash
	make_root || return
	hash=$(seq 1 100000 | sha256sum)
	guest debian --memory 1G --cpus 2 --kernel "$folder/vmlinuz" --initrd "$folder/initrd.img" --disk $image \
		--cmdline "console=ttyS0 quiet root=/dev/vda ro panic=-1" "${@:2}" || return
	grep -q '^TENON-GUEST root /dev/vda / ext4' "$output" || complain "its root is not the disk" || return
	grep -q "^TENON-GUEST written $hash" "$output" || complain "it did not write to its root" || return
	e2fsck -fn $image >/dev/null || complain "the file system is not whole" || return
	debugfs -R 'cat /written' $image 2>/dev/null | sha256sum | grep -qF "$hash" || complain "what it wrote is not there"
}

# What a kernel complains of at boot, but for what comes from the emulation.
says_nothing_bad() {
	grep -a '^TENON-KERNEL' "$output" | grep -aiE 'firmware bug|\[bios bug|acpi.*error|call trace|unable to|mtrr:.*(fail|inconsistent|strange)|tsc.*unstable' |
		grep -avE 'Unable to (handle|locate) .*(microcode|regulatory)' && complain "the kernel complains"
	return 0
}

check "cloud" boots cloud
check "cloud: nothing to complain of" says_nothing_bad
check "generic" boots generic
check "generic: nothing to complain of" says_nothing_bad
