#!/bin/bash
# The guest restarts ten times; the disk works after each, and tenon is the same process all along.
# devices: nvme
# limit: 240

. tests/lab/cases/lib.sh
bind_all
check "ten restarts" restarts 10
