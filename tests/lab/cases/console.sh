#!/bin/bash
# Consoles by virtio: a person is at hvc0 by a pseudo terminal and by a socket, leaves, and another comes; one comes while the
# guest runs; nobody reads, and the guest goes on. Channels: much goes through them both ways, without loss whoever waits, and the
# guest closes and opens one.
# limit: 600
# once: yes

. tests/lab/cases/lib.sh

program=$(realpath "$TENON")
talk() { python3 tests/lab/console-talk.py "$TENON" ctl lab console "$@"; }

# at_console OPTION...: with these
at_console() {
	start_guest console --name lab "$@"
	guest_says 'waits at hvc0' 90 || return
	talk console0 && talk || return
	end_it
}

end_it() {
	python3 - <<-'END' || return
		import json, socket, subprocess, sys
		sys.path.insert(0, "tests/lab")
		from qmp_guest import Guest
		place = [row for row in Guest("/run/tenon/lab.sock").ask("query-chardev") if row["label"] == "console0"][0]["filename"]
		if place.startswith("pty:"):
		    open(place[4:], "w").write("end\n")
		else:
		    end = socket.socket(socket.AF_UNIX)
		    end.connect(place[5:].split(",")[0])
		    end.sendall(b"end\n")
		    end.recv(100)
	END
	finish_guest
	guest_went_well $?
}

comes_later() {
	start_guest console --name lab --hotplug-slots 1 --sandbox off
	sleep 15
	ctl add --console pty,id=console0 || return
	guest_says 'waits at hvc0' 60 || return
	talk console0 || return
	end_it
}

# talks_by_a_channel OPTION...: a program of the guest's, with one of the host's, which comes and goes
talks_by_a_channel() {
	guest_says 'channel org.qemu.guest_agent.0 is' 90 || return
	ctl info
	python3 tests/lab/channel-talk.py /tmp/agent.sock /run/tenon/lab.sock || { ctl kill; finish_guest; return 1; }
	finish_guest
	guest_went_well $? || return
	[[ ! -e /tmp/agent.sock ]] || complain "its socket is left behind"
}

# The guest has a console as well, of another device.
by_a_channel() {
	start_guest channel --name lab --console pty --channel org.qemu.guest_agent.0,socket=/tmp/agent.sock
	talks_by_a_channel
}

a_channel_comes() {
	start_guest channel --name lab --hotplug-slots 1 --sandbox off
	sleep 15
	(cd /tmp && "$program" ctl lab add --channel org.qemu.guest_agent.0,socket=agent.sock) || { ctl kill; finish_guest; return 1; }
	talks_by_a_channel
}

is_removed_with_a_killed_guest() {
	start_guest channel --name lab --channel org.qemu.guest_agent.0,socket=/tmp/agent.sock
	guest_says 'channel org.qemu.guest_agent.0 is' 90 || return
	[[ -S /tmp/agent.sock ]] || complain "there is no socket" || return
	kill -KILL "$guest_process"
	finish_guest
	wait_for 10 test ! -e /tmp/agent.sock
}

check "by a pseudo terminal" at_console --console pty
check "by a socket" at_console --console /tmp/console.sock
check "one that comes while the guest runs" comes_later
check "a channel" by_a_channel
check "a channel that comes while the guest runs" a_channel_comes
check "a socket goes with a guest that is killed" is_removed_with_a_killed_guest
