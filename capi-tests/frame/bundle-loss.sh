#!/bin/bash
# network: pair
# Bundles on a path that loses a tenth: what comes is whole and in order; what is counted as lost is the bundles that were.
. "$(dirname "$0")/frame.bash"
build_numbers
datagrams_only ""
name=ham:opaque:bundle-loss
four=$(mapped $name | cut -d ' ' -f 1)
ham_start r peer eth0/4
must r join $name
HAM_BUNDLE=2000 HAM_BUNDLE_SIZE=1100 ham_start s "" eth0/4
# Ten messages of 108 bytes with their lengths are a bundle.
sends s $name 10 108 0
heard_all r 10
drop peer "ip daddr $four numgen random mod 100 < 10"
sends s $name 10000 108 0
sleep 0.2
dropped=$(dropped peer)
undrop peer
sends s $name 10 108 0
read -r _ heard distinct twice damaged late <<<"$(settled r)"
echo "$heard of 10020 heard, $dropped bundles dropped, $(value r lost) counted as lost"
[ "$twice $damaged $late" = "0 0 0" ] || fail "$twice twice, $damaged damaged, $late out of order"
[ $dropped -gt 20 ] && [ $dropped -lt 300 ] || fail "$dropped datagrams of about 1000 dropped"
[ "$(value r lost)" = $dropped ] || fail "$(value r lost) counted as lost, $dropped were"
# A bundle that the end of the delay cut short has less.
[ $distinct -ge $((10020 - 10 * dropped)) ] && [ $distinct -lt 10020 ] || fail "$distinct heard"
stop r s
