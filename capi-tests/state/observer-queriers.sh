#!/bin/bash
# root: yes
# timeout: 90
# Two queriers meet on one LAN, and one gives way; then the other one falls silent. A third host that only listens, and both
# of them, say who it is.
. "$HAM_ROOT/capi-tests/state/state.bash"
needs bridge
build_state
# A switch that floods everything, two bridges that query by their addresses behind it, and a host.
host hub low high watch
on hub ip link add br0 type bridge mcast_snooping 0 forward_delay 0
configure hub br0
i=0
for name in low high; do
    i=$((i + 1))
    link hub $name $name p0
    on hub ip link set $name master br0 up
    on $name ip link add br1 type bridge mcast_snooping 1 mcast_igmp_version 3 mcast_mld_version 2 mcast_query_use_ifaddr 1 \
        mcast_query_interval 100 mcast_query_response_interval 50 mcast_startup_query_interval 50 \
        mcast_querier_interval 300 forward_delay 0
    on $name ip link set br1 address 02:00:00:00:00:0$i
    configure $name br1 10.0.0.$i/24 fd00::$i/64
    on $name ip link set p0 master br1 up
done
link hub watch watch eth0
on hub ip link set watch master br0 up
configure watch eth0 10.0.0.9/24 fd00::9/64
on hub ip link set low down
on low ip link set br1 type bridge mcast_querier 1
on high ip link set br1 type bridge mcast_querier 1
for name in low high watch; do ham_start $name $name; done
ask() { answer "$@"; }
must watch events
must high events
must low events

is_querier() { answer watch neighbors eth0 | grep -qxF "node ham:ip:$1"; }
wait_until 20 is_querier 10.0.0.2 || fail "the only querier is unknown: $(answer watch neighbors eth0)"
expect "the only one is designated" "designated 1" ask high designated br1/4
expect "and so is the one on its own" "designated 1" ask low designated br1/4
fe80() { on "$1" ip -6 addr show dev br1 scope link | sed -n 's/.*inet6 \(fe80[^/]*\).*/[\1]/p'; }
wait_until 20 is_querier "$(fe80 high)" || fail "the querier of IPv6 is unknown"

on hub ip link set low up
wait_until 20 is_querier 10.0.0.1 || fail "the lower one does not take over: $(answer watch neighbors eth0)"
! is_querier 10.0.0.2 || fail "there are two"
given_way() { [ "$(answer high designated br1/4)" = "designated 0" ]; }
wait_until 20 given_way || fail "the higher one does not give way"
expect "the lower one is designated" "designated 1" ask low designated br1/4
expect "the host is not" "designated 0" ask watch designated eth0
expect "the higher one knows" "node ham:ip:10.0.0.1" ask high neighbors br1/4
# The kernel's bridge knows on which side the querier is.
on high bridge -d mdb show | grep -q 'router ports on br1:.*p0' || fail "the kernel does not: $(on high bridge -d mdb show)"

on low ip link set p0 down
wait_until 20 is_querier 10.0.0.2 || fail "the higher one does not come back: $(answer watch neighbors eth0)"
! is_querier 10.0.0.1 || fail "there are two"
taken_over() { [ "$(answer high designated br1/4)" = "designated 1" ]; }
wait_until 20 taken_over || fail "it is not designated again"
stop watch high low
exit 0
