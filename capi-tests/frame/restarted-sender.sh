#!/bin/bash
# network: pair
# A sender that is started again begins with number 1 again: nothing of it is taken for a duplicate. So does one that leaves and
# makes its socket again, and a hundred of them.
. "$(dirname "$0")/frame.bash"
build_numbers
name=ham:opaque:restarted
ham_start r peer eth0
must r join $name
# The peer's messages have no numbers, so they are told apart by their texts.
for round in 1 2 3; do
    ham_start s "" eth0/4
    sends s $name 100 200 50
    stop s
    heard_all r $((round * 100))
done
for round in $(seq 20); do
    python3 "$HAM_TESTS/frame/peer.py" send $name eth0 --family 4 "round $round" "again $round" || fail "the peer cannot send"
done
for round in $(seq 20); do
    heard_text r "round $round" $name
    heard_text r "again $round" $name
done
[ "$(grep -c '^heard ' r.out)" = 40 ] || fail "heard twice: $(grep '^heard' r.out)"
[ "$(value r duplicates) $(value r lost) $(value r refused)" = "0 0 0" ] || fail "$(answer r statistics)"
stop r
