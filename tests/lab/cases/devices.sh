#!/bin/bash
# What tenon devices says is what lspci says, and what a plan takes; with virtual functions, a shared group, mediated devices and a holder.
# devices: nvme nvme igb edu,shared=one rtl8139,shared=one
# memory: 2G
# limit: 180
# once: yes

. tests/lab/cases/lib.sh
mtty=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
make_vfs "$LAB_igb0" 2
tests/lab/bind "$LAB_nvme0"
tests/lab/bind "${vfs% *}"
tests/lab/bind "$LAB_edu0"
echo $mtty >/sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-2/create
time "$TENON" devices --all
"$TENON" devices --all --json -v >/tmp/devices.json || exit
"$TENON" devices --mdev --json >/tmp/mdevs.json || exit

check "the same as lspci has" python3 - <<'END'
import json, subprocess
devices = {each["address"]: each for each in json.load(open("/tmp/devices.json"))["devices"]}
found = {}
for block in subprocess.check_output(["lspci", "-Dvmmnnk"], text=True).strip().split("\n\n"):
    fields = {}
    for line in block.splitlines():
        key, value = line.split(":\t", 1)
        fields.setdefault(key, value)
    found[fields["Slot"]] = fields
assert list(devices) == sorted(found), f"{list(devices)} are not {sorted(found)}"
for address, ours in devices.items():
    theirs = found[address]
    for key, name, number in (("Vendor", "vendor_name", "vendor"), ("Device", "device_name", "device")):
        expected = f"{ours[name] or key} [{ours[number]}]"
        assert theirs[key] == expected, f"{address}: {theirs[key]} is not {expected}"
    assert theirs["Class"].endswith(f"[{ours['class'][:4]}]"), f"{address}: {ours['class']} is not {theirs['Class']}"
    assert theirs.get("Driver") == ours["driver"], f"{address}: {ours['driver']} is not {theirs.get('Driver')}"
    group = ours["iommu_group"]
    assert theirs.get("IOMMUGroup") == (None if group is None else str(group)), f"{address}: group {group}"
    text = subprocess.check_output(["lspci", "-vvs", address], text=True)
    for number in ("msi", "msix"):
        line = {"msi": "MSI: Enable", "msix": "MSI-X: Enable"}[number]
        assert (line in text) == (ours[f"{number}_vectors"] > 0), f"{address}: {number}"
    if ours["msix_vectors"]:
        assert f"Count={ours['msix_vectors']} " in text, f"{address}: {ours['msix_vectors']} MSI-X vectors"
print(f"{len(devices)} functions agree")
END

check "a plan takes what can be assigned, and nothing else" python3 - "$TENON" "$LAB_KERNEL" <<'END'
import json, subprocess, sys
tenon, kernel = sys.argv[1:]
for each in json.load(open("/tmp/devices.json"))["devices"]:
    command = [tenon, "plan", "--kernel", kernel, "--device", each["address"]]
    taken = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
    assert taken == (each["assignable"] == "yes"), f"{each['address']}: {each['assignable_text']}, but the plan says {taken}"
    print(each["address"], each["assignable_text"])
END

check "groups and functions of SR-IOV" python3 - "$LAB_igb0" "$LAB_edu0" "$LAB_rtl8139_0" $vfs <<'END'
import json, sys
pf, edu, rtl, *vfs = sys.argv[1:]
devices = {each["address"]: each for each in json.load(open("/tmp/devices.json"))["devices"]}
assert devices[pf]["sriov"]["functions"] == vfs and devices[pf]["sriov"]["max"] == 7, devices[pf]["sriov"]
assert all(devices[vf]["physical_function"] == pf for vf in vfs)
assert [each["address"] for each in devices[edu]["group_members"]] == [rtl], devices[edu]["group_members"]
assert devices[edu]["assignable_text"] == f"bind {rtl} first", devices[edu]["assignable_text"]
END

check "mediated devices" python3 - $mtty <<'END'
import json, sys
mdevs = json.load(open("/tmp/mdevs.json"))
types = {each["type"]: each for each in mdevs["mdev_types"]}
assert types["mtty-2"]["instances"] == 1 and types["mtty-1"]["instances"] == 0 and types["mtty-1"]["api"] == "vfio-pci", types
assert [(each["uuid"], each["parent"], each["type"], each["assignable"]) for each in mdevs["mdevs"]] == [(sys.argv[1], "mtty", "mtty-2", "yes")]
END
"$TENON" devices --mdev

holder() {
	start_guest endless-io --device "$LAB_nvme0"
	guest_says 'TENON-GUEST init' 60 || return
	"$TENON" devices -v "$LAB_nvme0"
	"$TENON" devices -v "$LAB_nvme0" | grep -qF "held by tenon (pid $guest_process)" || complain "the holder is not named"
	local result=$?
	end_guest KILL 137
	return $result
}
check "who holds it" holder

# refused NAME STATUS PATTERN ARGUMENT...
refused() {
	check "$1" is_refused "${@:2}"
}

is_refused() {
	local status
	"$TENON" devices "${@:3}" >/tmp/stdout 2>"$output"
	status=$?
	sed 's/^/  /' "$output"
	((status == $1)) || complain "exit code $status, not $1" || return
	[[ ! -s /tmp/stdout ]] || complain "it printed a list" || return
	grep -q -- "$2" "$output" || complain "the error does not say '$2'" || return
	grep -qE '^tenon: remedy: .+|; did you mean ' "$output" || complain "no remedy"
}
refused "an unknown option" 2 'did you mean "--json"' --jsn
refused "an unknown class" 2 'did you mean "nvme"' nvmee
refused "no such device" 1 0000:7f:00.0 7f:00.0
refused "names of mediated devices" 2 'takes no names' --mdev $mtty

unprivileged() {
	chmod -R a+rX "${TENON%/*}" 2>/dev/null
	cp "$TENON" /tmp/tenon
	chmod 755 /tmp /tmp/tenon
	setpriv --reuid 65534 --regid 65534 --clear-groups /tmp/tenon devices -v "$LAB_nvme0" >"$output" || return
	cat "$output"
	grep -q 'this user may not open it' "$output" || complain "it may open the node" || return
	grep -q 'only root may read them' "$output" || complain "capabilities"
}
check "a user without privilege" unprivileged
