#!/bin/bash
# tenon check of a display whose screen firmware has set up, on Debian's own kernel, which draws there: what it says is typed, which ends
# the drawing, and then the guest draws.
# devices: vga
# kernel: debian
# firmware: uefi
# limit: 180
# long: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

draws() {
	grep -i efifb /proc/iomem
}

ended() {
	draws || complain "the kernel draws elsewhere" || return
	finds 2 screen "$LAB_vga0" "${kernel[@]}" --device "$LAB_vga0" && follow && ready 1 "${kernel[@]}" --device "$LAB_vga0" || return
	! draws || complain "the kernel draws there still"
}

check "the screen that the host was started with" ended
check "and the guest's picture is on it" picture_right vga0
