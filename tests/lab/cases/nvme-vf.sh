#!/bin/bash
# A virtual function of an NVMe disk: the host's driver has the disk, and hands out what the guest's controller needs.
# devices: nvme,sriov_max_vfs=2
# memory: 2G
# limit: 120

. tests/lab/cases/lib.sh
tests/lab/nvme-secondary "$LAB_nvme0" prepare
make_vfs "$LAB_nvme0" 1
tests/lab/nvme-secondary "$LAB_nvme0" online 1
tests/lab/bind "$vfs"

disk() {
	guest nvme --device "$vfs" || return
	contents_right nvme0 nvme0n1
}
check "the disk through a VF" disk
