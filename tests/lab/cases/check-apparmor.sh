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

confined() {
	as=(aa-exec -p tenon --)
	finds 2 access host "${kernel[@]}" --device "$LAB_nvme0" || return
	jq -e '[.findings[] | select(.id == "access" and .evidence.value == "tenon (enforce)")] | length == 3' $answer >/dev/null ||
		complain "it is not /dev/kvm, /dev/vfio/vfio and the group" || return
	"${as[@]}" "$TENON" run "${kernel[@]}" --device "$LAB_nvme0" </dev/null >"$output" 2>&1 && complain "it runs" && return 1
	cat "$output"
	grep -q '^tenon: error: /dev/kvm: the AppArmor profile' "$output" || return
	follow && ready 0 "${kernel[@]}" --device "$LAB_nvme0"
}

allowed() {
	set_command nvme --device "$LAB_nvme0"
	aa-exec -p tenon -- "${command[@]}" </dev/null 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}"
}

tests/lab/bind "$LAB_nvme0"
mount -t securityfs none /sys/kernel/security 2>/dev/null
load_profile || {
	echo "no profile can be loaded"
	exit 1
}
check "nodes that a profile does not allow" confined
check "and the guest runs" allowed
