#!/bin/bash
# Disks and network cards under the machine's own libvirt, which makes the tap device and opens vhost-net: at start, and coming and
# going; sockets; memory of huge pages and of the host's nodes, and a balloon; channels and consoles.
# devices: nvme
# nodes: 2
# limit: 600
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

# The host's file is as it was.
is_read_only() {
	local before xml
	down
	xml=$(disk '<readonly/>')
	before=$(sha256sum <$image)
	domain 'disk lab.disk=readonly' "$xml" && up && says 'result ok disk' 90 && in_state "shut off (shutdown)" 30 || return
	[[ $(sha256sum <$image) == "$before" ]] || complain "it changed"
}

# One of the host's own, whole: its driver there is the host's.
is_a_block_device() {
	local node
	down
	node=/dev/$(basename "$(ls -d "/sys/bus/pci/devices/$LAB_nvme0"/nvme/nvme*/nvme*n1)")
	domain 'disk' "<disk type='block' device='disk'><driver name='qemu' type='raw' cache='none' io='io_uring'/><source dev='$node'/>
		<target dev='vda' bus='virtio'/></disk>" && up && says 'result ok disk' 90 && in_state "shut off (shutdown)" 30 || return
	grep -o '{"driver":"host_device"[^}]*}' /var/log/libvirt/qemu/lab.log | tail -n 1
	build/lab/diskio "$node" verify 2 16 || complain "$node has not what the guest wrote"
}

# What libvirt would do with a disk while the guest runs; the disk is at work after it.
keeps_its_disk() {
	local command result=0
	down
	domain 'button,disk' "$(disk)" && up && says 'listens' 60 || return
	for command in "snapshot-create-as lab one --disk-only" "snapshot-create-as lab two" "blockcopy lab vda /tmp/copy.img --wait" \
		"blockresize lab vda 128M" "blkdeviotune lab vda --total-bytes-sec 1000000"; do
		if timeout 60 virsh $command >/tmp/refused 2>&1; then
			complain "it was done: virsh $command" || result=1
		fi
		grep -m 1 '^error: ' /tmp/refused || complain "no error: virsh $command" || result=1
	done
	virsh domblklist lab | grep "$image" || complain "it has another disk" || result=1
	virsh shutdown lab && says 'result ok disk' 90 && in_state "shut off (shutdown)" 30 && return "$result"
}

# Of the one by virtio.
terminal_of_console() {
	virsh dumpxml lab | python3 -c 'if True:
		import sys, xml.etree.ElementTree as tree
		for console in tree.parse(sys.stdin).iter("console"):
		    if console.find("target").get("type") == "virtio":
		        print(console.find("source").get("path"))'
}

channels_stay() {
	local command
	echo "<channel type='pty'><target type='virtio' name='org.example.later'/></channel>" >/tmp/later.xml
	virsh dumpxml lab | python3 -c 'if True:
		import sys, xml.etree.ElementTree as tree
		for channel in tree.parse(sys.stdin).iter("channel"):
		    if channel.find("target").get("name") == "org.example.agent":
		        tree.ElementTree(channel).write("/tmp/there.xml")'
	for command in "attach-device lab /tmp/later.xml" "detach-device lab /tmp/there.xml"; do
		if timeout 60 virsh $command >/tmp/refused 2>&1; then
			complain "it was done: virsh $command" || return
		fi
		grep -m 1 '^error: ' /tmp/refused
		grep -E 'there when a guest starts|does not leave' /tmp/refused || complain "it is not said why" || return
	done
	virsh dumpxml lab | grep -q "name='org.example.agent' state='connected'" || complain "libvirt takes it for gone"
}

