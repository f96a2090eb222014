#!/usr/bin/env python3
# timeout: 90
# A flood of forged fragments: the memory stays bounded, messages of honest senders pass between them, and what contradicts
# itself is refused and counted.
import os

from hamx import begin, check, expect, silent, Socket
from peer import FRAGMENT, Group, Header, Sender, ways

NAME = "ham:opaque:forged"
os.environ["HAM_REASSEMBLY_BUFFER"] = "1048576"


def resident():
    """Kilobytes of this process."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


begin(80)
group = Group(NAME)
send = ways(group, "lo", "4")
s = Socket("lo")
s.join(NAME)
honest, message = Sender(group), os.urandom(60000)


def flood(rounds, forged):
    """So many times a hundred forged fragments, and a message of the honest one between them."""
    for i in range(rounds):
        for frame in forged(i):
            send(frame)
        check(s.receive(0.0) is None, "a forged fragment is delivered")
        if i % 10 == 0:
            frames = honest.message(message, 1400)
            send(*frames[:20])
            send(*forged(i)[:8])
            send(*frames[20:])
            expect(s, message)


def begun(sender):
    """The first fragment of a message of 65507 bytes that never ends."""
    sender.sequence += 1
    return sender.frame(FRAGMENT, (65507, 1400, 0, 0), bytes(1400))


def of_many(_):
    return [begun(Sender(group)) for _ in range(100)]


one = Sender(group)


def of_one(_):
    return [begun(one) for _ in range(100)]


def of_parity(_):
    """Parity fragments, two of each message, which have to be kept until data fragments come."""
    out = []
    for _ in range(50):
        sender = Sender(group, sequence=1)
        out += [sender.frame(FRAGMENT, (65507, 1400, index, 47), bytes(1400)) for index in (47, 93)]
    return out


for forged in of_many, of_one, of_parity:
    flood(10, forged)
before = resident()
for forged in of_many, of_one, of_parity:
    flood(100, forged)
grown = resident() - before
print(f"{before} kB, and {grown} kB more after 30,000 forged fragments")
check(grown < 8192, f"{grown} kB more")

# Fragments that disagree with the first of their message: in length, size or number of parity fragments.
refused, sender = s.statistics().refused, Sender(group)
frames = sender.message(bytes(range(256)) * 20, 1000)
send(*frames[:3])
for at, value in (44, b"\x00\x00\x14\x01"), (48, b"\x03\xe9"), (52, b"\x00\x02"), (50, b"\xff\xff"), (54, b"\x00\x01"):
    send(frames[3][:at] + value + frames[3][at + len(value):])
send(frames[3] + b"x", frames[3][:-1], frames[3][:56])
# Impossible ones: a length of 0, above 65507, a size of 0.
for at, value in (44, bytes(4)), (44, b"\x00\x00\xff\xe4"), (44, b"\xff\xff\xff\xff"), (48, bytes(2)):
    alone = Sender(group).message(bytes(5000), 1000)[0]
    send(alone[:at] + value + alone[at + len(value):])
silent(s)
count = s.statistics().refused - refused
check(count == 12, f"{count} refused instead of 12")
# The true ones are taken all the same.
send(*frames[3:])
expect(s, bytes(range(256)) * 20)
check(Header(frames[0]).data == 6, "the peer's own frame")

# Eight messages of one sender may be unfinished at once. Of more, the stalest goes; what comes after that is taken again.
send(*honest.message(b"from here on"))
expect(s, b"from here on")
for count in 8, 30, 8:
    many = [honest.message(bytes([i]) * 5000, 1400) for i in range(count)]
    for part in range(4):
        send(*(frames[part] for frames in many))
    heard = s.rest()
    wanted = {bytes([i]) * 5000 for i in range(count)}
    check(set(heard) <= wanted and len(set(heard)) == len(heard), "a message that nobody sent, or one twice")
    check(count > 8 or set(heard) == wanted, f"{len(heard)} of {count} messages at once")
s.delete()
