#!/bin/bash
# Bad input: each is refused with a line that names it, and a remedy; the host stays as it was.
# devices: nvme nvme edu,shared=one rtl8139,shared=one
# limit: 240
# once: yes

. tests/lab/cases/lib.sh
tests/lab/bind "$LAB_nvme0"
tests/lab/bind "$LAB_edu0"
files=/tmp/files
mkdir $files

# refused NAME TEXT ARGUMENT...: `tenon run ARGUMENT...` must fail with an error that has TEXT (a pattern)
refused() {
	check "$1" is_refused "$2" "$TENON" run "${@:3}"
}

# is_refused TEXT COMMAND...
is_refused() {
	local text=$1 before status errors
	shift
	before=$(host_state)
	timeout 20 "$@" </dev/null >/dev/null 2>"$output"
	status=$?
	sed 's/^/  /' "$output"
	((status > 0 && status < 124)) || complain "exit code $status" || return
	errors=$(grep -cE '^(tenon|[^ ]+:[0-9]+:[0-9]+): error: ' "$output")
	((errors > 0)) || complain "no error line" || return
	grep -E '^(tenon|[^ ]+:[0-9]+:[0-9]+): error: ' "$output" | grep -qE -- "$text" ||
		complain "the error does not name it: no '$text'" || return
	grep -qE '^tenon: remedy: .+|; did you mean ' "$output" || complain "no remedy" || return
	[[ $(grep -cvE '(^|: )(error|remedy): |^ +[0-9]* \| ' "$output") -eq 0 ]] || complain "there is more than error and remedy" || return
	as_before "$before"
}

kernel=(--memory 512M --kernel "$LAB_KERNEL" --initrd "$LAB_INITRD" --serial none)
guest=("${kernel[@]}" --device "$LAB_nvme0")

# Files
refused "kernel missing" "/nowhere/bzImage" --kernel /nowhere/bzImage
echo "not a kernel" >$files/text
refused "kernel is not a bzImage" "$files/text" --kernel $files/text
head -c 1000000 "$LAB_KERNEL" >$files/truncated
refused "kernel truncated" "$files/truncated" --kernel $files/truncated
head -c 600 "$LAB_KERNEL" >$files/very-truncated
refused "kernel truncated in its header" "$files/very-truncated" --kernel $files/very-truncated
refused "no kernel given" "kernel" --memory 512M
refused "initrd missing" "/nowhere/initrd" "${kernel[@]}" --initrd /nowhere/initrd
truncate -s 1G $files/initrd
refused "initrd too large for memory" "initrd.*too large" "${kernel[@]}" --initrd $files/initrd

# Values
refused "memory zero" "memory" "${guest[@]}" --memory 0
refused "memory not a size" "lots" "${guest[@]}" --memory lots
refused "memory beyond any size" "99999999999999999999G" "${guest[@]}" --memory 99999999999999999999G
refused "memory more than the host has" "memory|64G" "${guest[@]}" --memory 64G
refused "no vCPU" "cpus" "${guest[@]}" --cpus 0
refused "vCPUs not a number" "many" "${guest[@]}" --cpus many
refused "unknown option" "--memroy.*--memory" "${guest[@]}" --memroy 1G
refused "unknown serial port" "carrier-pigeon" "${guest[@]}" --serial carrier-pigeon
refused "unknown backend" "grup.*group" "${guest[@]}" --backend grup
refused "unknown device key" "nvme_speed" "${kernel[@]}" --device "$LAB_nvme0,nvme_speed=9"

# The file
printf 'name: g\nmemroy: 1G\n' >$files/key.yaml
refused "unknown key" "key.yaml:2:1: error: .*memroy.*memory" $files/key.yaml
printf 'name: g\ndevices: [ {passthrough: \n' >$files/parse.yaml
refused "YAML that does not parse" "parse.yaml:[0-9]+:[0-9]+: error: " $files/parse.yaml
printf 'name: g\nmemory: [1, 2]\n' >$files/type.yaml
refused "a list where a size belongs" "type.yaml:2:[0-9]+: error: .*memory" $files/type.yaml
refused "file missing" "/nowhere.yaml" /nowhere.yaml

