#!/bin/bash
# A library beside libham needs no more than tests/sister: it subscribes to the watch, and exports a function to C.
# timeout: 240
# network: host
. "$HAM_ROOT/testbed/lib.sh"
command -v cargo >/dev/null || skip "no cargo"
cargo build -q --manifest-path "$HAM_ROOT/Cargo.toml" -p sister --target-dir "$HAM_BUILD/cargo" || fail "the sister does not build"
library=$HAM_BUILD/cargo/debug/libsister.so
exported=$(nm -D --defined-only "$library" | cut -d' ' -f3)
[ "$exported" = sister_devices ] || fail "it exports $exported"
! nm -D --undefined-only "$library" | grep -E ' (ham_|createMSocket|join$)' || fail "it needs libham"
$CC -std=c11 -D_GNU_SOURCE -Wall -Wextra -pedantic -Werror "$HAM_ROOT/tests/sister/sister.c" -o sister "$library" \
    -Wl,-rpath,"${library%/*}" || fail "the program does not compile"

sandbox lo bash -c '
    . "$HAM_ROOT/testbed/lib.sh"
    ./sister >out &
    wait_said 1 out
    ip link add one type veth peer name two
    wait_said 3 out
    ip link add three type bridge
    wait_said 4 out
    ip link del one
    wait_said 2 out
    kill $!' || fail "it is not told of the devices that come and go"
