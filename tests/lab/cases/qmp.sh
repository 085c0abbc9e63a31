#!/bin/bash
# Every command of the control socket by a public client, that of QEMU's own people, in the guest's sandbox.
# devices: nvme
# qmp: client
# limit: 240
# once: yes

. tests/lab/cases/lib.sh

every_command() {
	local result status
	start_guest sleep --name lab --cpus 2 --hotplug-slots 4
	guest_says 'TENON-GUEST init' 90 || return
	sleep 5
	PYTHONPATH=$LAB_QMP/usr/lib/python3/dist-packages python3 tests/lab/qmp-public.py /run/tenon/lab.sock /tmp/disk.img tap0 "$node"
	result=$?
	((result == 0)) || ctl kill
	finish_guest
	status=$?
	((result == 0 && status == 0)) || complain "the client ended with $result, tenon with $status"
}

bind_all
node=/dev/vfio/devices/$(basename "/sys/bus/pci/devices/$LAB_nvme0/vfio-dev"/*)
truncate -s 16M /tmp/disk.img
ip tuntap add tap0 mode tap && ip link set tap0 up
check "every command" every_command
check "the disk works in the next guest" guest nvme --device "$LAB_nvme0"
