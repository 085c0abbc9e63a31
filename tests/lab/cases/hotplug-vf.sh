#!/bin/bash
# A virtual function of a network card comes to a running guest and goes again, ten times, each time while frames go through it, beside
# another one of the card and a disk at work.
# devices: igb nvme
# memory: 2G
# limit: 600
# long: yes

. tests/lab/cases/lib.sh
cycles=10
. tests/lab/cases/hotplug.lib
make_card_vfs "$LAB_igb0"
for function in $vfs "$LAB_nvme0"; do
	tests/lab/bind "$function"
done
check "ten times" come_and_go card hotplug-vf "${vfs#* }" --device "${vfs% *}" --device "$LAB_nvme0"
check "the host's driver has its functions still" test "$(cat "/sys/bus/pci/devices/$LAB_igb0/sriov_numvfs")" = 2
