#!/bin/bash
# timeout: 150
# network: lo
# Garbage into every argument of every function.
set -eu
: "${HAM_ROOT:?}" "${HAM_BUILD:?}"
here=$HAM_ROOT/capi-tests/abi
${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -pedantic -Werror -I"$HAM_ROOT/include" "$here/garbage.c" -o garbage \
    -L"$HAM_BUILD" -Wl,-rpath,"$HAM_BUILD" -Wl,--no-as-needed -lham
./garbage
