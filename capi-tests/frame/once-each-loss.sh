#!/bin/bash
# network: pair
# The path by IPv4 loses 30 % of the datagrams, the one by IPv6 other 30 %: what came by either is heard, once; all else is
# counted as lost.
. "$(dirname "$0")/frame.bash"
build_numbers
datagrams_only ""
name=ham:opaque:once-with-loss count=3000
read -r four six <<<"$(mapped $name)"
ham_start r peer eth0
ham_start s "" eth0
must r join $name
for family in 4 6; do
    on peer python3 "$HAM_TESTS/frame/peer.py" watch $name eth0 --family $family >$family.out &
    eval "watch$family=$!"
    wait_said ready $family.out
done
# The first and the last message get through: between them every number counts.
sends s $name 1 100 0
heard_all r 1
drop peer "ip daddr $four numgen random mod 100 < 30" "ip6 daddr $six numgen random mod 100 < 30"
sends_to r s $name $count 16-1300 100
dropped=$(dropped peer)
undrop peer
sends s $name 1 100 0
read -r _ heard distinct twice damaged _ <<<"$(settled r)"
kill $watch4 $watch6
# What a plain socket on the same host has got by each path.
by4=$(grep -v ready 4.out | cut -d ' ' -f 2 | sort -u | wc -l) by6=$(grep -v ready 6.out | cut -d ' ' -f 2 | sort -u | wc -l)
either=$(grep -hv ready 4.out 6.out | cut -d ' ' -f 2 | sort -u | wc -l)
echo "$((count + 2)) sent, $dropped datagrams dropped; $by4 came by IPv4, $by6 by IPv6, $either by either; $heard heard, $(value r lost) lost"
[ $dropped -gt $((count * 2 / 5)) ] && [ $dropped -lt $((count * 4 / 5)) ] || fail "this is no loss of 30 %"
[ $by4 -lt $((count * 4 / 5)) ] && [ $by6 -lt $((count * 4 / 5)) ] || fail "a path lost nothing"
[ "$twice $damaged" = "0 0" ] || fail "$twice heard twice, $damaged damaged"
[ $distinct = $either ] || fail "$either came, $distinct were heard"
[ "$(value r lost)" = $((count + 2 - distinct)) ] || fail "$(value r lost) are counted as lost of $((count + 2 - distinct))"
[ "$(value r duplicates)" = $((by4 + by6 - either)) ] || fail "$(value r duplicates) duplicates of $((by4 + by6 - either))"
stop r s
