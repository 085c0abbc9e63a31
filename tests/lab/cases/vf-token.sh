#!/bin/bash
# A virtual function whose physical function has a user: a guest gets it with the right token, with none or another it does not.
# devices: igb
# limit: 150
# kernel: newest

. tests/lab/cases/lib.sh
token=2ab74924-c335-45f4-9b16-8569e5b08258
pf=/sys/bus/pci/devices/$LAB_igb0

# The physical function's user ends when its standard input does.
echo Y >/sys/module/vfio_pci/parameters/enable_sriov
tests/lab/bind "$LAB_igb0"
mkfifo /tmp/leash
build/tests/own_pf "$LAB_igb0" $token </tmp/leash >/tmp/owner 2>&1 &
owner=$!
exec 7>/tmp/leash
for _ in {1..100}; do
	grep -q . /tmp/owner && break
	sleep 0.1
done
cat /tmp/owner
check "the token is set" grep -qx ready /tmp/owner
echo 1 >"$pf/sriov_numvfs"
vf=$(basename "$(readlink "$pf/virtfn0")")
tests/lab/bind "$vf"

# refused TEXT REMEDY OPTION...: tenon must fail with an error and a remedy that have these texts
refused() {
	set_command network "${@:3}"
	"${command[@]}" </dev/null >"$output" 2>&1
	local status=$?
	sed 's/^/  /' "$output"
	((status > 0 && status < 124)) || complain "tenon's exit code is $status" || return
	grep -q "^tenon: error: .*$vf.*$1" "$output" || complain "the error does not say: $1" || return
	grep -q "^tenon: remedy: .*$2" "$output" || complain "the remedy does not say: $2"
}

check "no token" refused "$LAB_igb0.*has to be given the VF token" "vf-token=UUID" --device "$vf"
check "a wrong token" refused "$LAB_igb0.*is not the one" "vf-token=UUID" \
	--device "$vf,vf-token=00000000-0000-0000-0000-000000000000"
check "the right token" guest vf --device "$vf,vf-token=$token"
exec 7>&-
check "the physical function is given back" wait $owner
