#!/bin/bash
# timeout: 240
# network: lo
# Thousands of rounds of create, join, send, receive, delete and everything else, and fewer under valgrind: nothing is lost.
set -eu
: "${HAM_ROOT:?}" "${HAM_BUILD:?}"
here=$HAM_ROOT/capi-tests/abi
${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -pedantic -Werror -I"$HAM_ROOT/include" "$here/leaks.c" -o leaks \
    -L"$HAM_BUILD" -Wl,-rpath,"$HAM_BUILD" -Wl,--no-as-needed -lham
./leaks 3000 750
command -v valgrind >/dev/null || { echo "valgrind is not installed"; exit 77; }
# At its end the process holds what the library keeps for its life: still reachable, and so no loss.
valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
    --error-exitcode=9 ./leaks 30 10 valgrind
