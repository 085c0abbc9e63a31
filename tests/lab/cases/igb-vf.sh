#!/bin/bash
# Two virtual functions of one network card in one guest: frames go from one to the other through the card.
# devices: igb
# memory: 2G
# limit: 120

. tests/lab/cases/lib.sh
pf=/sys/bus/pci/devices/$LAB_igb0
interface=$(basename "$pf"/net/*)
ip link set "$interface" up
make_vfs "$LAB_igb0" 2
ip link set "$interface" vf 0 mac 02:00:00:00:00:0a
ip link set "$interface" vf 1 mac 02:00:00:00:00:0b
for vf in $vfs; do
	tests/lab/bind "$vf"
done
check "frames between two VFs" guest frames --device "${vfs% *}" --device "${vfs#* }"
