#!/bin/bash
# network: pair
# root: yes
# The MTU changes from 1500 to 1280, to 9000 and back while messages of 60 kB are sent: all arrive; and soon after a change the
# fragments are of a size that IP need not fragment, and no smaller than they have to be.
. "$(dirname "$0")/frame.bash"
build_numbers
needs tcpdump
datagrams_only ""
on peer ip link set eth0 mtu 9000
name=ham:opaque:mtu
# All that is sent at first has room, should the receiver come to nothing for a while.
HAM_RECEIVE_BUFFER=200000000 ham_start r peer eth0
ham_start s "" eth0
must r join $name
begin_tell s numbers $name 1500 60000 1000
for mtu in 1280 9000 1500 1280 1400 9000; do
    sleep 0.3
    ip link set eth0 mtu $mtu
done
end_tell s
! grep -q '^failed [1-9]' s.out || { cat s.out s.err; fail "sends fail"; }
heard_all r 1500
[ "$(value r lost)" = 0 ] || fail "$(value r lost) lost"

# Two families: the size is that of IPv6.
follows() { [ "$(answer s atomic)" = "atomic $(($1 - 48 - 44))" ]; }
sent=1500
for mtu in 1280 9000 1500; do
    ip link set eth0 mtu $mtu
    wait_until 20 follows $mtu || fail "at $mtu: $(answer s atomic)"
    on peer timeout 30 tcpdump -nlU -i eth0 'ip[6:2] & 0x3fff != 0 or ip6[6] = 44 or udp port 7046' >dump.$mtu 2>dump.err &
    dump=$!
    wait_until 20 grep -qs listening dump.err || fail "tcpdump does not start"
    sends s $name 20 60000 1000
    # What was seen before the last one was seen.
    sends s $name 1 777 0
    sent=$((sent + 21))
    heard_all r $sent
    wait_until 20 grep -q "length $((777 + 44))\$" dump.$mtu || fail "tcpdump does not see the last message"
    kill $dump
    ! grep -E 'frag|offset' dump.$mtu || fail "at $mtu IP has to fragment"
    longest=$(grep -oP 'length \K[0-9]+' dump.$mtu | sort -n | tail -n 1)
    [ "$longest" = $((mtu - 48)) ] || fail "at $mtu the longest datagram has $longest bytes"
done
stop r s
