#!/bin/bash
# network: pair
# timeout: 120
# Twenty seconds of everything at once: groups plain, sealed, with parity and in bundles, messages of all sizes, losses, joins
# and leaves, and an Interface that comes and goes. All that was sent is received or counted as lost; neither memory nor
# descriptors grow.
. "$(dirname "$0")/frame.bash"
build_numbers
second_link
datagrams_only ""
key='chacha20-poly1305;AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
plain=ham:opaque:soak-plain sealed=ham:sip:soak@cnn.com parity=ham:scribe:soak-parity bundled=ham:opaque:soak-bundled
# The only losses are to be those that are made here, should the receivers come to nothing for a while.
HAM_RECEIVE_BUFFER=200000000 ham_start r peer eth0
HAM_RECEIVE_BUFFER=200000000 ham_start b peer eth0
must r join $plain
must r join "$sealed/$key"
must r join $parity
must b join $bundled
ham_start s1 "" eth0
ham_start s2 "" eth0/4
HAM_FEC=20 ham_start s3 "" eth0
HAM_BUNDLE=500 ham_start s4 "" eth0 eth1

# One round; every sender sends so much, and messages that are surely heard are first and last.
round() {
    local seconds=$1 name
    sends s1 $plain 1 100 0
    sends s2 "$sealed/$key" 1 100 0
    sends s3 $parity 1 100 0
    sends s4 $bundled 1 100 0
    sleep 0.3
    drop peer "udp dport 7046 numgen random mod 100 < 1"
    begin_tell s1 numbers $plain $((seconds * 300)) 16-3000 2500
    begin_tell s2 numbers "$sealed/$key" $((seconds * 50)) 5000-65507 17000
    begin_tell s3 numbers $parity $((seconds * 50)) 16-60000 17000
    begin_tell s4 numbers $bundled $((seconds * 2000)) 16-100 350
    for i in $(seq $((seconds * 4))); do
        must r join ham:opaque:comes-and-goes-$i
        must b join "ham:opaque:comes-$i/$key"
        [ $((i % 3)) != 0 ] || { ip link set eth1 down; sleep 0.05; ip link set eth1 up; }
        must r leave ham:opaque:comes-and-goes-$i
        must b leave ham:opaque:comes-$i
    done
    for name in s1 s2 s3 s4; do end_tell $name; done
    ! grep -q '^failed [1-9]' s?.out || { grep failed s?.out; fail "sends fail"; }
    dropped=$(dropped peer)
    undrop peer
    sends s1 $plain 1 100 0
    sends s2 "$sealed/$key" 1 100 0
    sends s3 $parity 1 100 0
    sends s4 $bundled 1 100 0
    settled r >/dev/null
    settled b >/dev/null
}
accounted() {
    local sent=$(($(value s1 sent) + $(value s2 sent) + $(value s3 sent))) heard distinct twice damaged late lost
    read -r _ heard distinct twice damaged late <<<"$(answer r count)"
    lost=$(value r lost)
    echo "$sent sent, $distinct heard, $lost lost; $dropped datagrams were dropped"
    [ "$twice $damaged" = "0 0" ] || fail "$twice heard twice, $damaged damaged"
    [ $((distinct + lost)) = $sent ] || fail "$((sent - distinct - lost)) are neither received nor counted as lost: $(answer r statistics)"
    [ $lost -gt 0 ] && [ $lost -lt $((sent / 5)) ] || fail "$lost lost"
    [ "$(value r refused) $(value r dropped)" = "0 0" ] || fail "$(answer r statistics)"
    read -r _ heard distinct twice damaged late <<<"$(answer b count)"
    echo "$(value s4 sent) in bundles, $distinct heard, $(value b lost) bundles lost"
    [ "$twice $damaged" = "0 0" ] || fail "of the bundled ones $twice heard twice, $damaged damaged"
    [ $distinct -gt $(($(value s4 sent) * 9 / 10)) ] || fail "too few of the bundled ones"
}
round 4
accounted
for name in r b s1 s2 s3 s4; do read -r _ "memory_$name" "descriptors_$name" <<<"$(answer $name process)"; done
round 14
accounted
for name in r b s1 s2 s3 s4; do
    read -r _ memory descriptors <<<"$(answer $name process)"
    before=memory_$name
    echo "$name: $memory kB, ${!before} before"
    [ "$memory" -le $((${!before} + 2048)) ] || fail "$name has grown"
    before=descriptors_$name
    [ "$descriptors" -le "${!before}" ] || fail "$name has $descriptors descriptors, ${!before} before"
done
stop r b s1 s2 s3 s4
