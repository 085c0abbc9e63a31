#!/bin/bash
# A disk comes to a running guest and goes again, ten times, each time while it is at work beside a network card.
# devices: nvme e1000e
# limit: 600
# long: yes

. tests/lab/cases/lib.sh
cycles=10
. tests/lab/cases/hotplug.lib
bind_all
check "ten times" come_and_go disk hotplug "$LAB_nvme0" --device "$LAB_e1000e0"
