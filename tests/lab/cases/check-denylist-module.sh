#!/bin/bash
# tenon check of a device that vfio-pci refuses by its ids, on Debian's own kernel, where vfio-pci is a module: what check says is
# typed, and the guest runs.
# devices: nvme edu,dma_mask=0xffffffffffffffff
# kernel: debian
# kernel-parameters: iommu=pt
# memory: 2G
# limit: 400
# long: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

refused() {
	install_modules && tests/lab/set-ids "$LAB_nvme0" 8086:37c9 "$LAB_edu0" && lspci -n -s "$LAB_nvme0" || return
	finds 2 denylist "$LAB_nvme0" "$LAB_nvme0" || return
	"$TENON" bind "$LAB_nvme0" && complain "vfio-pci takes it" && return 1
	heeded "$LAB_nvme0" || return
	grep -x Y /sys/module/vfio_pci/parameters/disable_denylist && grep . /etc/modprobe.d/tenon.conf
}

check "a device that vfio-pci refuses" refused
check "and the guest runs" guest nvme --device "$LAB_nvme0"
