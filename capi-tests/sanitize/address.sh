#!/bin/bash
# The API tests, and all functions from many threads, with the address and undefined behaviour sanitizers in the program and its
# malloc, against libhamx (the sanitizers have a `send` of their own): what libham writes beyond an application's buffers, frees
# twice or leaks shows here.
# timeout: 180
. "$HAM_ROOT/testbed/lib.sh"
printf 'int main(void) { return 0; }' >empty.c
found=
for CC in clang gcc; do
    $CC -fsanitize=address,undefined empty.c -o empty 2>/dev/null && ./empty && found=$CC && break
done
[ -n "$found" ] || skip "neither clang nor gcc has an address sanitizer here"
export HAM_SLOW=5 UBSAN_OPTIONS=halt_on_error=1
for test in loopback-ipv4 loopback-ipv6 source-specific-ipv4 source-specific-ipv6 receive-by-name receive-too-long empty-message names \
    leave interface-families source-register delete-wakes-receivers readiness nonblocking foreign-groups foreign-groups-many \
    statistics threads technology/loopback frame/names frame/collisions frame/sealed frame/rekey frame/bundle frame/readable frame/receive-too-long \
    frame/fork-sealed; do
    compile_api $test -DTEST_HAMX -fsanitize=address,undefined -fno-omit-frame-pointer -lhamx
    # A forked child has the memory of threads that it does not have: to it all of that is lost.
    [[ $test == */* ]] || test=api/$test
    grep -q 'fork()' "$HAM_TESTS/$test.c" && leaks=0 || leaks=1
    test=${test##*/}
    ASAN_OPTIONS=detect_leaks=$leaks:exitcode=98 ./$test >$test.log 2>&1 || { echo "status $?"; tail -n 60 $test.log; fail "$test with the address sanitizer"; }
    echo "$test: clean"
    ip -6 addr flush dev lo scope global
done
