#!/bin/bash
# c-examples/chat.c: two people; each reads both, in a group with an address and in one by name alone.
. "$(dirname "$0")/../../testbed/lab.bash"
build_examples
enter_lab
open_lab
host a 1
host b 2
hosts_ready

for group in ham:ip:239.46.0.2:5000 ham:opaque:room; do
    rm -f "$LAB"/{alice,bob}{,.in,.err}
    mkfifo "$LAB/alice.in" "$LAB/bob.in"
    INPUT=$LAB/alice.in start alice a "$BIN/chat" $group alice
    alice=$PID
    exec 3>"$LAB/alice.in"
    INPUT=$LAB/bob.in start bob b "$BIN/chat" $group bob 3>&-
    bob=$PID
    exec 4>"$LAB/bob.in"
    joined alice
    joined bob
    echo 'good morning' >&3
    heard bob 'alice: good morning'
    heard alice 'alice: good morning'
    echo 'the same to you' >&4
    heard alice 'alice: good morning' 'bob: the same to you'
    heard bob 'alice: good morning' 'bob: the same to you'
    exec 3>&- 4>&-
    wait $alice || fail "alice's chat ended with $?"
    wait $bob || fail "bob's chat ended with $?"
done
exit 0
