#!/bin/bash
# A device with INTx only: interrupts arrive, fire again while asserted, are held back by the mask, and stop.
# devices: edu
# limit: 90

. tests/lab/cases/lib.sh
bind_all
check "INTx" guest edu --device "$LAB_edu0"
