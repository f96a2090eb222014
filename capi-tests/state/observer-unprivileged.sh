#!/bin/bash
# root: yes
# network: pair
# Without CAP_NET_RAW libham says so, once, and goes on: it knows this host.
. "$HAM_ROOT/capi-tests/state/state.bash"
needs setpriv
build_state
setpriv --bounding-set=-net_raw --inh-caps=-net_raw true || skip "setpriv cannot take a capability away"
mkfifo plain.in
: >plain.out
HAM_LOG=info setpriv --bounding-set=-net_raw --inh-caps=-net_raw ./ham <plain.in >plain.out 2>plain.err &
eval "pid_plain=$!; exec {fd_plain}>plain.in"
wait_until 20 said ready plain.out || { cat plain.err; fail "it does not start"; }
must plain events
must plain open eth0
must plain join ham:ip:239.1.0.1:5000
bsd "" receive 239.1.0.2 5000 eth0
expect_events plain "this host" "join eth0 ham:ip:239.1.0.1:5000
join eth0 ham:ip:239.1.0.2"
for _ in 1 2 3; do
    must plain groups eth0
    must plain neighbors eth0
    must plain no-events
    must plain events
done
expect "children" "node ham:ip:10.46.0.1" answer plain children eth0 ham:ip:239.1.0.1:5000
[ "$(grep -c 'CAP_NET_RAW' plain.err)" = 1 ] || { cat plain.err; fail "not told once"; }
! grep -q '^ham: \(warn\|error\)' plain.err || { cat plain.err; fail "more than information"; }
expect "no observer" "ham ham-events ham-watch " eval 'cat /proc/$(pgrep -x ham)/task/*/comm | sort | tr "\n" " "'
kill "$bsd"
stop plain
exit 0
