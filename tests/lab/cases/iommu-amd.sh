#!/bin/bash
# Behind an AMD IOMMU, without interrupt remapping: disk, INTx, MSI and DMA.
# devices: nvme edu,dma_mask=0xffffffffffffffff
# iommu: amd
# limit: 120

. tests/lab/cases/lib.sh
bind_all
check "disk" guest nvme --device "$LAB_nvme0"
check "INTx" guest edu --device "$LAB_edu0"
check "MSI and DMA" guest edu-msi --device "$LAB_edu0"
skip "interrupt remapping" "QEMU's AMD IOMMU loses the IOAPIC's interrupts with it"
skip "hot-plug and resets of a bus" "QEMU's AMD IOMMU takes every device to be on bus 0, so there are no root ports"
