#!/bin/bash
# tenon check on a host that remaps no interrupts: it says so, its command is typed, and the guest runs.
# devices: edu,dma_mask=0xffffffffffffffff
# iommu: virtio
# limit: 120
# once: yes

. tests/lab/cases/lib.sh
bind_all
echo N >/sys/module/iommufd/parameters/allow_unsafe_interrupts
answer=/tmp/answer

refused() {
	"$TENON" check --json "$LAB_edu0" >$answer
	(($? == 2)) || complain "check does not refuse it" || return
	jq -r '.findings[].what' $answer
	[[ $(jq -r '.findings[].id' $answer) == interrupts ]] || complain "for another reason"
}

waived() {
	local line
	line=$(jq -r '.findings[0].remedy.commands[0]' $answer)
	echo "  \$ $line"
	eval "$line" || return
	"$TENON" check "$LAB_edu0"
	(($? == 1)) || complain "it is not ready with a warning"
}

check "interrupts are not isolated" refused
check "the command waives that, with a warning" waived
check "and the guest runs" guest edu --device "$LAB_edu0"
