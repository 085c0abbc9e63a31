#!/bin/bash
# The Debian packages on a host with systemd: installed, a guest of a user without rights, guests as services, and removed.
# devices: nvme nvme
# package: yes
# limit: 600
# once: yes

. tests/lab/cases/lib.sh
packages=(build/debian/*.deb)
names=(tenon libpassthrough0 libpassthrough-dev)

# A real systemd as process 1 of namespaces of its own, with sysinit.target; what takes a service on it is done "on" it.
start_systemd() {
	local tries=300 outer state
	mkdir -p /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup || return
	unshare --pid --fork --mount-proc -- /lib/systemd/systemd --unit=sysinit.target --show-status=no </dev/null >/dev/null 2>&1 &
	outer=$!
	until systemd=$(pgrep -P $outer) && [[ -S /run/systemd/private ]]; do
		((tries-- > 0)) || complain "systemd does not start" || return
		sleep 0.2
	done
	state=$(on timeout 90 systemctl is-system-running --wait)
	echo "systemd is $state: $(on systemctl --version | head -1)"
	on systemctl --failed --no-legend
	[[ $state == running || $state == degraded ]] || complain "it does not come up"
}

on() {
	nsenter --target "$systemd" --pid --mount --wd="$PWD" -- "$@"
}

# Where packages put things: all that is there, and what it is.
installed() {
	find /etc /usr/bin /usr/include /usr/lib/{systemd,udev,sysusers.d,x86_64-linux-gnu} /usr/share/{bash-completion,doc,lintian,man} \
		/var/lib/dpkg/info /var/lib/tenon /usr/share/tenon /run/tenon-guests -printf '%p %y %m %l\n' 2>/dev/null | sort
}

# An index of all manual pages of the machine would take minutes here; man(1) does without.
install_packages() {
	rm -f /var/lib/man-db/auto-update
	useradd -m -s /bin/bash somebody || return
	installed >/tmp/before
	on dpkg -i "${packages[@]}" || return
	on dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' "${names[@]}" | tee /tmp/state
	(($(grep -c ' ii $' /tmp/state) == 3)) || complain "they are not all installed" || return
	id tenon && [[ $(id -Gn tenon) == *kvm* ]] || complain "the user tenon is not there, or not in group kvm"
}

manuals() {
	local page
	for page in tenon tenon-check tenon.yaml libpassthrough; do
		man -w "$page" || complain "there is no manual page $page" || return
	done
	man -P cat tenon | grep -q 'PCI' || complain "tenon(1) cannot be read"
}

completion() {
	tests/config/completion /usr/share/bash-completion/completions/tenon /usr/bin/tenon
}

development() {
	# shellcheck disable=SC2046
	gcc -o /tmp/consumer tests/api/consumer/consumer.c $(pkg-config --cflags --libs libpassthrough) &&
		/tmp/consumer 0000:ff:1f.7 | grep 'error -19'
}

# as_somebody VERB OPTION...: tenon VERB for the guest of ./run demo, as that user after a log-in
as_somebody() {
	on su - somebody -c "tenon $* /usr/share/doc/tenon/examples/demo-nvme.yaml --kernel /srv/lab/${LAB_KERNEL##*/} \
		--initrd /srv/lab/${LAB_INITRD##*/} --device $LAB_nvme0" </dev/null
}

# Types what check says is to be done, as it says it, until there is nothing: an administrator's sudo is this shell's. Where it
# says that one has to log in again, that comes before what else there is.
follow() {
	local line rounds=3
	local first='(.findings | map(select(.remedy.after == "log in"))) as $first | if $first != [] then $first else .findings end'
	until as_somebody check --json >/tmp/answer; do
		jq -r '.findings[] | "  \(.id) of \(.subject): \(.what)"' /tmp/answer
		((rounds-- > 0)) || complain "check finds new things for ever" || return
		while IFS= read -r line; do
			echo "  \$ $line"
			[[ $line == "sudo "* ]] || complain "that is for root, without sudo" || return
			eval "on ${line#sudo }" || complain "that failed" || return
		done < <(jq -r "$first | .[].remedy.commands[]" /tmp/answer)
	done
}

users_guest() {
	install -D -m 644 -t /srv/lab "$LAB_KERNEL" "$LAB_INITRD"
	follow || return
	ls -l /dev/kvm /dev/iommu /dev/vfio/devices
	as_somebody run 2>&1 | tee "$output"
	guest_went_well "${PIPESTATUS[0]}" || return
	on tenon unbind "$LAB_nvme0"
	[[ $(readlink "/sys/bus/pci/devices/$LAB_nvme0/driver") == */nvme ]] || complain "the host did not get the disk back"
}

