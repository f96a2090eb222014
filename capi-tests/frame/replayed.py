#!/usr/bin/env python3
# Sealed frames that a stranger recorded and sends again are not delivered again; a frame with any byte changed is never
# delivered, and does not keep the true one out.
import os

from hamx import begin, check, expect, silent, Socket
from peer import bound, frames, Group, Header, Key, needs_cryptography, Sender, ways

needs_cryptography()
NAME = "ham:opaque:replayed"
SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

begin(50)
group = Group(NAME)
send = ways(group, "lo", "4")
record = bound(group.addresses[0][0], group.port, "lo")
for algorithm in "chacha20-poly1305", "aes-256-gcm":
    credentials = f"{algorithm};{SECRET}"
    s, t = Socket("lo"), Socket("lo")
    s.join(f"{NAME}/{credentials}")
    list(frames([record], 0.1))
    messages = [b"first", os.urandom(60000), b"", b"last"]
    for message in messages:
        t.send(f"{NAME}/{credentials}", message)
    expect(s, *messages)
    recorded = list(frames([record], 0.2))
    check(len(recorded) >= 4, f"{len(recorded)} frames recorded")
    before = s.statistics()
    for _ in range(3):
        for frame in recorded + recorded[::-1]:
            send(frame)
    silent(s)
    stats = s.statistics()
    check(stats.received == before.received, f"{stats.received - before.received} replays are received")
    check(stats.refused == before.refused, f"{stats.refused - before.refused} replays are refused instead of known again")
    check(stats.duplicates >= before.duplicates + 6 * 3, "replays are duplicates")
    t.send(f"{NAME}/{credentials}", b"and on")
    expect(s, b"and on")
    list(frames([record], 0.1))

    # A new frame of each kind, and each of its bytes changed in turn.
    key, numbers = Key(credentials), Sender(group, Key(credentials))
    kinds = [numbers.message(b"the true one"), numbers.message(b"a fragment or two" * 5, 64), numbers.bundle([b"bundle", b"of two"])]
    wanted = [[b"the true one"], [b"a fragment or two" * 5], [b"bundle", b"of two"]]
    send(*numbers.message(b"known sender"))
    expect(s, b"known sender")
    for kind, heard in zip(kinds, wanted):
        refused = s.statistics().refused
        for at in range(len(kind[0])):
            # The hop limit is not sealed: routers of overlays change it.
            if at != 2:
                changed = bytearray(kind[0])
                changed[at] ^= 1 << at % 8
                send(bytes(changed))
        # Cut, and with something behind it.
        send(kind[0][:-1], kind[0][:30], kind[0] + b"x")
        silent(s, 0.1)
        # A changed tag is another group's; all else is refused.
        count = s.statistics().refused - refused
        check(count == len(kind[0]) - 1 - 16 + 3, f"{count} of {len(kind[0])} refused")
        changed = bytearray(kind[0])
        changed[2] = 7
        send(bytes(changed), *kind[1:])
        expect(s, *heard)
    silent(s)
    check(Header(kinds[0][0]).algorithm == key.code, "the peer's own frame")
    s.delete()
    t.delete()
