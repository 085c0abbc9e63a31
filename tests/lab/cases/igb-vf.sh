#!/bin/bash
# Two virtual functions of one network card in one guest: frames go from one to the other through the card.
# devices: igb
# memory: 2G
# limit: 120

. tests/lab/cases/lib.sh
make_card_vfs "$LAB_igb0"
for vf in $vfs; do
	tests/lab/bind "$vf"
done
check "frames between two VFs" guest frames --device "${vfs% *}" --device "${vfs#* }"
