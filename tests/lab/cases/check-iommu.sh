#!/bin/bash
# tenon check on a host without an IOMMU: one finding for all devices, and what to do about it; this one is a virtual machine,
# so that is to be done on the machine below, where it is what the lab does for its other cases.
# devices: nvme edu
# iommu: none
# limit: 60
# once: yes

. tests/lab/cases/lib.sh

no_iommu() {
	"$TENON" check --json "$LAB_nvme0" "$LAB_edu0" >/tmp/answer
	(($? == 2)) || complain "check does not refuse" || return
	jq -r '.findings[] | "\(.id) \(.subject): \(.what)"' /tmp/answer
	[[ $(jq '[.findings[] | select(.id == "iommu")] | length' /tmp/answer) == 1 ]] || complain "not said once" || return
	jq -e '.findings[] | select(.id == "iommu") | .remedy.hint | contains("-device intel-iommu,intremap=on")' \
		/tmp/answer >/dev/null || complain "the remedy is another"
}
check "no IOMMU" no_iommu
