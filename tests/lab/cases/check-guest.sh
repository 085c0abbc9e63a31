#!/bin/bash
# tenon check: what a guest's network cards, sockets and files need of the host; what it says is typed, and then the guest runs.
# limit: 120
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

has_tap() {
	ip tuntap show | grep -q "^$1: tap" || complain "there is no $1"
}

no_tap() {
	remedied network guest "${kernel[@]}" --net tap0 && has_tap tap0 && guest none --net tap0
}

too_few_queues() {
	remedied network guest "${kernel[@]}" --net tap0,queues=2 && guest none --cpus 2 --net tap0,queues=2
}

no_tap_at_all() {
	ip link add dummy type veth peer name other
	finds 2 network guest "${kernel[@]}" --net dummy || return
	eval "$(says 'ip tuntap add tap[0-9]* mode tap user root' | sed s/tap0/tap1/)" && ready 0 "${kernel[@]}" --net tap1
}

# The module is built in here; a node that somebody removed is made by udev or by hand.
no_tun() {
	mv /dev/net/tun /tmp/tun
	finds 2 node guest "${kernel[@]}" --net tap0,queues=2
	local result=$?
	mv /tmp/tun /dev/net/tun
	return $result
}

no_folder() {
	remedied place guest "${kernel[@]}" --control /tmp/sockets/here/control && guest none --control /tmp/sockets/here/control
}

other_file() {
	echo >/tmp/plain
	finds 2 place guest "${kernel[@]}" --control /tmp/plain && ready 0 "${kernel[@]}" --control /tmp/another
}

many_cpus() {
	finds 1 cpus guest "${kernel[@]}" --cpus 195,sockets=3 || return
	local fewer all
	fewer=$(says '--cpus [^;]*') all=$(says 'or all of them, .*')
	# shellcheck disable=SC2086
	ready 0 "${kernel[@]}" $fewer && ready 0 "${kernel[@]}" ${all#*, }
}

# No window between memory and where the guest's addresses end has room for it.
too_large() {
	finds 2 plan guest "${kernel[@]}" --hotplug-slots 2 --reserve-64bit 2T || return
	# shellcheck disable=SC2046
	ready 0 "${kernel[@]}" --hotplug-slots 2 $(says '--reserve-64bit [0-9]*[GT]')
}

check "a tap device that is not there, and the guest runs" no_tap
check "one with too few queues, and the guest runs" too_few_queues
check "one that is none" no_tap_at_all
check "a node that is not there" no_tun
check "a place that is not there, and the guest runs" no_folder
check "a file where the control socket is to be" other_file
check "CPUs that no interrupt reaches" many_cpus
check "more room for BARs than there are addresses" too_large
