#!/bin/bash
# root: yes
# timeout: 90
# Hosts of IGMPv1, IGMPv2 and MLDv1: one leaves while another one has kept silent, the last one leaves; and a host that crashes
# grows old by the querier's times, as the switch says as well.
. "$HAM_ROOT/capi-tests/state/state.bash"
. "$HAM_TESTS/state/lan.bash"
needs bridge
build_state
lan one two watch
router_port watch
for name in one two; do
    on $name sysctl -qw net.ipv4.conf.eth0.force_igmp_version=2 net.ipv6.conf.eth0.force_mld_version=1
done
ham_start w watch
must w events
sleep 0.3
forget w
ask() { answer w "$@"; }
children() { ask children eth0 "$1" | sed 's/^node ham:ip://' | tr '\n' ' '; }

for group in 239.1.0.1 ff15::1; do
    name=ham:ip:$group
    [[ $group != *:* ]] || name="ham:ip:[$group]"
    bsd one receive $group 5000 eth0
    first=$bsd
    expect_events w "$group: a join" "join eth0 $name"
    bsd two receive $group 5000 eth0
    wait_until 20 eval '[ "$(children "$name" | wc -w)" = 2 ]' || fail "$group: the second host is unknown: $(children "$name")"
    kill "$first"
    # It leaves, if it was the one that answered last; the other one answers the query.
    sleep 3
    expect_events w "$group: the other one stays" "join eth0 $name"
    kill "$bsd"
    expect_events w "$group: the last one leaves" "join eth0 $name
leave eth0 $name"
    forget w
done

# One of each version, and the cable is cut: nobody says that they leave.
on one sysctl -qw net.ipv4.conf.eth0.force_igmp_version=0
bsd one receive 239.1.0.2 5000 eth0
bsd two receive 239.1.0.3 5000 eth0
bsd two receive ff15::3 5000 eth0
on two sysctl -qw net.ipv4.conf.eth0.force_igmp_version=1
bsd two receive 239.1.0.4 5000 eth0
wait_until 20 eval '[ "$(events w | wc -l)" = 4 ]' || fail "not all joins: $(events w)"
forget w
ip netns exec switch ip link set one down
ip netns exec switch ip link set two down
all_gone() { [ "$(events w | wc -l)" = 4 ]; }
wait_until 20 all_gone || fail "a crashed host stays: $(events w)"
gone() { events w | sort; }
expect "crashed hosts" "leave eth0 ham:ip:239.1.0.2
leave eth0 ham:ip:239.1.0.3
leave eth0 ham:ip:239.1.0.4
leave eth0 ham:ip:[ff15::3]" gone
! on switch bridge mdb show | grep -q '239\.1\.0\.[234]' || fail "the switch still has them"
expect "no children" "" ask children eth0 ham:ip:239.1.0.2
stop w
# shellcheck disable=SC2046
kill $(jobs -p) 2>/dev/null
exit 0
