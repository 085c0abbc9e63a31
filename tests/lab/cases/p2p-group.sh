#!/bin/bash
# Peer-to-peer DMA with the group backend, which has it on every kernel: edu's engine and the BAR of a shared memory device.
# devices: edu,dma_mask=0xffffffffffffffff ivshmem,size=1M
# limit: 90

. tests/lab/cases/lib.sh
bind_all

quiet() {
	! grep -q "peer-to-peer\|cannot reach" "$output" || complain "tenon has something to say of it"
}

both() {
	guest peers --device "$LAB_edu0" --device "$LAB_ivshmem0" --backend group && quiet
}

check "there and back, and again after decoding was off" both
