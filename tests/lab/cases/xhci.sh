#!/bin/bash
# A USB controller, and through it the disk that is plugged in.
# devices: xhci
# limit: 90

. tests/lab/cases/lib.sh
bind_all

usb_disk() {
	guest usb --device "$LAB_xhci0" || return
	contents_right xhci0 sda
}
check "a disk on USB" usb_disk
