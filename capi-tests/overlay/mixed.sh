#!/bin/bash
# timeout: 60
# root: yes
# network: pair
# Hosts with IP alone, an overlay alone, and both: who hears at all hears each message once, names of namespace ip too.
. "$HAM_ROOT/capi-tests/overlay/overlay.bash"
build_node
# Nothing is to be lost for want of room while the machine is busy.
here='[overlay.us]\nlisten = ["tcp/10.46.0.1:7447"]\ncongestion = "block"\nblock_ms = 5000'
there='[overlay.us]\nrouters = ["tcp/10.46.0.1:7447"]\npatience_ms = 100\ncongestion = "block"\nblock_ms = 5000'
node both "" "$here" eth0 $O
node both2 peer "$there" eth0 $O
node ip peer "" eth0
node overlay peer "$there" $O
for name in ham:opaque:mixed ham:ip:239.1.2.3:5000 "ham:ip:[ff15::46]:5000"; do
    for n in both both2 ip overlay; do must $n join "$name"; done
    reaches overlay both "$name"
    reaches both overlay "$name"
    reaches overlay both2 "$name"
    reaches both2 overlay "$name"
    reaches ip both "$name"
    for i in $(seq 6); do
        for n in both both2 ip overlay; do must $n send "$name" "$n-$i-$name"; done
    done
    for n in both both2 ip overlay; do must $n send "$name" "end-$n-$name"; done
    for n in both both2; do
        for from in both both2 ip overlay; do
            hears $n "end-$from-$name"
            for i in $(seq 6); do once $n "$from-$i-$name"; done
        done
    done
    for from in both both2; do
        for n in ip overlay; do
            hears $n "end-$from-$name"
            for i in $(seq 6); do once $n "$from-$i-$name"; done
        done
    done
    not ip "overlay-1-$name"
    not overlay "ip-1-$name"
    # Alike from one with IP alone and one with the overlay alone: both are heard.
    must ip send "$name" "alike-$name"
    must overlay send "$name" "alike-$name"
    twice() { [ "$(grep -cxF "heard alike-$name" both.out)" = 2 ]; }
    wait_until 5 twice || fail "two senders are taken for one, or one for two"
done
# Every size, by both.
tell both2 quiet
tell both2 count
for name in ham:opaque:mixed ham:ip:239.1.2.3:5000; do must both sizes $name; done
counts both2 26
[[ $(answer both2 statistics) == *"refused 0" ]] || fail "$(answer both2 statistics)"
stop both both2 ip overlay
