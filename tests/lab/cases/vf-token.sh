#!/bin/bash
# A virtual function whose physical function has a user: a guest gets it with the right token, with none or another it does not.
# By its group every kernel takes a token, by its cdev Linux 6.17 and newer.
# devices: igb
# memory: 2G
# limit: 200

. tests/lab/cases/lib.sh
. tests/lab/cases/check.lib
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

# tokens BACKEND: by it
tokens() {
	check "$1: no token" refused "$LAB_igb0.*has to be given the VF token" "vf-token=UUID" --backend "$1" --device "$vf"
	check "$1: a wrong token" refused "$LAB_igb0.*is not the one" "vf-token=UUID" --backend "$1" \
		--device "$vf,vf-token=00000000-0000-0000-0000-000000000000"
	check "$1: the right token" guest vf --backend "$1" --device "$vf,vf-token=$token"
}

# What the preflight says is typed, with the token in it.
asked_before() {
	local option
	finds 2 token "$vf" "${kernel[@]}" --backend group --device "$vf" || return
	option=$(says "--device $vf,vf-token=UUID")
	[[ $option ]] || complain "it does not say what to type" || return
	[[ $(says "own_pf (pid $owner)") ]] || complain "it does not say who knows the token" || return
	# shellcheck disable=SC2086
	ready 0 "${kernel[@]}" --backend group ${option/UUID/$token}
}
check "tenon check asks for the token" asked_before

# cdev_takes_tokens: from 6.17 on
cdev_takes_tokens() {
	[[ $(printf '%s\n' 6.17 "$(uname -r)" | sort -V | head -n 1) == 6.17 ]]
}

tokens group
if cdev_takes_tokens; then
	tokens cdev
else
	check "cdev: this kernel asks for none" guest vf --backend cdev --device "$vf"
	check "cdev: and takes none" refused "takes no VF token with a device's cdev" "backend=group" --backend cdev --device "$vf,vf-token=$token"
fi
exec 7>&-
check "the physical function is given back" wait $owner
check "nobody knows the token: what check says is typed" remedied token "$vf" --backend group "$vf"
check "and the guest runs" guest vf --backend group --device "$vf"
