#!/bin/bash
# root: yes
# A multicast router (smcroute): groups, neighbours, children, parents and designated host by the kernel's forwarding
# caches, as `ip mroute` lists them.
. "$HAM_ROOT/capi-tests/state/state.bash"
needs smcrouted
build_state
host r
for i in 0 1 2; do
    host h$i
    link r r$i h$i eth0
    configure r r$i 10.$i.0.1/24 fd0$i::1/64
    configure h$i eth0 10.$i.0.2/24 fd0$i::2/64
done
on r ip route add 10.9.0.0/24 via 10.0.0.254
on r ip -6 route add fd09::/64 via fd00::fe

ask() { on r ./ham "$@"; }
expect "no router yet" "designated 0" ask designated r1 ham:ip:239.5.5.5
printf 'phyint %s enable\n' r0 r1 r2 >smc.conf
on r smcrouted -n -N -f smc.conf -P "$PWD/smc.pid" -u "$PWD/smc.sock" >smc.log 2>&1 &
add() { on r smcroutectl -u "$PWD/smc.sock" add "$@" 2>>smc.log; }
wait_until 20 add r0 10.9.0.5 239.5.5.5 r1 r2 || { cat smc.log; fail "smcroute does not start"; }
add r0 10.0.0.2 239.5.5.6 r1 || fail "smcroute"
add r2 10.2.0.2 232.5.5.7 r0 || fail "smcroute"
add r0 fd09::5 ff15::55 r1 || fail "smcroute"
add r1 10.1.0.1 239.5.5.8 r2 || fail "smcroute"
filled() { [ "$(on r ip mroute | wc -l)" = 4 ] && [ "$(on r ip -6 mroute | wc -l)" = 1 ]; }
wait_until 20 filled ||
    { cat smc.log; on r ip mroute; fail "the cache is not filled"; }

# What `ip mroute` says of a device: sender (1) where the group comes in, listener (0) where it goes out.
cache() {
    { on r ip mroute; on r ip -6 mroute; } |
        sed -E 's/^\((.*),(.*)\) +Iif: (\S+) +Oifs: (.*) +State: resolved.*/\1 \2 \3 \4/' |
        while read -r source group in out; do
            for device in $in; do [ "$device" = "$1" ] && echo "$group@$source=1"; done
            for device in $out; do [ "$device" = "$1" ] && echo "$group@$source=0"; done
        done | sed -E 's/([0-9a-f]*:[0-9a-f:]*)/[\1]/g; s/(.*)=(.)/group ham:ip:\1 \2/'
}
routed() { ask groups "$1" | grep '\.5\.5\.\|::55\]'; }
for device in r0 r1 r2; do
    cache $device >cache.txt
    [ -s cache.txt ] || fail "the kernel's cache says nothing of $device"
    expect "the cache at $device" "$(cat cache.txt)" routed $device
done
grep -qxF 'group ham:ip:232.5.5.7@10.2.0.2 1' cache.txt || fail "the comparison sees no senders"

expect "the router towards the source" "node ham:ip:10.0.0.254" ask parents r0 ham:ip:239.5.5.5
expect "the source itself on its link" "node ham:ip:10.0.0.2" ask parents r0 ham:ip:239.5.5.6:5000
expect "IPv6" "node ham:ip:[fd00::fe]" ask parents r0 "ham:ip:[ff15::55]"
expect "the source of the name" "node ham:ip:10.0.0.254" ask parents r0 ham:ip:239.5.5.5@10.9.0.5
expect "another source" "" ask parents r0 ham:ip:239.5.5.5@10.9.0.6
expect "where it goes out there are none" "" ask parents r1 ham:ip:239.5.5.5
expect "this host is no parent of itself" "" ask parents r1 ham:ip:239.5.5.8
expect "all neighbours" "node ham:ip:10.0.0.2
node ham:ip:10.0.0.254
node ham:ip:[fd00::fe]" ask neighbors r0
expect "of one family" "node ham:ip:[fd00::fe]" ask neighbors r0/6
expect "of one group" "node ham:ip:10.0.0.2" ask neighbors r0 ham:ip:239.5.5.6
expect "at another Interface" "node ham:ip:10.2.0.2" ask neighbors r2

expect "children" "node ham:ip:224.0.0.1" ask children r1 ham:ip:239.5.5.5
expect "IPv6 children" "node ham:ip:[ff02::1]" ask children r1 "ham:ip:[ff15::55]"
expect "none where it comes in" "" ask children r0 ham:ip:239.5.5.5
expect "none of another group" "" ask children r2 ham:ip:239.5.5.6
expect "of any group" "node ham:ip:224.0.0.1
node ham:ip:[ff02::1]" ask children r1
# A process on the router listens there, too.
bsd r receive 239.5.5.6 5000 r1
expect "this host is one of the children" "node ham:ip:10.1.0.1
node ham:ip:224.0.0.1" ask children r1 ham:ip:239.5.5.6
kill "$bsd"

expect "it forwards the group there" "designated 1" ask designated r2 ham:ip:239.5.5.5
expect "not this one" "designated 0" ask designated r2 ham:ip:239.5.5.6
expect "IPv6" "designated 1" ask designated r1 "ham:ip:[ff15::55]"
expect "not where it comes in" "designated 0" ask designated r0 ham:ip:239.5.5.5
expect "a group unknown to the router: it would forward" "designated 1" ask designated r0 ham:ip:239.77.7.7
expect "any group" "designated 1" ask designated r0
expect "a host is none" "designated 0" on h0 ./ham designated eth0

kill "$(cat smc.pid)"
gone() { [ -z "$(on r ip mroute)" ]; }
wait_until 20 gone || fail "smcroute does not end"
expect "the router is gone" "designated 0" ask designated r1 ham:ip:239.5.5.5
expect "the router is gone" "" ask neighbors r0