# Devices
refused "device does not exist" "0000:7f:00.0" "${kernel[@]}" --device 0000:7f:00.0
refused "device is not an address" "nvme0" "${kernel[@]}" --device nvme0
check "an address that is none is no file" is_refused '"00:99.0" is not a device' "$TENON" check 00:99.0
refused "device node does not exist" "/dev/vfio/devices/vfio99" "${kernel[@]}" --device /dev/vfio/devices/vfio99
refused "device on another driver" "$LAB_nvme1.*nvme" "${kernel[@]}" --device "$LAB_nvme1"
tests/lab/bind "$LAB_nvme1" none
refused "device without a driver" "$LAB_nvme1" "${kernel[@]}" --device "$LAB_nvme1"
tests/lab/bind "$LAB_nvme1" host
refused "group sibling on a host driver" "$LAB_edu0.*$LAB_rtl8139_0|$LAB_rtl8139_0.*$LAB_edu0" "${kernel[@]}" --device "$LAB_edu0"
refused "the same device twice" "$LAB_nvme0" "${guest[@]}" --device "$LAB_nvme0"

in_use() {
	start_guest endless-io --device "$LAB_nvme0"
	local held=$guest_process
	guest_says 'TENON-GUEST init' 60 || return
	output=/tmp/second is_refused "$LAB_nvme0.*(use|held|busy)" "$TENON" run "${guest[@]}"
	local result=$?
	guest_process=$held end_guest KILL 137
	return $result
}
check "device in use by another process" in_use

# The host
without() {
	local node=$1 result
	shift
	mv "$node" "$node.away"
	is_refused "$node" "$@"
	result=$?
	mv "$node.away" "$node"
	return $result
}
check "no /dev/kvm" without /dev/kvm "$TENON" run "${guest[@]}"
check "no /dev/iommu" without /dev/iommu "$TENON" run "${guest[@]}" --backend cdev
check "no /dev/vfio/vfio" without /dev/vfio/vfio "$TENON" run "${guest[@]}" --backend group

# A kernel without CONFIG_VFIO_DEVICE_CDEV shows vfio-dev/vfioN as well, but no device number in it.
without_cdev() {
	local folder=/sys/bus/pci/devices/$LAB_nvme0/vfio-dev result
	mkdir -p $files/vfio-dev/vfio0
	mount --bind $files/vfio-dev "$folder"
	is_refused "$LAB_nvme0: this kernel offers no " "$@" --backend cdev
	result=$?
	umount "$folder"
	return $result
}
check "a kernel without device cdevs" without_cdev "$TENON" run "${guest[@]}"

# As a user who may do nothing; with a copy of all that is needed, as that user may not see the project's folder.
mkdir -m 755 $files/user
cp "$TENON" "$LAB_KERNEL" "$LAB_INITRD" $files/user/
ldd "$TENON" | awk '/libpassthrough/ { print $3 }' | xargs -r cp -t $files/user
chmod -R a+rX $files
unprivileged=(setpriv --reuid 65534 --regid 65534 --clear-groups env LD_LIBRARY_PATH=$files/user
	"$files/user/${TENON##*/}" run --kernel "$files/user/${LAB_KERNEL##*/}"
	--initrd "$files/user/${LAB_INITRD##*/}" --serial none --device "$LAB_nvme0")
node=/dev/vfio/devices/$(ls "/sys/bus/pci/devices/$LAB_nvme0/vfio-dev")
chmod 600 /dev/kvm "$node" /dev/iommu
ulimit -l unlimited
check "no permission for /dev/kvm" is_refused /dev/kvm "${unprivileged[@]}" --memory 512M
chmod 666 /dev/kvm
check "no permission for /dev/iommu" is_refused /dev/iommu "${unprivileged[@]}" --memory 512M
chmod 666 /dev/iommu
check "no permission for the device" is_refused "$node" "${unprivileged[@]}" --memory 512M
chmod 666 "$node"
ulimit -l 65536
check "memory more than may be locked" is_refused "memory|lock" "${unprivileged[@]}" --memory 512M
