#!/bin/bash
# On a LAN: streams from libham to iperf and from iperf to libham, whole, beside a BSD receiver that hears the same number.
# timeout: 90
. "$HAM_ROOT/testbed/lib.sh"
needs iperf
build_peers
lan h1 h2 h3

# iperf sends, libham and a BSD program listen.
ham_start one h1 eth0
must one quiet
must one join ham:ip:239.1.2.3:5001
on h2 ./bsd count 239.1.2.3 5001 eth0 >two.out &
two=$!
wait_said ready two.out
wait_switched 239.1.2.3 h1 h2
on h3 iperf -u -c 239.1.2.3 -p 5001 -l 1000 -b 8M -t 2 -T 1 >iperf.out 2>&1 || { cat iperf.out; fail "iperf sends"; }
wait $two
sent=$(sed -n 's/.*Sent \([0-9]*\) datagrams.*/\1/p' iperf.out | tail -n 1)
must one count
read -r _ heard bytes <<<"$(grep ^count one.out)"
read -r _ bsd_heard _ <<<"$(grep ^count two.out)"
echo "iperf sent $sent datagrams; libham heard $heard ($bytes bytes), BSD $bsd_heard"
[ "$heard" = "$bsd_heard" ] && [ "$heard" -gt 1500 ] && [ "$bytes" -ge $((heard * 1000 - 2000)) ] || fail "libham does not hear what BSD hears"

# libham sends, iperf listens: every datagram arrives. iperf reads its own header in them, so only its count means something.
on h2 iperf -s -u -B 239.1.2.3%eth0 -p 5002 -i 1 >server.out 2>&1 &
server=$!
wait_until 20 eval "on h2 ip maddr show dev eth0 | grep -q 239.1.2.3" || { cat server.out; fail "iperf does not join"; }
on h3 ./bsd count 239.1.2.3 5002 eth0 >three.out &
three=$!
wait_said ready three.out
wait_switched 239.1.2.3 h2 h3
before=$(on h2 awk '/^Udp: [0-9]/ { print $2 }' /proc/net/snmp)
must one burst ham:ip:239.1.2.3:5002 2000 1000
wait $three
after=$(on h2 awk '/^Udp: [0-9]/ { print $2 }' /proc/net/snmp)
kill $server
read -r _ bsd_heard _ <<<"$(grep ^count three.out)"
echo "libham sent 2000 datagrams; iperf's host took $((after - before)), BSD $bsd_heard"
[ $((after - before)) = 2000 ] && [ "$bsd_heard" = 2000 ] || { cat server.out; fail "datagrams are missing"; }
grep -q "239.1.2.3" server.out || { cat server.out; fail "iperf saw no stream"; }
stop one