# Two channels of one controller, one of them with its socket where libvirt has such, and a console; the guest answers at two.
has_channels() {
	down
	rm -f /tmp/channel.sock
	domain 'channel,console lab.channel=org.example.agent' "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
		<channel type='unix'><source mode='bind' path='/tmp/channel.sock'/><target type='virtio' name='org.example.agent'/></channel>
		<console type='pty'><target type='serial'/></console><console type='pty'><target type='virtio' port='1'/></console>" && up &&
		says 'channel org.example.agent is' 60 || return
	wait_for 20 eval "virsh dumpxml lab | grep \"name='org.example.agent' state='connected'\"" &&
		channels_stay && python3 tests/lab/answers.py /tmp/channel.sock hello=HELLO again=AGAIN end=END && says 'waits at hvc0' 60 &&
		python3 tests/lab/answers.py "$(terminal_of_console)" hello=HELLO end=END &&
		says 'result ok console' 30 && in_state "shut off (shutdown)" 30 || return
	grep -E '^-device .*(virtio-serial|virtserialport|virtconsole)' /var/log/libvirt/qemu/lab.log | tail -n 4
	[[ ! -e /tmp/channel.sock ]] || complain "a socket is left behind"
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
	domain 'hotplug-virtio lab.cycles=2' "${1:-}" &&
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

sockets() {
	local receiver sender result
	down
	head -c 4M /dev/urandom >/tmp/to-guest
	build/lab/vsock listen 7001 >/tmp/from-guest &
	receiver=$!
	domain vsock "<vsock model='virtio'><cid auto='no' address='5'/></vsock>" && up && says 'listening' 60 &&
		build/lab/vsock connect 5 7002 </tmp/to-guest && says 'result ok vsock' 60 && in_state "shut off (shutdown)" 30
	result=$?
	kill $receiver 2>/dev/null
	wait $receiver
	((result == 0)) || return
	grep -q "^TENON-GUEST sent: $(sha256sum </tmp/from-guest)" $console || complain "what the guest sent did not come" || return
	grep -q "^TENON-GUEST came: $(sha256sum </tmp/to-guest)" $console || complain "the guest got something else"
}

# huge_pages [XML]: more of <memoryBacking>
huge_pages() {
	local free
	down
	echo 160 >/proc/sys/vm/nr_hugepages
	elements="<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages>$1</memoryBacking>" domain button && up &&
		says 'listens' 60 || return
	free=$(awk '/^HugePages_Free/ { print $2 }' /proc/meminfo)
	virsh destroy lab
	echo 0 >/proc/sys/vm/nr_hugepages
	echo "free: $free pages"
	((free <= 32)) || complain "the guest has no huge pages"
}

# Nodes of the guest's from nodes of the host's.
nodes() {
	local map
	down
	domain 'numa,button' || return
	sed -i -e "s,<vcpu>1</vcpu>,<vcpu>4</vcpu><numatune><memory mode='strict' nodeset='0-1'/><memnode cellid='0' mode='strict' nodeset='1'/><memnode cellid='1' mode='strict' nodeset='0'/></numatune>," \
		-e "s,<cpu mode='host-passthrough'/>,<cpu mode='host-passthrough'><topology sockets='2' cores='2' threads='1'/><numa><cell id='0' cpus='0-1' memory='128' unit='MiB'/><cell id='1' cpus='2-3' memory='128' unit='MiB'/></numa></cpu>," /tmp/lab.xml
	virsh undefine lab && virsh define /tmp/lab.xml && up && says 'node0: cpus 0-1 memory 1[0-9][0-9] MiB' 60 && says 'node1: cpus 2-3' 20 && says 'listens' 20 || return
	grep -o -- '-numa.*' /var/log/libvirt/qemu/lab.log
	map=$(grep memfd:tenon-ram "/proc/$(emulator)/numa_maps")
	virsh destroy lab
	echo "$map"
	grep -q 'bind:1 ' <<<"$map" && grep -q 'bind:0 ' <<<"$map" || complain "its memory is not of the host's two nodes"
}

# libvirt itself pins the threads that the emulator tells it of.
pinned() {
	local thread
	down
	elements="<cputune><vcpupin vcpu='0' cpuset='1'/></cputune>" domain button && up && says 'listens' 60 || return
	virsh vcpupin lab
	thread=$(virsh qemu-monitor-command lab '{"execute":"query-cpus-fast"}' | jq '.return[0]["thread-id"]')
	grep Cpus_allowed_list "/proc/$(emulator)/task/$thread/status" | tee /tmp/allowed
	virsh vcpupin lab 0 0 && grep -q '	0$' "/proc/$(emulator)/task/$thread/status" && grep -q '	1$' /tmp/allowed ||
		complain "the vCPU's thread is not where it was pinned"
}

on_q35() {
	machine=q35 come_and_go "<controller type='pci' index='1' model='pcie-root-port'/><controller type='pci' index='2' model='pcie-root-port'/><controller type='pci' index='3' model='pcie-root-port'/>"
}

# libvirt looks for huge pages when it starts.
mkdir -p /dev/hugepages && { mountpoint -q /dev/hugepages || mount -t hugetlbfs hugetlbfs /dev/hugepages; } || exit
prepare_libvirt
check "a disk and random numbers" reads_and_writes
check "a disk that is only read" is_read_only
check "a disk of the host's" is_a_block_device
check "what is not done with a disk" keeps_its_disk
check "a card by vhost-net" network ""
check "a card without" network "<driver name='qemu'/>"
check "two queues by vhost-net" network "<driver name='vhost' queues='2'/>"
check "sockets" sockets
check "a disk and a card come and go" come_and_go
check "root ports: a disk and a card come and go" on_q35
check "a balloon that is never inflated" has_a_balloon
check "channels and a console" has_channels
check "huge pages" huge_pages ""
check "huge pages of a memfd" huge_pages "<source type='memfd'/>"
check "nodes" nodes
check "a vCPU is pinned" pinned
down
