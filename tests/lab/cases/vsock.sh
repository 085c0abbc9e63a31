#!/bin/bash
# Sockets between guest and host by vhost-vsock: data both ways, without message-signalled interrupts too; an address that is taken.
# limit: 150
# once: yes

. tests/lab/cases/lib.sh
head -c 4M /dev/urandom >/tmp/to-guest

sockets() {
	local receiver sender status
	build/lab/vsock listen 7001 >/tmp/from-guest &
	receiver=$!
	(sleep 3 && build/lab/vsock connect 5 7002 </tmp/to-guest) &
	sender=$!
	guest vsock --vsock 5 "$@"
	status=$?
	kill $receiver $sender 2>/dev/null
	wait $receiver $sender
	((status == 0)) || return
	grep -q "^TENON-GUEST sent: $(sha256sum </tmp/from-guest)" "$output" || complain "what the guest sent did not come" || return
	grep -q "^TENON-GUEST came: $(sha256sum </tmp/to-guest)" "$output" || complain "the guest got something else"
}

taken() {
	start_guest sleep --vsock 5
	guest_says "TENON-GUEST init" 60 || return
	"$TENON" run --kernel "$LAB_KERNEL" --serial none --vsock 5 >/tmp/second 2>&1 && complain "there are two" && return 1
	cat /tmp/second
	grep -q 'another guest has it' /tmp/second || complain "it is not said why" || return
	end_guest KILL 137
}

check "both ways" sockets
check "without message-signalled interrupts" sockets --cmdline "console=ttyS0 quiet pci=nomsi lab.test=vsock"
check "an address that is taken" taken
