#!/bin/bash
# Page tables and dirty bits of the real iommufd: the library's own code with the kernel's mock devices, since no emulated IOMMU
# keeps dirty bits. Linux 6.12 takes the mocks for devices of the first IOMMU that it found, so there is none.
# iommu: none
# limit: 120

. tests/lab/cases/lib.sh
program=build/tests/test_mock_iommu

# one TEST: what it says is shown where it failed
one() {
	"$program" --filter "mock/$1" >"$output" 2>&1 && grep -q 'Passing: 1 ' "$output" && return
	cat "$output"
	return 1
}

tests=$("$program" --list | sed -n 's/^.* \([a-z_]*\)$/\1/p' | grep _)
check "there are tests" test -n "$tests"
for name in $tests; do
	check "${name//_/ }" one "$name"
done
