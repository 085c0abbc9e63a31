#!/bin/bash
# A device by MSI, with a DMA engine that a program in the guest drives; INTx and MSI take turns.
# devices: edu,dma_mask=0xffffffffffffffff
# limit: 90

. tests/lab/cases/lib.sh
bind_all
check "MSI and DMA" guest edu-msi --device "$LAB_edu0"
