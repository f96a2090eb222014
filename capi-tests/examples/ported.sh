#!/bin/bash
# c-examples/bsd-before.c and ported.c: the program before and after hear each other, IPv4 and IPv6.
. "$(dirname "$0")/../../testbed/lab.bash"
build_examples
enter_lab
open_lab
host a 1
host b 2
hosts_ready

pair() { # GROUP-ADDRESS GROUP: each hears the other one's word and its own
    start "bsd$1" a "$BIN/bsd-before" "$1" 5000 lan0 2
    local bsd=$PID ported
    joined "bsd$1"
    start "ported$1" b "$BIN/ported" "$2" lan0 2 'from ported'
    ported=$PID
    joined "ported$1"
    heard "bsd$1" 'from ported'
    on a "$BIN/bsd-before" "$1" 5000 lan0 0 'from BSD' 2>/dev/null || fail "BSD send"
    heard "bsd$1" 'from ported' 'from BSD'
    heard "ported$1" 'from ported' 'from BSD'
    wait $bsd || fail "bsd-before ended with $?"
    wait $ported || fail "ported ended with $?"
}
pair 239.46.0.6 ham:ip:239.46.0.6:5000
pair ff15::4606 'ham:ip:[ff15::4606]:5000'
pair ff02::4606 'ham:ip:[ff02::4606]:5000'
exit 0
