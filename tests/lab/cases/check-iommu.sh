#!/bin/bash
# tenon check on a host without an IOMMU: one finding for all devices, and what to do about it.
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
	jq -e '.findings[] | select(.id == "iommu") | .remedy.after == "reboot" and .remedy.commands[-1] == "systemctl reboot --firmware-setup"' \
		/tmp/answer >/dev/null || complain "the remedy is another"
}
check "no IOMMU" no_iommu
