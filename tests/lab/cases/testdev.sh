#!/bin/bash
# BARs smaller than a page, of memory and of I/O.
# devices: testdev
# limit: 90

. tests/lab/cases/lib.sh
bind_all
check "accesses of each width" guest testdev --device "$LAB_testdev0"