# service NAME TEST LINE...: the file of a guest with the first disk, which runs that test, with further lines
service() {
	printf '%s\n' "name: $1" 'memory: 512M' "kernel: /srv/lab/${LAB_KERNEL##*/}" "initrd: /srv/lab/${LAB_INITRD##*/}" \
		"cmdline: console=ttyS0 quiet lab.test=$2" 'serial: stdio' 'devices:' "  - passthrough: $LAB_nvme0" "${@:3}" \
		>"/etc/tenon/$1.yaml"
	mkdir -p "/etc/systemd/system/tenon@$1.service.d"
	# As tenon(1) says.
	printf '%s\n' '[Service]' "ExecStartPre=+tenon bind $LAB_nvme0" 'ExecStartPre=+udevadm settle' \
		"ExecStopPost=+tenon unbind $LAB_nvme0" >"/etc/systemd/system/tenon@$1.service.d/override.conf"
	on systemctl daemon-reload
}

# property NAME PROPERTY: of the service
property() {
	on systemctl show -P "$2" "tenon@$1"
}

# is NAME PROPERTY VALUE
is() {
	local value
	value=$(property "$1" "$2")
	[[ $value == $3 ]] || complain "$2 of tenon@$1 is \"$value\", not \"$3\""
}

# logged NAME TEXT SECONDS: waits until it is in the service's journal
logged() {
	local tries=$(($3 * 2))
	until on journalctl -q -u "tenon@$1" -o cat | grep -a -q -- "$2"; do
		((tries-- > 0)) || complain "the journal does not say '$2'" || return
		sleep 0.5
	done
}

given_back() {
	[[ $(readlink "/sys/bus/pci/devices/$LAB_nvme0/driver") == */nvme ]] || complain "the host did not get the disk back" || return
	[[ -z $(holders) ]] || complain "somebody has something open: $(holders)"
}

started() {
	service box button
	on timeout 60 systemctl enable --now tenon@box || {
		on systemctl status -l --no-pager tenon@box
		return 1
	}
	on systemctl status -l --no-pager tenon@box
	is box ActiveState active && is box SubState running && is box StatusText "The guest runs" && is box User tenon || return
	on tenon list | tee "$output"
	grep -q "^box .*running.*$LAB_nvme0" "$output" || complain "root does not see it in tenon list" || return
	logged box 'TENON-GUEST listens' 60
}

stopped() {
	on systemctl stop tenon@box || return
	on journalctl -q -u tenon@box -o cat --no-pager | tail -15
	is box ActiveState inactive && is box Result success && logged box 'TENON-GUEST result ok' 1 && given_back
}

# Process 1 hears nothing of it for 4 s, ends it and starts it again.
watchdog() {
	local first
	printf '%s\n' '[Service]' 'WatchdogSec=4' 'RestartSec=1' >/etc/systemd/system/tenon@box.service.d/watchdog.conf
	on systemctl daemon-reload
	on systemctl start tenon@box || return
	sleep 6
	is box SubState running || complain "it does not keep its watchdog quiet" || return
	first=$(property box MainPID)
	on kill -STOP "$first"
	local tries=120
	until (($(property box NRestarts) == 1)) && [[ $(property box ActiveState) == active ]]; do
		((tries-- > 0)) || complain "it was not started again" || return
		sleep 0.5
	done
	on journalctl -q -u tenon@box -o cat --no-pager | grep -a -i watchdog
	[[ $(property box MainPID) != "$first" ]] || complain "it is the same process" || return
	logged box 'Watchdog timeout' 1 || return
	rm /etc/systemd/system/tenon@box.service.d/watchdog.conf
	on systemctl stop tenon@box && given_back
}

# fails NAME TEXT: the service does not start, and systemctl status says why
fails() {
	on systemctl start "tenon@$1" && complain "it starts" && return 1
	on systemctl status -l --no-pager "tenon@$1" | tee "$output"
	grep -q -- "$2" "$output" || complain "systemctl status does not say '$2'" || return
	given_back
}

wrong_file() {
	service wrong none 'colour: red'
	fails wrong 'colour' && is wrong NRestarts 0
}

not_ready() {
	service away none '  - passthrough: 0000:7f:00.0'
	printf '%s\n' '[Service]' 'Restart=no' >/etc/systemd/system/tenon@away.service.d/once.conf
	on systemctl daemon-reload
	fails away '0000:7f:00.0'
}

removed() {
	on systemctl start tenon@box || return
	on dpkg -P "${names[@]}" || return
	given_back || return
	rm -r /etc/systemd/system/tenon@*.service.d
	rm /etc/tenon/*.yaml && rmdir /etc/tenon || complain "/etc/tenon has not what the user put there" || return
	installed >/tmp/after
	# A system's user stays, as is the custom: files may be its.
	diff /tmp/before /tmp/after || complain "that is left, or gone" || return
	[[ ! -e /usr/bin/tenon && ! -e /var/lib/tenon ]]
}

check "systemd runs" start_systemd
check "the packages install" install_packages
check "manual pages are there" manuals
check "bash completes" completion
check "a program builds with the library" development
check "a user does what check says, and runs a guest without root" users_guest
check "a guest is a service, which is ready when the guest runs" started
check "systemctl stop presses its power button" stopped
check "a guest that hangs is started again" watchdog
check "systemctl status shows what is wrong with a file" wrong_file
check "systemctl status shows what is in the way" not_ready
check "removed, with a guest running, they leave nothing" removed
