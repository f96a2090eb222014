#!/bin/bash
# A name with an address as instantiation is source-specific: of three senders on a LAN only the one with that address is heard,
# by IPv4 and by IPv6; the peer is heard, and hears, too.
. "$(dirname "$0")/frame.bash"
build_numbers
lan one two three
ham_start r three eth0
ham_start one one eth0
ham_start two two eth0
for source in 10.0.0.1 '[fd00::1]'; do
    name="ham:opaque:only-one@$source"
    must r join "$name"
    wait_switched "$(mapped "$name")" three
    # Who sends to it must have the address.
    must one send "$name" "from one"
    heard_text r "from one" "$name"
    tell two send "$name" "from two"
    tail -n 2 two.out | grep -q '^error' || fail "a send with a source that is another host's"
    # A stranger who sends there all the same, from an address of his own.
    on two python3 - "$name" <<'END' || fail "the stranger cannot send"
import ipaddress, os, sys
sys.path.insert(0, os.path.join(os.environ["HAM_TESTS"], "frame"))
from peer import Group, Sender, ways
group = Group(sys.argv[1])
group.addresses = [(a, ipaddress.ip_address("10.0.0.2" if a.version == 4 else "fd00::2")) for a, _ in group.addresses]
ways(group, "eth0")(*Sender(group).message(b"from a stranger"))
END
    on one python3 "$HAM_TESTS/frame/peer.py" send "$name" eth0 "from the peer" || fail "the peer cannot send"
    heard_text r "from the peer" "$name"
    must one send "$name" "from one, later"
    heard_text r "from one, later" "$name"
    [ "$(grep -c 'stranger\|from two' r.out)" = 0 ] || fail "another source is heard"
    # The other direction: the peer listens.
    on two python3 "$HAM_TESTS/frame/peer.py" receive "$name" eth0 >peer.out &
    listener=$!
    wait_said ready peer.out
    wait_switched "$(mapped "$name")" two
    must one send "$name" "for the peer"
    wait_said "heard for the peer" peer.out
    kill $listener
    must r leave "$name"
done
# Another source is another group: it has another address, and none of this one is heard there.
must r join ham:opaque:only-one@10.0.0.2
wait_switched "$(mapped ham:opaque:only-one@10.0.0.2)" three
must one send ham:opaque:only-one@10.0.0.1 "not for this one"
must two send ham:opaque:only-one@10.0.0.2 "of the other source"
heard_text r "of the other source" ham:opaque:only-one@10.0.0.2
! grep -q 'not for this one' r.out || fail "heard what was sent to another group"
stop r one two
