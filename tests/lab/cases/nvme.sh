#!/bin/bash
# A disk by NVMe: data integrity and MSI-X, with one and with two vCPUs.
# devices: nvme
# limit: 120

. tests/lab/cases/lib.sh
bind_all
check "one vCPU" guest nvme --cpus 1 --device "$LAB_nvme0"
check "two vCPUs" guest nvme --cpus 2 --device "$LAB_nvme0"
