#!/bin/bash
# A device without an IOMMU: only when asked for by name; registers and INTx work in a guest, its DMA stays off.
# devices: edu
# iommu: none
# limit: 150

. tests/lab/cases/lib.sh
parameter=/sys/module/vfio/parameters/enable_unsafe_noiommu_mode

# refused TEXT REMEDY [COMMAND...]: tenon with $device, behind COMMAND, must fail with an error and a remedy that have these texts
refused() {
	local status
	set_command edu --device "$device" "${backend[@]}"
	"${@:3}" "${command[@]}" </dev/null >"$output" 2>&1
	status=$?
	sed 's/^/  /' "$output"
	((status > 0 && status < 124)) || complain "tenon's exit code is $status" || return
	grep -q "^tenon: error: .*$1" "$output" || complain "the error does not say: $1" || return
	grep -q "^tenon: remedy: .*$2" "$output" || complain "the remedy does not say: $2"
}

backend=()
device=$LAB_edu0,noiommu=unsafe
check "the parameter is asked for" refused "enable_unsafe_noiommu_mode" "echo Y > $parameter"
echo Y >$parameter
bind_all
device=$LAB_edu0
check "it must be asked for by name" refused "no IOMMU translates its DMA" "noiommu=unsafe"
device=$LAB_edu0,noiommu=unsafe
if ! ls /dev/vfio/devices/noiommu-vfio* 2>/dev/null; then
	backend=(--backend cdev)
	check "a kernel that has groups only is told" refused "by their group only" "backend=group"
	backend=()
fi
check "the privilege is asked for" refused "" "CAP_SYS_RAWIO" setpriv --bounding-set -sys_rawio --inh-caps -sys_rawio

registers_and_intx() {
	start_guest noiommu --device "$device"
	guest_says 'TENON-GUEST edu: no interrupt at the end' 60 && guest_says 'TENON-GUEST bus mastering reads back' 20
}

# dma_is_off: as the emulated host's hardware has it
dma_is_off() {
	local value
	value=$(od -A n -t u1 -j 4 -N 1 "/sys/bus/pci/devices/$LAB_edu0/config")
	echo "COMMAND of the host's device: $value"
	((value & 2)) || complain "it does not decode, so this says nothing" || return
	((!(value & 4))) || complain "bus mastering is on" || return
	grep -q "^tenon: warning: $LAB_edu0: the guest turns its DMA on, and it stays off" "$output" || complain "nobody was told"
}

check "registers and INTx" registers_and_intx
check "DMA is off" dma_is_off
check "the guest is ended" end_guest HUP 129
