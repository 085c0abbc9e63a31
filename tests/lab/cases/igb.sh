#!/bin/bash
# A network card with several queues and SR-IOV, as a whole: DHCP and a ping through it.
# devices: igb
# limit: 90

. tests/lab/cases/lib.sh
bind_all
check "DHCP and ping" guest network --cpus 2 --device "$LAB_igb0"
