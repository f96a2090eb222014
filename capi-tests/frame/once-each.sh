#!/bin/bash
# network: pair
# Sender and receiver have two links, each with IPv4 and IPv6: every message comes four times and is heard once, small or large,
# plain or sealed; the three copies too many are counted. One that sends by half of the ways is heard the same.
. "$(dirname "$0")/frame.bash"
build_numbers
second_link
ham_start r peer eth0 eth1
sealed='ham:sip:once@cnn.com/chacha20-poly1305;AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
for group in ham:opaque:once $sealed; do
    must r join "$group"
    ham_start s "" eth0 eth1
    before=$(answer r count | cut -d ' ' -f 3) duplicates=$(value r duplicates)
    sends s $group 1000 16-1000 50
    sends s $group 200 1300-9000 500
    heard_all r $((before + 1200))
    [ $(($(value r duplicates) - duplicates)) = 3600 ] || fail "of 1200 messages that came four times $(value r duplicates) copies are counted"
    [ "$(value r lost)" = 0 ] && [ "$(value r refused)" = 0 ] || fail "lost or refused: $(answer r statistics)"
    [ "$(value s sent)" = 1200 ] || fail "the sender counts $(value s sent) messages"
    for interface in eth0 eth1; do
        [ "$(if_value s $interface sent)" = 1200 ] || fail "$interface: $(answer s interface $interface)"
    done
    stop s
done

# By IPv4 of one link, by IPv6 of the other, by both links.
expected=2400
for ways in eth0/4 eth1/6 "eth0/6 eth1/4"; do
    ham_start s "" $ways
    duplicates=$(value r duplicates)
    sends s ham:opaque:once 100 500 100
    expected=$((expected + 100))
    heard_all r $expected
    count=$(wc -w <<<"$ways")
    [ $(($(value r duplicates) - duplicates)) = $((100 * (count - 1))) ] || fail "$ways: not $((100 * (count - 1))) copies"
    stop s
done
stop r
