#!/bin/bash
# Debian's own kernel, which has no device cdevs: disk, network card and INTx by groups, with nothing asked for.
# devices: nvme e1000e edu
# kernel: debian
# limit: 240
# long: yes

. tests/lab/cases/lib.sh
bind_all
[[ ! -e /dev/iommu ]] || skip "no cdevs" "this kernel of Debian's has /dev/iommu"
check "disk and network at work at once" guest multi --cpus 2 --device "$LAB_nvme0" --device "$LAB_e1000e0"
check "INTx" guest edu --device "$LAB_edu0"
