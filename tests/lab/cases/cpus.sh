#!/bin/bash
# Many CPUs, their topology as the guest sees it, and features that are there or not.
# limit: 240
# once: yes

. tests/lab/cases/lib.sh

says() {
	grep -q -- "^TENON-GUEST $1" "$output" || complain "the guest did not say '$1'"
}

topology() {
	guest cpus --cpus 8,sockets=2,threads=2 || return
	says 'cpus: 8' || return
	says 'cpu 3: package 0 core 1 threads 2-3 package of 0-3' || return
	says 'cpu 4: package 1 core 0 threads 4-5 package of 4-7' || return
	says 'clock: kvm-clock'
}

# Three cores take two bits, so that ids have gaps.
gaps() {
	guest cpus --cpus 12,sockets=2,cores=3 || return
	says 'cpu 11: package 1 core 2 threads 10-11 package of 6-11'
}

without() {
	guest cpus --cpu host,-aes,-hypervisor,-x2apic,+sse4.2 || return
	says 'flags: .* sse4_2 ' || return
	! says 'flags: .* \(aes\|hypervisor\|x2apic\) ' >/dev/null || complain "the guest has what it was not to have"
}

many() {
	guest cpus --cpus 32 --timing || return
	says 'cpus: 32' || return
	says 'cpu 31: package 0 core 31' || return
	echo "32 CPUs: init after $(sed -n 's/^TENON-GUEST init //p' "$output") s"
}

# All of them at once are more than the emulated host has time for: each ticks.
most() {
	guest cpus --memory 1G --cpus 255 --cmdline "console=ttyS0 quiet maxcpus=2 lab.test=cpus lab.online=100,253,254" || return
	says 'present: 0-254' || return
	says 'cpus: 5' || return
	says 'cpu 254: package 0 core 254'
}

refused() {
	"$TENON" plan --kernel "$LAB_KERNEL" "${@:2}" >"$output" 2>&1 && complain "it was planned" && return 1
	cat "$output"
	grep -qF "$1" "$output" || complain "no '$1'"
}

check "sockets, cores and threads" topology
check "numbers that are no powers of two" gaps
check "features that are left out" without
check "32 CPUs" many
check "255 CPUs, of which a few run" most
check "a feature that is not there" refused "a CPU with avx512f" --cpu host,+avx512f
check "a topology that does not come out" refused "do not make whole sockets" --cpus 6,threads=4
check "more CPUs than KVM has" refused "1025 is out of range" --cpus 1025
