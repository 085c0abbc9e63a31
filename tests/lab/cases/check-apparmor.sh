#!/bin/bash
# tenon check: nodes that an AppArmor profile does not allow, on Debian's own kernel, which has AppArmor on: what is said is typed, and
# then the guest runs.
# devices: nvme
# kernel: debian
# limit: 300
# long: yes

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib

# Of a program that may do all but open devices: what it can otherwise do is not what this is about.
load_profile() {
	mkdir -p /etc/apparmor.d/local && : >/etc/apparmor.d/local/tenon
	cat >/etc/apparmor.d/tenon <<-'END'
		include <tunables/global>
		profile tenon flags=(attach_disconnected) {
		  capability, network, unix, signal, ptrace, mount, umount, pivot_root,
		  /** rmixkl,
		  /{tmp,run,proc}/** w,
		  /dev/{null,zero,ptmx,pts/*,shm/**,hvc0,console,tty*} rw,
		  include if exists <local/tenon>
		}
	END
	apparmor_parser -r /etc/apparmor.d/tenon
}

tests/lab/bind "$LAB_nvme0"
mount -t securityfs none /sys/kernel/security 2>/dev/null
load_profile || {
	echo "no profile can be loaded"
	exit 1
}
as=(aa-exec -p tenon --)
check "nodes that a profile does not allow" confined "tenon (enforce)" "the AppArmor profile"
check "and the guest runs" allowed
