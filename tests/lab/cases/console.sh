#!/bin/bash
# Consoles by virtio: a person is at hvc0 by a pseudo terminal and by a socket, leaves, and another comes; one comes while the
# guest runs; nobody reads, and the guest goes on.
# limit: 300
# once: yes

. tests/lab/cases/lib.sh

ctl() { "$TENON" ctl lab "$@"; }
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

check "by a pseudo terminal" at_console --console pty
check "by a socket" at_console --console /tmp/console.sock
check "one that comes while the guest runs" comes_later
