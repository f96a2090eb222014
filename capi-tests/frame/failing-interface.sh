#!/bin/bash
# network: pair
# One of two Interfaces goes down, or has no address, or blocks what is sent: send still succeeds, the other one carries
# everything, and ham_interfaceStatistics tells which one fails.
. "$(dirname "$0")/frame.bash"
build_numbers
second_link
name=ham:opaque:failing
ham_start r peer eth0
must r join $name
# The one that fails is the first.
ham_start s "" eth1 eth0
sends s $name 100 200 0
heard_all r 100
[ "$(if_value s eth0 send_failures) $(if_value s eth1 send_failures)" = "0 0" ] || fail "failures where all is well"
[ "$(if_value s eth0 sent) $(if_value s eth1 sent)" = "100 100" ] ||
    fail "not 100 at each: $(answer s interface eth0), $(answer s interface eth1)"

# Nothing gets out by eth1: an error for every send there.
needs nft
nft 'add table inet wall; add chain inet wall out { type filter hook output priority 0; };
     add rule inet wall out oifname eth1 udp dport 7046 drop'
sends s $name 100 200 0
sends s $name 20 30000 0
heard_all r 220
[ "$(if_value s eth0 send_failures)" = 0 ] || fail "eth0 is said to fail: $(answer s interface eth0)"
[ "$(if_value s eth1 send_failures)" -ge 120 ] || fail "eth1 is not said to fail: $(answer s interface eth1)"
[ "$(if_value s eth0 sent)" = 220 ] || fail "$(answer s interface eth0)"
nft delete table inet wall

# Down, without addresses, gone.
expected=220
for change in "ip link set eth1 down" "ip addr flush dev eth1" "ip link del eth1"; do
    $change
    sends s $name 100 200 100
    sends s $name 10 30000 100
    expected=$((expected + 110))
    heard_all r $expected
    [ "$(if_value s eth0 send_failures)" = 0 ] || fail "$change: eth0 is said to fail: $(answer s interface eth0)"
    [ "$(if_value s eth0 sent)" = $expected ] || fail "$change: $(answer s interface eth0)"
done
[ "$(value s sent)" = $expected ] || fail "$(answer s statistics)"
# An Interface that the socket does not have.
tell s interface lo
grep -q '^error' s.out || fail "statistics of an Interface that the socket does not have"
[ "$(if_value r eth0 received)" -ge $expected ] || fail "the receiver's count: $(answer r interface eth0)"
stop r s
