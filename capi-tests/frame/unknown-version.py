#!/usr/bin/env python3
# Frames of another version, with unknown flags or algorithms, and cut or malformed ones are dropped and counted; the log has a
# line on them, and not one for each.
import os
import struct

log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
os.dup2(log, 2)
os.environ["HAM_LOG"] = "warn"

from hamx import begin, check, expect, silent, Socket  # noqa: E402
from peer import Group, Sender, ways  # noqa: E402

NAME = "ham:opaque:unknown"

begin(30)
group, sender = Group(NAME), Sender(Group(NAME))
send = ways(group, "lo", "4")
s = Socket("lo")
s.join(NAME)
send(*sender.message(b"known"))
expect(s, b"known")


def changed(at, *values):
    frame = bytearray(Sender(group).message(b"a message that is longer than any header that there is, by some bytes")[0])
    frame[at:at + len(values)] = values
    return bytes(frame)


wrong = [changed(0, version) for version in (0, 2, 3, 255)]
wrong += [changed(1, flag) for flag in (0x08, 0x10, 0x20, 0x40, 0x80, 0xff)]
wrong += [changed(1, 3), changed(1, 1), changed(1, 2)]  # both, and a fragment and a bundle that are none
wrong += [changed(3, 1), changed(3, 2), changed(3, 77), changed(1, 4), changed(1, 4, 0, 1), changed(1, 4, 0, 9)]
wrong += [changed(36, *bytes(8))]  # sequence number 0
frame = Sender(group).message(b"")[0]
wrong += [frame[:length] for length in range(44)]
fragment = Sender(group).message(bytes(3000), 1000)[0]
wrong += [fragment[:length] for length in range(44, 57)]
bundle = Sender(group).bundle([b"one", b"two"])[0]
wrong += [bundle[:length] for length in (44, 45, 46, 48, 50, 51, 53)]
wrong += [bundle + b"\0", bundle + struct.pack(">H", 5) + b"four"]
for at, frame in enumerate(wrong):
    before = s.statistics().refused
    send(frame)
    silent(s, 0.0)
    heard = s.rest(0.02)
    count = s.statistics().refused - before
    check(not heard and count == 1, f"{at}: {frame[:60].hex()}, {len(frame)} bytes: heard {heard}, refused {count}")
stats = s.statistics()
check(stats.lost == 0 and stats.duplicates == 0, f"{stats.lost} lost, {stats.duplicates} duplicates")
send(*sender.message(b"still known"))
expect(s, b"still known")
# One entry that is empty is a bundle; the hop limit is no business of a receiver.
send(*Sender(group).bundle([b""]))
expect(s, b"")
send(changed(2, 200))
check(s.receive() is not None, "a frame with a hop limit")

with open("log") as file:
    lines = file.read().splitlines()
about = [line for line in lines if NAME in line]
check(about and any("version" in line for line in about), f"no line on the version: {lines}")
check(len(lines) < len(wrong) / 2, f"{len(lines)} lines for {len(wrong)} frames")
s.delete()
