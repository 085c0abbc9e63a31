#!/bin/bash
# Peer-to-peer DMA: edu's engine writes into the BAR of a shared memory device and reads from it.
# devices: edu,dma_mask=0xffffffffffffffff ivshmem,size=1M
# limit: 120
# kernel: newest

. tests/lab/cases/lib.sh
bind_all

quiet() {
	! grep -q "peer-to-peer\|cannot reach" "$output" || complain "tenon has something to say of it"
}

both() {
	guest peers --device "$LAB_edu0" --device "$LAB_ivshmem0" "$@" && quiet
}

# The counter-proof: with no mapping the IOMMU stops the transfer, and the guest's test sees it.
without() {
	set_command peers --device "$LAB_edu0" --device "$LAB_ivshmem0" --p2p off
	"${command[@]}" </dev/null 2>&1 | tee "$output"
	grep -q "edu-peer: what the device wrote to the other's BAR is not there" "$output"
}

check "there and back, and again after decoding was off" both
check "the same when it is asked for" both --p2p on
check "without, it does not work" without
