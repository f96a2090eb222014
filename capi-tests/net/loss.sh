#!/bin/bash
# On a wire that loses a fifth of all packets libham hears just what a BSD receiver on the same host hears, small and large.
# network: pair
# timeout: 90
. "$HAM_ROOT/testbed/lib.sh"
needs nft
build_peers
nft "add table netdev loss; add chain netdev loss in { type filter hook ingress device eth0 priority 0; };
     add rule netdev loss in meta protocol ip udp dport 5000 numgen random mod 100 < 20 drop;
     add rule netdev loss in meta protocol ip6 udp dport 5000 numgen random mod 100 < 20 drop" || skip "the kernel has no netdev hook"
for group in 239.1.2.3 ff15::23; do
    case $group in *:*) name="ham:ip:[$group]:5000" ;; *) name=ham:ip:$group:5000 ;; esac
    ham_start one "" eth0
    must one quiet
    must one join "$name"
    ./bsd count $group 5000 eth0 >bsd.out &
    bsd=$!
    wait_said ready bsd.out
    on peer ./bsd burst $group 5000 eth0 3000 100
    on peer ./bsd burst $group 5000 eth0 500 1400
    wait $bsd
    must one count
    ours=$(grep ^count one.out) theirs=$(grep ^count bsd.out)
    echo "$name: libham $ours, BSD $theirs of 3500"
    [ "$ours" = "$theirs" ] || fail "libham hears otherwise"
    read -r _ heard _ <<<"$ours"
    [ "$heard" -gt 2400 ] && [ "$heard" -lt 3200 ] || fail "this is no loss of a fifth"
    stop one
done
