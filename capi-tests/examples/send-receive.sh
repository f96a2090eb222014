#!/bin/bash
# c-examples/send.c and receive.c, IPv4 and IPv6 groups on one multicast socket, messages from standard input too.
. "$(dirname "$0")/../../testbed/lab.bash"
build_examples
enter_lab
open_lab
host a 1
host b 2
hosts_ready

start receive b "$BIN/receive" -i lan0 -n 5 ham:ip:239.46.0.1:5000 'ham:ip:[ff15::46]:5000'
receiver=$PID
joined receive 2
on a "$BIN/send" ham:ip:239.46.0.1:5000 one 'two and a half' || fail "send"
heard receive one 'two and a half'
on a "$BIN/send" -i lan0 -t 3 'ham:ip:[ff15::46]:5000' three || fail "send over IPv6"
heard receive one 'two and a half' three
printf 'four\n\n' | on a "$BIN/send" ham:ip:239.46.0.1:5000 || fail "send from standard input"
heard receive one 'two and a half' three four ''
wait $receiver || fail "receive ended with $?"

on a "$BIN/send" ham:ip:10.0.0.1:5000 x 2>"$LAB/err" && fail "10.0.0.1 passed as a group"
grep -q 'Invalid argument' "$LAB/err" || fail "wrong error for 10.0.0.1: $(cat "$LAB/err")"
on a "$BIN/receive" -i nodevice ham:ip:239.46.0.1:5000 2>"$LAB/err" && fail "no device, no error"
on a "$BIN/receive" 2>"$LAB/err"
[ $? = 2 ] && grep -q usage "$LAB/err" || fail "no usage line"
exit 0
