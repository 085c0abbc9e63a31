#!/bin/bash
# An interrupt that comes while the guest has its vector masked is pending: the guest reads it in the device's pending bits, and
# has it when it unmasks the vector.
# devices: nvme
# limit: 120

. tests/lab/cases/lib.sh
bind_all
check "masked, pending, unmasked" guest pending --device "$LAB_nvme0"
