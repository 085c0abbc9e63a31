#!/bin/bash
# A disk and a network card by virtio come to a running guest and go under load, ten times.
# limit: 900
# long: yes

. tests/lab/cases/lib.sh
cycles=10
. tests/lab/cases/hotplug-virtio.lib

make_backends || exit
check "ten times in and out" ended come_and_go
