#!/bin/bash
# tenon check on Debian's own kernel, whose KVM and VFIO are modules that nobody has loaded: it says so, what it says is typed,
# and the guest runs.
# devices: nvme
# kernel: debian
# limit: 240
# long: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

unload() {
	rmmod vfio_pci vfio_pci_core vfio_iommu_type1 mdev vfio 2>/dev/null
	rmmod kvm_amd kvm || return
	[[ ! -e /dev/kvm && ! -e /dev/vfio/vfio ]] || complain "something is loaded still: $(lsmod | grep -E 'kvm|vfio')"
}

no_kvm() {
	finds 2 kvm host "$LAB_nvme0" && [[ $(says '^modprobe kvm_amd$') ]] && heeded "$LAB_nvme0"
}

check "modules can be loaded, and none is" eval 'install_modules && unload'
check "neither KVM nor a driver" no_kvm
check "and the guest runs" guest nvme --device "$LAB_nvme0"
