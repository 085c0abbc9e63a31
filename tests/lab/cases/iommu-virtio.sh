#!/bin/bash
# Behind a virtio IOMMU, which has no interrupt remapping: disk, INTx, MSI and DMA.
# devices: nvme edu,dma_mask=0xffffffffffffffff
# iommu: virtio
# limit: 120

. tests/lab/cases/lib.sh
bind_all
check "disk" guest nvme --device "$LAB_nvme0"
check "INTx" guest edu --device "$LAB_edu0"
check "MSI and DMA" guest edu-msi --device "$LAB_edu0"
skip "interrupt remapping" "QEMU's virtio IOMMU has none"
skip "guest memory above 512 GiB" "QEMU's virtio IOMMU has addresses of 39 bits"
