#!/bin/bash
# c-examples/source-specific.c: two of three hosts are named as sources; the third one is not heard. IPv4 and IPv6.
. "$(dirname "$0")/../../testbed/lab.bash"
build_examples
enter_lab
open_lab
host a 1
host b 2
host c 3
host listener 4
hosts_ready

start v4 listener "$BIN/source-specific" 232.1.2.3 5000 10.46.0.1 10.46.0.2
joined v4 2
start all listener "$BIN/receive" ham:ip:232.1.2.3:5000
joined all
on c "$BIN/send" ham:ip:232.1.2.3:5000 'not from c' || fail "c cannot send"
on a "$BIN/send" ham:ip:232.1.2.3:5000 'from a' || fail "a cannot send"
heard v4 'from a'
on b "$BIN/send" ham:ip:232.1.2.3:5000 'from b' || fail "b cannot send"
heard all 'not from c' 'from a' 'from b' # c was on the wire
heard v4 'from a' 'from b'

start v6 listener "$BIN/source-specific" ff35::1234 5000 fd46::2
joined v6
start all6 listener "$BIN/receive" 'ham:ip:[ff35::1234]:5000'
joined all6
on a "$BIN/send" 'ham:ip:[ff35::1234]:5000' 'not from a' || fail "a cannot send over IPv6"
on b "$BIN/send" 'ham:ip:[ff35::1234]:5000' 'from b' || fail "b cannot send over IPv6"
heard all6 'not from a' 'from b'
heard v6 'from b'
exit 0
