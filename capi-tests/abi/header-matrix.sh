#!/bin/bash
# timeout: 240
# The headers in every standard of C and C++, under gcc and clang, alone, before and after <sys/socket.h> and <arpa/inet.h>:
# no warning; every function, both kinds of send, and RFC 7046's own prototypes behind them.
set -u
: "${HAM_ROOT:?}"
here=$HAM_ROOT/capi-tests/abi
flags="-Wall -Wextra -pedantic -Werror -I$HAM_ROOT/include"
status=0
compiled=0

compile() {
    compiled=$((compiled + 1))
    # shellcheck disable=SC2086
    "$@" $flags -O1 -c -o out.o >log 2>&1 || { echo "wrong: $*"; sed 's/^/    /' log; status=1; }
}

refuse() {
    # shellcheck disable=SC2086
    ! "$@" $flags -c -o out.o >log 2>&1 || { echo "wrong, it compiles: $*"; status=1; }
}

matrix() {
    local cc=$1 language=$2 std order
    shift 2
    for std in "$@"; do
        for order in ALONE HAM_FIRST SOCKET_FIRST; do
            compile "$cc" -x "$language" -std="$std" -D$order "$here/header-calls.c"
            compile "$cc" -x "$language" -std="$std" -D$order "$here/header-prototypes.c"
            compile "$cc" -x "$language" -std="$std" -D$order "$here/header-hamx.c"
        done
        # Only RFC 7046's send, in the order that otherwise has a macro for both.
        compile "$cc" -x "$language" -std="$std" -DSOCKET_FIRST -DHAM_RFC_SEND "$here/header-prototypes.c"
        compile "$cc" -x "$language" -std="$std" -DSOCKET_FIRST -DHAMX_FIRST "$here/header-hamx.c"
    done
    for order in ALONE HAM_FIRST SOCKET_FIRST; do
        compile "$cc" -x "$language" -std="${!#}" -D$order -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 "$here/header-calls.c"
    done
}

missing=
for family in gcc:g++ clang:clang++; do
    cc=${family%:*} cxx=${family#*:}
    command -v "$cc" "$cxx" >/dev/null || { missing="$missing $cc"; continue; }
    matrix "$cc" c c89 c99 c11 c17 c2x
    matrix "$cxx" c++ c++98 c++11 c++14 c++17 c++20 c++2b
    # What C cannot say: a second type for the name that <sys/socket.h> has declared.
    refuse "$cc" -std=c11 -DSOCKET_FIRST -DWITH_SEND "$here/header-prototypes.c"
    # The matrix sees errors.
    refuse "$cc" -std=c11 -DALONE -DWRONG "$here/header-prototypes.c"
    # Included by a C++ program within extern "C".
    echo 'extern "C" {
#include <ham.h>
#include <hamx.h>
}
int main() { return join(0, "") + ham_join(0, "") + send(0, "", 0, NULL) + (int)send(0, "", 0, 0); }' >within.cc
    compile "$cxx" -std=c++98 within.cc
done
echo "$compiled compilations"
[ $status = 0 ] && [ -n "$missing" ] && { echo "not installed:$missing"; exit 77; }
exit $status
