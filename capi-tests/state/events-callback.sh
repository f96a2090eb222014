#!/bin/bash
# network: pair
# timeout: 90
# The callback may call any function, disableEvents, enableEvents and deleteMSocket too.
. "$HAM_ROOT/capi-tests/state/state.bash"
$CC -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -pedantic -Werror -I"$HAM_ROOT/include" -I"$HAM_TESTS/common" \
    "$HAM_TESTS/state/callback.c" -o callback -L"$HAM_BUILD" -Wl,-rpath,"$HAM_BUILD" -Wl,--no-as-needed -lham -lpthread ||
    fail "it does not compile"
timeout 60 ./callback || fail "status $?"
