#!/bin/bash
# network: pair
# A lost fragment loses its message, and only that one, and is counted; what is lost of a message by IPv4 and by IPv6 in different
# places is nothing.
. "$(dirname "$0")/frame.bash"
build_numbers
datagrams_only ""
name=ham:opaque:lost-fragment
read -r four six <<<"$(mapped $name)"
# The last 16 bits of the sequence number and the index, as they stand behind the UDP header.
sequence=@th,400,16 index=@th,464,16
# Wholly lost: 10, 20 (its first fragment), 30 (its last but one). In different places: 40, 50.
drop peer "ip daddr $four udp length > 1000 $index 3 $sequence 10" "ip6 daddr $six udp length > 1000 $index 3 $sequence 10" \
    "ip daddr $four udp length > 1000 $index 0 $sequence 20" "ip6 daddr $six udp length > 1000 $index 0 $sequence 20" \
    "ip daddr $four udp length > 1000 $index 41 $sequence 30" "ip6 daddr $six udp length > 1000 $index 41 $sequence 30" \
    "ip daddr $four udp length > 1000 $index 7 $sequence 40" "ip6 daddr $six udp length > 1000 $index 8 $sequence 40" \
    "ip daddr $four udp length > 1000 $sequence 50"
ham_start r peer eth0
ham_start s "" eth0
must r join $name
sends_to r s $name 100 60000 500
heard_all r 97
# Message 50 is lost wholly by IPv4: all its 43 fragments or so.
dropped=$(dropped peer)
[ $dropped -gt 48 ] && [ $dropped -lt 60 ] || { on peer nft list table netdev loss; fail "$dropped datagrams dropped"; }
[ "$(value r lost)" = 3 ] || fail "$(value r lost) are counted as lost"
[ "$(value r refused)" = 0 ] || fail "$(value r refused) refused"
stop r s
