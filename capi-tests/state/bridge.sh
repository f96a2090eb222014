#!/bin/bash
# root: yes
# A bridge with snooping: its members in groupSet and childrenSet as `bridge mdb` lists them; the querier in
# designatedHost and neighborSet.
. "$HAM_ROOT/capi-tests/state/state.bash"
needs bridge
build_state
lan one two
bsd one receive 239.1.0.1 5000 eth0
bsd one receive ff15::1 5000 eth0
bsd two receive 232.1.2.3 5000 eth0 10.0.0.9
bsd two receive ff35::99 5000 eth0 fd00::9

# members DEVICE...: what the kernel says, of these ports: a group in include mode by its sources.
members() {
    local port
    for port in "$@"; do
        on switch bridge -d mdb show | sed -n "s/^dev br0 port $port grp //p" |
            sed -nE 's/^(\S+) src (\S+) .*/\1@\2/p; t; /filter_mode include/d; s/^(\S+) .*/\1/p'
    done | sort -u | sed -E 's/([0-9a-f]*:[0-9a-f:]*)/[\1]/g; s/(.*)/group ham:ip:\1 0/'
}

there() { on switch bridge mdb show | grep -q "$1"; }
for group in 239.1.0.1 ff15::1 232.1.2.3 ff35::99; do
    wait_until 20 there "$group" || fail "the bridge has not heard of $group"
done
of() { on switch ./ham groups "$1"; }
# A port is a device of its own with the kernel's own groups; a bridge, too.
kernels_own() {
    on switch ip maddr show dev "$1" | awk '$1 ~ /^inet/ { print $2 }' |
        sed -E 's/([0-9a-f]*:[0-9a-f:]*)/[\1]/; s/(.*)/group ham:ip:\1 0/'
}
for device in one two; do
    members $device >members.txt
    [ -s members.txt ] || fail "the kernel has no members at $device"
    expect "the members at $device" "$({ cat members.txt; kernels_own $device; } | sort -u)" of $device
done
expect "the members of the bridge" "$({ members one two; kernels_own br0; } | sort -u)" of br0
members two | grep -qxF 'group ham:ip:232.1.2.3@10.0.0.9 0' || fail "the comparison sees no sources"

ask() { on switch ./ham "$@"; }
expect "children behind the bridge" "node ham:ip:224.0.0.1" ask children br0 ham:ip:239.1.0.1:5000
expect "children behind a port" "node ham:ip:[ff02::1]" ask children one "ham:ip:[ff15::1]"
expect "not behind the other port" "" ask children two ham:ip:239.1.0.1
expect "of the source that they ask for" "node ham:ip:224.0.0.1" ask children two ham:ip:232.1.2.3@10.0.0.9
expect "of another source" "" ask children two ham:ip:232.1.2.3@10.0.0.8
expect "of any group" "node ham:ip:224.0.0.1
node ham:ip:[ff02::1]" ask children br0
expect "of a group that nobody wants" "" ask children br0 ham:ip:239.9.9.9

expect "the querier is the designated host" "designated 1" ask designated br0 ham:ip:239.1.0.1
expect "in each family" "designated 1" ask designated br0 "ham:ip:[ff15::1]"
expect "for any group" "designated 1" ask designated br0
expect "a host on the LAN is not" "designated 0" on one ./ham designated eth0 ham:ip:239.1.0.1
expect "nor a port" "designated 0" ask designated one
expect "its own queries make no neighbour" "" ask neighbors br0

# A second switch on the LAN takes over.
on switch ip link set br0 type bridge mcast_querier 0
expect "nobody queries" "designated 0" ask designated br0
host rival
link switch uplink rival p0
on switch ip link set uplink master br0 up
on rival ip link add br1 type bridge mcast_snooping 1 mcast_igmp_version 3 mcast_mld_version 2 \
    mcast_query_use_ifaddr 1 mcast_query_interval 100 mcast_query_response_interval 20 mcast_startup_query_interval 50 forward_delay 0
configure rival br1 10.0.0.1/24 fd00::1/64
on rival ip link set p0 master br1 up
on rival ip link set br1 type bridge mcast_querier 1
yields() { on switch ./ham neighbors br0/4 | grep -q 10.0.0.1; }
wait_until 20 yields || { on switch ip -d link show br0; fail "the other querier is no neighbour"; }
expect "the other querier is the neighbour" "node ham:ip:10.0.0.1" ask neighbors br0/4 ham:ip:239.1.0.1
expect "at the port towards it" "node ham:ip:10.0.0.1" ask neighbors uplink/4
expect "not at another port" "" ask neighbors one/4
on switch ip link set br0 type bridge mcast_querier 1
expect "ready to query, but the other one does" "designated 0" ask designated br0/4
expect "the other one is" "designated 1" on rival ./ham designated br1/4
# shellcheck disable=SC2046
kill $(jobs -p)
