#!/bin/bash
# Debian's own kernel, which has no device cdevs: disk, network card and INTx by groups, with nothing asked for.
# devices: nvme e1000e edu
# kernel: debian
# limit: 240
# long: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib
bind_all
[[ ! -e /dev/iommu ]] || skip "no cdevs" "this kernel of Debian's has /dev/iommu"
# Asked for by its cdev; what the preflight says is typed.
no_cdev() {
	finds 2 node "$LAB_nvme0" "${kernel[@]}" --backend cdev --device "$LAB_nvme0" || return
	[[ $(says 'backend: group') ]] && ready 0 "${kernel[@]}" --backend group --device "$LAB_nvme0"
}
[[ -e /dev/iommu ]] || check "tenon check says that there are groups" no_cdev
check "disk and network at work at once" guest multi --cpus 2 --device "$LAB_nvme0" --device "$LAB_e1000e0"
check "INTx" guest edu --device "$LAB_edu0"
