#!/bin/bash
# Network cards by virtio-net: pings and files both ways with their checksums, by vhost-net and without, several queues, restarts.
# limit: 300
# once: yes

. tests/lab/cases/lib.sh
mount -t tmpfs tmpfs /mnt
mkfifo /mnt/open # the input of who only receives: its end would end the other side's nc
dd if=/dev/urandom of=/mnt/to-guest bs=64k count=160 status=none

# tap NAME OPTION...: a tap device with the host's end of the wire
tap() {
	ip tuntap add "$1" mode tap "${@:2}" && ip addr add 10.9.0.1/24 dev "$1" && ip link set "$1" up
}

# network TAP-OPTIONS OPTION...: the guest's test; what it sent and got is held against what came and was sent
network() {
	local options=$1 status receiver sender
	shift
	# shellcheck disable=SC2086
	tap tap0 $options || return
	busybox nc -l -p 7001 <>/mnt/open >/mnt/from-guest &
	receiver=$!
	busybox nc -l -p 7002 </mnt/to-guest &
	sender=$!
	guest net "$@"
	status=$?
	kill $receiver $sender 2>/dev/null
	wait $receiver $sender
	ip link del tap0
	((status == 0)) || return
	grep -q "^TENON-GUEST sent: $(sha256sum </mnt/from-guest)" "$output" || complain "what the guest sent did not come" || return
	grep -q "^TENON-GUEST came: $(sha256sum </mnt/to-guest)" "$output" || complain "the guest got something else"
}

# Its address is the same each time, and what was asked for.
address() {
	network "" --net tap0,mac=52:54:00:12:34:56,mtu=1400 --cmdline "console=ttyS0 quiet lab.test=net lab.mtu=1400" || return
	grep -q '^TENON-GUEST card: 52:54:00:12:34:56, mtu 1400' "$output" || complain "the card has another address"
}

# What is said is typed.
refused() {
	local remedy
	"$TENON" run --kernel "$LAB_KERNEL" --serial none --net tap9 >"$output" 2>&1 && complain "it ran" && return 1
	cat "$output"
	grep -q 'network device tap9: there is none' "$output" || return
	remedy=$(sed -n 's/^tenon: remedy: //p' "$output")
	eval "$remedy" && "$TENON" check --kernel "$LAB_KERNEL" --serial none --net tap9
}

check "by vhost-net" network "" --net tap0,vhost=on
check "without vhost-net" network "" --net tap0,vhost=off
check "address and MTU" address
check "two pairs of queues by vhost-net" network multi_queue --cpus 2 --net tap0,queues=2,vhost=on
check "two pairs of queues without" network multi_queue --cpus 2 --net tap0,queues=2,vhost=off
check "without message-signalled interrupts" network "" --net tap0,vhost=on --cmdline "console=ttyS0 quiet pci=nomsi lab.test=net"
check "a tap device that is not there" refused
