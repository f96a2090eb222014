#!/bin/bash
# root: yes
# Devices that come, go, and come back under the same index: what other hosts have there goes with them, and is heard again.
. "$HAM_ROOT/capi-tests/state/state.bash"
build_state
host here peer
# cable: eth0 here, always with index 77.
cable() {
    on here ip link add eth0 index 77 type veth peer name eth0 netns peer || fail "no link"
    configure here eth0 10.0.0.1/24
    configure peer eth0 10.0.0.2/24
    wait_until 20 usable here eth0 || fail "it does not become usable"
}
cable
ham_start w here
must w events
for round in 1 2 3; do
    forget w
    bsd peer receive 239.9.0.$round 5000 eth0
    wait_until 20 eval 'events w | grep -qxF "join eth0 ham:ip:239.9.0.$round"' || fail "round $round: no join: $(events w)"
    on here ip link del eth0
    # At once, so that to the observer it may be the same device.
    [ $round != 1 ] || cable
    gone() { events w | grep -qE "^leave (gone|eth0) ham:ip:239\.9\.0\.$round$"; }
    wait_until 20 gone || fail "round $round: it stays: $(events w)"
    [ $round = 1 ] || cable
    kill "$bsd"
done
on here ip link set eth0 down
on here ip link set eth0 up
wait_until 20 usable here eth0 || fail "it does not become usable"
bsd peer receive 239.9.0.9 5000 eth0
wait_until 20 eval 'events w | grep -qxF "join eth0 ham:ip:239.9.0.9"' || fail "after down and up: $(events w)"
on here ip link set eth0 down
wait_until 20 eval 'events w | grep -qxF "leave eth0 ham:ip:239.9.0.9"' || fail "down: $(events w)"
expect "it is no child" "" answer w children eth0 ham:ip:239.9.0.9
kill "$bsd"
stop w
exit 0
