#!/bin/bash
# Expansion ROMs: the guest reads its device's own as the host does, one from a file, and none.
# devices: e1000e
# limit: 240

. tests/lab/cases/lib.sh

device=$(address e1000e0)
id=$(sed 's/^0x//' "/sys/bus/pci/devices/$device/vendor"):$(sed 's/^0x//' "/sys/bus/pci/devices/$device/device")

# The host's driver has memory decoding on; without, the ROM reads as nothing.
read_host() {
	echo 1 >"/sys/bus/pci/devices/$device/rom" || return
	cat "/sys/bus/pci/devices/$device/rom" >/tmp/host.rom || return
	echo 0 >"/sys/bus/pci/devices/$device/rom"
	[[ -s /tmp/host.rom ]] || complain "the host reads nothing"
	echo "host: $(wc -c </tmp/host.rom) bytes"
}

# rom_guest EXPECTED OPTION: what the guest says of the ROM
rom_guest() {
	guest "rom lab.device=$id" --device "$device$2" || return
	grep -q "^TENON-GUEST rom: $1" "$output" || complain "the guest does not say 'rom: $1'"
}

# A guest reads as much as its images say; a file may be longer.
of_file() {
	echo "$(wc -c <"$1") $(sha256sum <"$1" | cut -c 1-64)"
}

# A legacy image of two sectors for a device that there is not.
make_rom() {
	{
		printf '\x55\xaa\x02\xcb'
		head -c 20 /dev/zero
		printf '\x1c\0\0\0'
		printf 'PCIR\x34\x12\x78\x56\0\0\x18\0\0\0\0\2\2\0\0\0\0\x80\0\0'
		seq 1 500
	} | head -c 1024 >"$1"
}

from_file() {
	make_rom /tmp/card.rom
	rom_guest "$(of_file /tmp/card.rom)" ",rom=/tmp/card.rom" || return
	grep -q "is for \[1234:5678\], and it is \[${id}\]" "$output" || complain "tenon does not say that the ROM is another device's"
}

refused() {
	head -c 1000 /tmp/card.rom >/tmp/short.rom
	"$TENON" run --memory 512M --kernel "$LAB_KERNEL" --device "$device,rom=/tmp/short.rom" >"$output" 2>&1 && complain "it runs" && return 1
	cat "$output"
	grep -q "/tmp/short.rom: the image at 0x0 says it has 1024 bytes, and there are 1000" "$output" || complain "another message"
}

check "the host reads the device's ROM" read_host
bind_all
check "the guest reads the same" rom_guest "$(of_file /tmp/host.rom)" ""
check "a ROM from a file" from_file
check "no ROM" rom_guest none ",rom=off"
check "a file that is cut off is refused before anything is touched" refused
