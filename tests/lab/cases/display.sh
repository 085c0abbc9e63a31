#!/bin/bash
# A display: what the guest draws is on the screen, pixel by pixel.
# devices: bochs
# limit: 90

. tests/lab/cases/lib.sh
bind_all

# The lab's QEMU writes the screenshot, outside; so its place is one that is the same inside.
picture_right() {
	local shot=build/lab/screen.$$.ppm size
	start_guest display --device "$LAB_bochs0"
	guest_says '^TENON-GUEST drawn' 60 || return
	size=$(sed -n 's/^TENON-GUEST drawn \([0-9]* [0-9]*\).*/\1/p' "$output")
	sleep 1
	tests/lab/monitor screendump "$PWD/$shot" bochs0
	end_guest HUP 129 || return
	build/lab/draw ppm $size >/tmp/expected.ppm || return
	echo "screenshot: $(head -n 2 "$shot" | tail -n 1), expected: $size"
	cmp "$shot" /tmp/expected.ppm || complain "the screen does not show what was drawn"
}
check "the picture is on the screen" picture_right
