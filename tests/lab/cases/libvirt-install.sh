#!/bin/bash
# Domains made by virt-install and changed by virt-xml, with the options that docs/libvirt.md names; and the project's own examples.
# devices: nvme
# limit: 300
# once: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/libvirt.lib

without=(--controller usb,model=none) # what virt-install would put in

# make TEST OPTION...: as in docs/libvirt.md
make() {
	virt-install --name lab --memory 256 --vcpus 1 --machine q35 --cpu host-passthrough --import --osinfo debian11 \
		--boot "emulator=/usr/bin/tenon-qemu,kernel=$images/kernel,initrd=$images/initrd,kernel_args=console=ttyS0 quiet lab.test=$1" \
		--graphics none --noautoconsole "${@:2}"
}

makes_a_domain() {
	truncate -s 64M $images/disk.img
	make disk,rng,agent --disk "path=$images/disk.img,format=raw,bus=virtio,cache=none" --network none "${without[@]}" || return
	follow
	says 'result ok rng' 90 && agent_answers && in_state "shut off (shutdown)" 30 &&
		virsh dumpxml lab | grep -E '<emulator|machine=|<rng|<memballoon|<channel|guest_agent|virtio-serial'
}

changes_a_domain() {
	quiet
	virt-xml lab --add-device --hostdev "pci_${LAB_nvme0//[:.]/_}" && virt-xml lab --edit --memory 320,maxmemory=320 && virt-xml lab --edit --vcpus 2 &&
		virt-xml lab --edit --boot "kernel_args=console=ttyS0 quiet lab.test=nvme" || return
	up && says 'result ok nvme' 120 && in_state "shut off (shutdown)" 30 && wait_for 20 has_driver "$LAB_nvme0" nvme || return
	virt-xml lab --remove-device --hostdev 1 && ! virsh dumpxml lab | grep '<hostdev'
}

# With what virt-install puts in unless it is told otherwise: libvirt knows that there is no such controller, tenon names the rest.
names_what_there_is_not() {
	virsh undefine lab >/dev/null
	make none --disk none --network none >/tmp/refused 2>&1 && complain "it was started with a USB controller" && return 1
	cat /tmp/refused
	grep -q "USB controller model 'qemu-xhci' not supported" /tmp/refused || complain "it is not said why" || return
	make none --disk none --network none "${without[@]}" \
		--channel tcp,source.mode=connect,source.host=127.0.0.1,source.service=5555,target.type=virtio,target.name=there >/tmp/refused 2>&1 &&
		complain "it was started with a channel that connects" && return 1
	cat /tmp/refused
	grep -q '"host" is not known here' /tmp/refused
}

examples_are_domains() {
	local file name
	for file in configs/libvirt-*.xml; do
		virt-xml-validate "$file" domain && virsh define "$file" || return
		name=$(sed -n 's,.*<name>\(.*\)</name>.*,\1,p' "$file")
		virsh domxml-to-native qemu-argv --domain "$name" >/tmp/native 2>&1 || tail -n 1 /tmp/native
		virsh undefine "$name"
	done
}

# The disk's, whose address is another one here.
example_runs() {
	quiet
	example configs/libvirt-nvme.xml nvme -e "s,domain='.*function='0x0',$(pci "$LAB_nvme0")," -e "s,unit='GiB'>2<,unit='MiB'>512<," &&
		up && says 'result ok nvme' 120 && in_state "shut off (shutdown)" 30 && wait_for 20 has_driver "$LAB_nvme0" nvme
}

prepare_libvirt
add_agent || exit
check "virt-install makes a domain, and its agent answers" makes_a_domain
check "virt-xml changes it" changes_a_domain
check "what it would put in is refused by name" names_what_there_is_not
check "the examples are domains" examples_are_domains
check "an example runs" example_runs
down
