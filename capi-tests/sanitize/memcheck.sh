#!/bin/bash
# The API tests under valgrind's memcheck: no invalid access, no use of what is not initialised, nothing lost.
# (Sealed groups are in address.sh: memcheck takes what the ciphers' assembly writes for uninitialised.)
# timeout: 400
. "$HAM_ROOT/testbed/lib.sh"
needs valgrind
tests="create-delete loopback-ipv4 loopback-ipv6 source-specific-ipv4 receive-by-name receive-too-long empty-message names leave
interface-families source-register delete-wakes-receivers fork readiness foreign-groups-many frame/names frame/bundle frame/collisions frame/receive-too-long"

export HAM_SLOW=20
for test in $tests; do
    compile_api "$test" -lham -lhamx
    begin=$SECONDS
    # A forked child has the memory of threads that it does not have: to it all of that is lost.
    [[ $test == */* ]] || test=api/$test
    grep -q 'fork()' "$HAM_TESTS/$test.c" && leaks=no || leaks=full
    test=${test##*/}
    valgrind -q --error-exitcode=99 --leak-check=$leaks --errors-for-leak-kinds=definite --show-leak-kinds=definite --num-callers=25 \
        ./$test >$test.log 2>&1 ||
        { echo "status $?"; tail -n 60 $test.log; fail "$test under valgrind"; }
    echo "$test: clean ($((SECONDS - begin)) s)"
done
