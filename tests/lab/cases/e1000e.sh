#!/bin/bash
# A network card: DHCP and a ping through it.
# devices: e1000e
# limit: 90

. tests/lab/cases/lib.sh
bind_all
check "DHCP and ping" guest network --device "$LAB_e1000e0"
