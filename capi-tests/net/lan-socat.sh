#!/bin/bash
# On a LAN: libham and socat, both ways, IPv4 and IPv6.
. "$HAM_ROOT/testbed/lib.sh"
needs socat
build_peers
lan h1 h2 h3
ham_start one h1 eth0
must one join ham:ip:239.1.2.3:5000
must one join "ham:ip:[ff15::23]:5001"
on h2 socat -u UDP4-RECV:5000,ip-add-membership=239.1.2.3:eth0 - >four.out 2>four.err &
on h2 socat -u UDP6-RECV:5001,ipv6-join-group=[ff15::23]:eth0 - >six.out 2>six.err &
wait_until 20 eval "on h2 ip maddr show dev eth0 | grep -q 239.1.2.3 && on h2 ip maddr show dev eth0 | grep -q ff15::23" ||
    { cat four.err six.err; fail "socat does not join"; }
wait_switched 239.1.2.3 h1 h2
wait_switched ff15::23 h1 h2
must one send ham:ip:239.1.2.3:5000 "libham to socat 4"
must one send "ham:ip:[ff15::23]:5001" "libham to socat 6"
wait_until 20 grep -q "libham to socat 4" four.out || fail "socat hears libham, IPv4"
wait_until 20 grep -q "libham to socat 6" six.out || fail "socat hears libham, IPv6"
printf 'socat to libham 4' | on h3 socat -u - UDP4-DATAGRAM:239.1.2.3:5000,ip-multicast-if=10.0.0.3 || fail "socat sends"
printf 'socat to libham 6' | on h3 socat -u - UDP6-DATAGRAM:[ff15::23]:5001 || fail "socat sends"
wait_said "heard socat to libham 4" one.out
wait_said "heard socat to libham 6" one.out
stop one
