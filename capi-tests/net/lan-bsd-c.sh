#!/bin/bash
# On a LAN of three hosts behind a snooping switch: libham and plain BSD programs in C hear each other, both ways, IPv4 and IPv6.
. "$HAM_ROOT/testbed/lib.sh"
build_peers
lan h1 h2 h3
for group in 239.1.2.3 ff15::23; do
    case $group in *:*) name="ham:ip:[$group]:5000" version=6 ;; *) name=ham:ip:$group:5000 version=4 ;; esac
    ham_start one h1 eth0
    ham_start two h2 eth0
    on h3 ./bsd receive $group 5000 eth0 >three.out &
    three=$!
    wait_said ready three.out
    must one join "$name"
    must two join "$name"
    wait_switched $group h1 h2 h3
    must one send "$name" "hello from libham $version"
    wait_said "heard hello from libham $version" two.out 20 "libham hears libham"
    wait_said "heard hello from libham $version" three.out 20 "BSD hears libham"
    wait_said "heard hello from libham $version" one.out 20 "the sender hears itself"
    on h3 ./bsd send $group 5000 eth0 1 "hello from BSD $version"
    wait_said "heard hello from BSD $version" one.out 20 "libham hears BSD"
    wait_said "heard hello from BSD $version" two.out 20 "libham hears BSD"

    # A host that left hears no more, and the switch stops sending there.
    must two leave "$name"
    wait_until 20 eval "! on switch bridge mdb show dev br0 | grep 'port h2' | grep -q 'grp $group '" || fail "the switch still sends to h2"
    on h3 ./bsd send $group 5000 eth0 1 "after the leave"
    wait_said "heard after the leave" one.out
    ! said "heard after the leave" two.out || fail "heard after the leave"
    [ "$(grep -c '^heard hello from BSD' one.out)" = 1 ] || fail "heard twice"
    stop one two
    kill $three
    wait $three 2>/dev/null
done
exit 0
