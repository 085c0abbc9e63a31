#!/bin/bash
# A kernel that cannot map one device's BARs for another: the guest runs, and one message says what is lost.
# devices: edu ivshmem,size=1M
# kernel: 6.12
# limit: 90
# once: yes

. tests/lab/cases/lib.sh
bind_all

told_once() {
	guest none --device "$LAB_edu0" --device "$LAB_ivshmem0" --backend cdev || return
	(($(grep -c "peer-to-peer DMA between the guest's devices does not work" "$output") == 1)) ||
		complain "not told, or told more than once" || return
	grep -q "remedy: .*6\.19" "$output" || complain "no remedy"
}

not_told() {
	guest none --device "$LAB_edu0" --device "$LAB_ivshmem0" --p2p off || return
	! grep -q "peer-to-peer" "$output" || complain "told, though nobody wants it"
}

check "told once" told_once
check "not told when it is off" not_told
