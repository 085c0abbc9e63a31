#!/bin/bash
# The project's example of a domain with a GPU, with what is here in its place: a display and an edu beside it, what the guest draws is on
# the screen; and 4 GiB of memory on the device, which the edu beside it reaches by DMA.
# devices: bochs,shared=a edu,shared=a ivshmem,size=4G,shared=b edu,dma_mask=0xffffffffffffffff,shared=b
# memory: 4G
# kernel-parameters: hugepagesz=1G hugepages=1
# limit: 300
# long: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/libvirt.lib
pool=/sys/kernel/mm/hugepages/hugepages-1048576kB

# gpu TEST GPU BESIDE: a guest whose test is at work
gpu() {
	down
	truncate -s 64M $images/gpu.img
	example configs/libvirt-gpu.xml "$1" -e "s,<source><address domain.*function='0x0',<source><address $(pci "$2")," \
		-e "s,<source><address domain.*function='0x1',<source><address $(pci "$3")," -e "s,<memory unit='GiB'>16,<memory unit='GiB'>1," \
		-e "s,<vcpu>8,<vcpu>2,; s,cores='4',cores='1'," && up
}

draws() {
	gpu display "$LAB_bochs0" "$LAB_edu0" && says '^TENON-GUEST drawn' 120 || return
	grep '^  0000:01:00' $console
	(($(<$pool/free_hugepages) == 0)) || complain "its memory is elsewhere" || return
	screen_shows bochs0 $console || return
	is_destroyed
}

reaches() {
	gpu peers "$LAB_ivshmem0" "$LAB_edu1" && says 'result ok peers' 120 && in_state "shut off (shutdown)" 30 || return
	grep '^  0000:01:00' $console
	(($(<$pool/free_hugepages) == 1)) || complain "its memory is not given back"
}

[[ -d $pool && $(<$pool/nr_hugepages) == 1 ]] || {
	skip "the example with a GPU" "the emulated processor has no pages of 1 GiB, or the host no room for one"
	exit
}
mkdir -p /dev/hugepages && { mountpoint -q /dev/hugepages || mount -t hugetlbfs hugetlbfs /dev/hugepages; } || exit
mkdir -p /dev/hugepages1G && mount -t hugetlbfs -o pagesize=1G hugetlbfs /dev/hugepages1G || exit
prepare_libvirt
check "a display" draws
check "4 GiB of memory on the device" reaches
down
