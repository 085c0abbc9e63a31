#!/bin/bash
# A display: what the guest draws is on the screen, pixel by pixel.
# devices: bochs
# limit: 90

. tests/lab/cases/lib.sh
bind_all
check "the picture is on the screen" picture_right bochs0
