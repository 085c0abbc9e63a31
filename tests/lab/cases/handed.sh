#!/bin/bash
# Guests of a user without rights: with descriptors that root opened, by number, by name and unasked, and with permissions.
# devices: nvme e1000e
# limit: 420

. tests/lab/cases/lib.sh
bind_all
folder=/tmp/unprivileged
install -D -t "$folder" "$TENON" "$LAB_KERNEL" "$LAB_INITRD" || exit
chmod 755 "$folder"
chgrp kvm /dev/kvm && chmod 660 /dev/kvm

# node BDF: its cdev
node() {
	echo "/dev/vfio/devices/$(basename /sys/bus/pci/devices/"$1"/vfio-dev/vfio*)"
}

# group BDF: its IOMMU group's node
group() {
	echo "/dev/vfio/$(basename "$(readlink /sys/bus/pci/devices/"$1"/iommu_group)")"
}

# as_user GROUPS: makes $user, which turns root into somebody with those groups, no capabilities and no limit of locked memory
as_user() {
	user=(prlimit --memlock=unlimited setpriv --reuid=nobody --regid=nogroup --groups="$1")
}

# unprivileged TEST OPTION...: a guest of that user, to its end
unprivileged() {
	set_command "$@"
	command=("$folder/tenon" "${command[@]:1}")
	command=("${command[@]/#$LAB_KERNEL/$folder/$(basename "$LAB_KERNEL")}")
	command=("${command[@]/#$LAB_INITRD/$folder/$(basename "$LAB_INITRD")}")
	"${user[@]}" "${command[@]}" </dev/null 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}"
}

nvme=$LAB_nvme0 net=$LAB_e1000e0
nvme_node=$(node "$nvme") net_node=$(node "$net") nvme_group=$(group "$nvme")

by_number() {
	unprivileged nvme --device fd=7 --iommufd fd=6 6<>/dev/iommu 7<>"$nvme_node"
}

# A service manager's protocol; the process that becomes tenon is this one.
by_name() {
	(
		export LISTEN_PID=$BASHPID LISTEN_FDS=3 LISTEN_FDNAMES=iommu:disk:net
		exec 3<>/dev/iommu 4<>"$nvme_node" 5<>"$net_node"
		exec "${user[@]}" "$folder/tenon" run --memory 512M --cpus 2 --kernel "$folder/${LAB_KERNEL##*/}" \
			--initrd "$folder/${LAB_INITRD##*/}" --cmdline "console=ttyS0 quiet lab.test=multi" "$@" </dev/null >"$output" 2>&1
	)
	local status=$?
	cat "$output"
	guest_went_well "$status"
}

by_group() {
	unprivileged nvme --device "$nvme,fd=7" --iommufd fd=6 6<>/dev/vfio/vfio 7<>"$nvme_group"
}

# refused TEXT REMEDY OPTION...: the launch is refused, with these in error and remedy
refused() {
	"${user[@]}" "$folder/tenon" run --memory 512M --kernel "$folder/${LAB_KERNEL##*/}" "${@:3}" </dev/null >"$output" 2>&1 &&
		complain "it was not refused" && return 1
	cat "$output"
	grep -q -- "^tenon: error: .*$1" "$output" && grep -q -- "^tenon: remedy: .*$2" "$output" ||
		complain "it does not say '$1' and '$2'"
}

# The installed files, applied by udev and the system's tools as on any host.
install_rules() {
	systemd-sysusers "$PWD/configs/system/tenon.sysusers" || return
	install -D -m 644 -t /etc/udev/rules.d configs/system/60-tenon.rules
	/lib/systemd/systemd-udevd --daemon || return
	udevadm trigger --action=add --subsystem-match=vfio-dev --subsystem-match=vfio --subsystem-match=misc
	udevadm settle --timeout=30
	ls -l /dev/iommu "$nvme_node" "$nvme_group"
	[[ $(stat -c '%G %a' /dev/iommu "$nvme_node" "$nvme_group" | sort -u) == "tenon 660" ]] || complain "not the group's"
}

by_permissions() {
	as_user tenon,kvm
	unprivileged nvme --device "$nvme" --device "$net"
}

by_permissions_of_groups() {
	as_user tenon,kvm
	unprivileged nvme --backend group --device "$nvme"
}

memlock_is_said() {
	user=(prlimit --memlock=67108864 setpriv --reuid=nobody --regid=nogroup --groups=tenon,kvm)
	refused "locked memory\|RLIMIT_MEMLOCK\|pinned" "ulimit -l" --device "$nvme"
}

as_user kvm
check "the user may not open the nodes himself" refused "/dev/iommu: user nobody may not open it" "/etc/udev/rules.d" --device "$nvme"
check "by numbers" by_number
check "by the service manager's names" by_name --device fd=disk --device fd=net --iommufd fd=iommu
check "what the service manager hands in is used unasked" by_name --device "$nvme" --device "$net"
check "a group and a container" by_group
check "a descriptor that is closed" refused "descriptor 7: it is not open" "7<>" --device fd=7
check "one of something else" refused "descriptor 7" "hand in" --device fd=7 7</dev/null
check "/dev/iommu as a device" refused "descriptor 7: is /dev/iommu" "--iommufd fd=7" --device fd=7 7<>/dev/iommu
check "a group without its device's name" refused "IOMMU group" "name the device" --device fd=7 7<>"$nvme_group"
check "a group where cdevs are wanted" refused "by groups" "--backend group" --backend cdev --device "$nvme,fd=7" 7<>"$nvme_group"
check "another device than the one that is named" refused "is $net, not $nvme" "the node of $nvme" --device "$nvme,fd=7" 7<>"$net_node"
check "a name that was not handed in" refused '"gpu"' "OpenFile=" --device fd=gpu
check "the udev rule gives nodes to the group" install_rules
check "by permissions" by_permissions
check "by permissions, with a group" by_permissions_of_groups
check "a limit of locked memory that is too low" memlock_is_said
