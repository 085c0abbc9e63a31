#!/bin/bash
# Eight devices of seven kinds in one guest, each at its work.
# devices: nvme e1000e igb edu edu rtl8139 xhci testdev
# limit: 180
# long: yes

. tests/lab/cases/lib.sh
bind_all
options=()
for id in $LAB_devices; do
	options+=(--device "$(address "$id")")
done
check "eight devices" guest nvme,network,edu,usb,testdev --cpus 2 "${options[@]}"
