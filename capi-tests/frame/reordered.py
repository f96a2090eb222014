#!/usr/bin/env python3
# Frames that come late, twice and in any order: each message once, also 4000 numbers back; what is further back than the window is
# dropped rather than delivered twice.
import random

from hamx import begin, check, expect, silent, Socket
from peer import Group, Sender, ways

NAME = "ham:opaque:reordered"

begin(40)
random.seed(46)
group = Group(NAME)
send = ways(group, "lo", "4")
s = Socket("lo")
s.join(NAME)

# Ten at a time in disorder, each two or three times.
sender = Sender(group)
for block in range(100):
    frames = [sender.message(b"%d %d" % (block, i))[0] for i in range(10)]
    copies = frames * 2 + random.sample(frames, 5)
    random.shuffle(copies)
    send(*copies)
    heard = [s.receive() for _ in range(10)]
    order = list(dict.fromkeys(frames.index(copy) for copy in copies))
    check(heard == [b"%d %d" % (block, i) for i in order], f"block {block}: {heard}")
silent(s)
check(s.statistics().duplicates == 1500, f"{s.statistics().duplicates} duplicates")
check(s.statistics().lost == 0, f"{s.statistics().lost} lost")

# 4000 numbers back, and each of the 3999 between them once.
sender = Sender(group)
frames = [sender.message(b"%d" % i)[0] for i in range(6000)]
send(frames[0])
expect(s, b"0")
send(frames[4000])
expect(s, b"4000")
check(s.statistics().lost == 3999, f"{s.statistics().lost} lost, so far")
send(frames[0], frames[4000])
silent(s)
late = list(range(1, 4000))
random.shuffle(late)
for at in range(0, len(late), 100):
    send(*(frames[i] for i in late[at:at + 100]))
    expect(s, *(b"%d" % i for i in late[at:at + 100]))
check(s.statistics().lost == 0, "what came late is not lost")

# Further back than the window: nothing is delivered that may have been before.
send(frames[5500])
expect(s, b"5500")
send(frames[4999], frames[5499])
expect(s, b"4999", b"5499")
send(frames[5500 - 4200], frames[0], frames[4000])
silent(s)
# A leap forward, and the numbers before it.
sender.sequence = 10**15
send(*sender.message(b"a leap"))
expect(s, b"a leap")
send(frames[5501])
silent(s)
sender.sequence = 10**15 - 4000
send(*sender.message(b"before the leap"))
expect(s, b"before the leap")
sender.sequence = 2**64 - 2
send(*sender.message(b"the last number"))
expect(s, b"the last number")

# Fragments of several messages, and of several senders, mixed.
for _ in range(20):
    senders = [Sender(group), Sender(group), Sender(group)]
    messages = [random.randbytes(random.randrange(1, 9000)) for _ in range(6)]
    frames = [frame for i, m in enumerate(messages) for frame in senders[i % 3].message(m, 1000)]
    frames += random.sample(frames, 3)
    random.shuffle(frames)
    send(*frames)
    heard = [s.receive() for _ in messages]
    check(sorted(heard) == sorted(messages), "fragments in disorder")
silent(s)
s.delete()
