#!/bin/bash
# The guest restarts fifty times; the disk works after each.
# devices: nvme
# limit: 900
# long: yes

. tests/lab/cases/lib.sh
bind_all
check "fifty restarts" restarts 50
