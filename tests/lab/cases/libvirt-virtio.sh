#!/bin/bash
# Disks and network cards under the machine's own libvirt, which makes the tap device and opens vhost-net: at start, and coming and
# going; memory of huge pages, and a balloon.
# limit: 400
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/libvirt.lib
image=$images/disk.img

# disk [XML]: of an empty image
disk() {
	rm -f $image && truncate -s 64M $image
	echo "<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none' io='io_uring' discard='unmap'/><source file='$image'/>" \
		"<target dev='vda' bus='virtio'/>${1:-}</disk>"
}

reads_and_writes() {
	down
	domain disk,rng "$(disk '<serial>LV1</serial>')<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>" && up &&
		says 'serial LV1' 60 && says 'result ok rng' 90 || return
	in_state "shut off (shutdown)" 30
}

# network [XML]: a guest's card, with what is sent and got held against what came and was sent
network() {
	local receiver sender result
	down
	dd if=/dev/urandom of=/tmp/to-guest bs=64k count=160 status=none
	rm -f /tmp/open && mkfifo /tmp/open
	domain net "<interface type='ethernet'><mac address='52:54:00:12:34:56'/><target dev='lab0'/><model type='virtio'/>$1</interface>" &&
		up --paused && ip addr add 10.9.0.1/24 dev lab0 && ip link set lab0 up || return
	busybox nc -l -p 7001 <>/tmp/open >/tmp/from-guest &
	receiver=$!
	busybox nc -l -p 7002 </tmp/to-guest &
	sender=$!
	virsh resume lab && says 'result ok net' 120 && in_state "shut off (shutdown)" 30
	result=$?
	kill $receiver $sender 2>/dev/null
	wait $receiver $sender
	grep -o -- '-netdev.*' /var/log/libvirt/qemu/lab.log | tail -n 1
	((result == 0)) || return
	grep -q "^TENON-GUEST sent: $(sha256sum </tmp/from-guest)" $console || complain "what the guest sent did not come" || return
	grep -q "^TENON-GUEST came: $(sha256sum </tmp/to-guest)" $console || complain "the guest got something else" || return
	grep -q '^TENON-GUEST card: 52:54:00:12:34:56' $console || complain "the card has another address"
}

# A disk and a card come to the running guest, are at work, and go again.
come_and_go() {
	local cycle
	down
	rm -f $image && truncate -s 64M $image
	disk >/tmp/disk.xml
	echo "<interface type='ethernet'><mac address='52:54:00:12:34:57'/><target dev='lab0'/><model type='virtio'/></interface>" >/tmp/card.xml
	domain 'hotplug-virtio lab.cycles=2' "<controller type='pci' index='1' model='pcie-root-port'/><controller type='pci' index='2' model='pcie-root-port'/><controller type='pci' index='3' model='pcie-root-port'/>" &&
		up && says 'waits for devices' 60 || return
	for cycle in 1 2; do
		virsh attach-device lab /tmp/disk.xml && virsh attach-device lab /tmp/card.xml && ip addr add 10.9.0.1/24 dev lab0 &&
			ip link set lab0 up && says "cycle $cycle: at work" 90 || return
		virsh domblklist lab && virsh detach-device lab /tmp/disk.xml && virsh detach-device lab /tmp/card.xml &&
			says "cycle $cycle: all are gone" 90 || return
		wait_for 30 gone vda && wait_for 30 gone lab0 || return
	done
	says 'result ok hotplug-virtio' 60 && in_state "shut off (shutdown)" 60
}

# gone DEVICE: from what libvirt says the guest has
gone() { ! virsh dumpxml lab | grep -q "dev='$1'"; }

has_a_balloon() {
	down
	domain balloon && up && says 'result ok balloon' 60 && in_state "shut off (shutdown)" 30
}

huge_pages() {
	down
	echo 160 >/proc/sys/vm/nr_hugepages
	mkdir -p /dev/hugepages && { mountpoint -q /dev/hugepages || mount -t hugetlbfs hugetlbfs /dev/hugepages; } || return
	elements="<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages><source type='memfd'/></memoryBacking>" \
		domain button && up && says 'listens' 60 || return
	grep '^HugePages_Free' /proc/meminfo
	(($(awk '/^HugePages_Free/ { print $2 }' /proc/meminfo) <= 32)) || complain "the guest has no huge pages" || return
	virsh destroy lab
	echo 0 >/proc/sys/vm/nr_hugepages
}

machine_q35() {
	machine=q35 "$@"
}

prepare_libvirt
check "a disk and random numbers" reads_and_writes
check "a card by vhost-net" network ""
check "two queues by vhost-net" network "<driver name='vhost' queues='2'/>"
check "a disk and a card come and go" machine_q35 come_and_go
check "a balloon that is never inflated" has_a_balloon
check "huge pages" huge_pages
down
