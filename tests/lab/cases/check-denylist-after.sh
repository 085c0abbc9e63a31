#!/bin/bash
# A device that vfio-pci refuses by its ids, on a host that was started with what tenon check says: it is not refused.
# devices: nvme
# kernel-parameters: vfio_pci.disable_denylist=1
# limit: 120
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

allowed() {
	tests/lab/set-ids "$LAB_nvme0" 8086:37c9 && heeded "$LAB_nvme0"
}

check "nothing but its driver is in the way" allowed
check "and the guest runs" guest nvme --device "$LAB_nvme0"
