#!/bin/bash
# A network card with an I/O BAR, and with INTx only.
# devices: rtl8139
# limit: 90

. tests/lab/cases/lib.sh
bind_all
check "I/O BAR, DHCP and ping" guest rtl8139 --device "$LAB_rtl8139_0"
