#!/usr/bin/env python3
# timeout: 60
# libham and a frame of another make, both ways: plain, sealed with both algorithms, in fragments, in fragments with parity, in
# bundles, by IPv4 and by IPv6, with names of several namespaces and with sources.
import os
import time

os.environ["HAM_FEC"] = os.environ.get("HAM_FEC", "30")
os.environ["HAM_BUNDLE"] = "20000"

from hamx import begin, check, expect, silent, Socket  # noqa: E402
from peer import frames, Group, Header, Key, listen, needs_cryptography, Receiver, Sender, ways  # noqa: E402

needs_cryptography()
SECRET = "__79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA"
LENGTHS = 0, 1, 7, 1400, 1401, 9000, 60000, 65507

begin(50)
os.system("ip addr add 10.46.0.1/32 dev lo; ip -6 addr add fd46::1/128 dev lo nodad")


def both_ways(name, credentials, families):
    group, key = Group(name), credentials and Key(credentials)
    uri = f"{name}/{credentials}" if credentials else name
    s, t = Socket("lo"), Socket("lo")
    s.join(uri)

    # To libham.
    for family in families:
        sender, send = Sender(group, key), ways(group, "lo", family)
        for length in LENGTHS:
            message = os.urandom(length)
            for size in 1000, 1399, 8000, 65000:
                if size < length:
                    send(*sender.message(message, size))
                    check(s.receive_from() == (message, name), f"{uri}, IPv{family}, {length} bytes in fragments of {size}")
            if length < 60000:
                send(*sender.message(message))
                check(s.receive_from() == (message, name), f"{uri}, IPv{family}, {length} bytes")
        send(*sender.bundle([b"one", b"", b"three" * 100]))
        expect(s, b"one", b"", b"three" * 100)
    silent(s, 0.1)
    stats = s.statistics()
    check(stats.duplicates == 0 and stats.lost == 0 and stats.refused == 0, f"{uri}: {stats.duplicates, stats.lost, stats.refused}")
    s.delete()

    # From libham.
    for family in families:
        receiver, sockets = Receiver(group, key), listen(group, "lo", family)
        sent = [os.urandom(length) for length in LENGTHS] + [b"small %d" % i for i in range(20)]
        heard, seen = [], []

        def hear(seconds):
            for frame in frames(sockets, seconds):
                heard.extend(receiver.accept(frame))
                seen.append(Header(frame))

        for message in sent:
            t.send(uri, message)
            # The receive buffer may be small.
            if len(message) > 1000:
                hear(0.05)
        end = time.monotonic() + 20
        while len(heard) < len(sent) and time.monotonic() < end:
            hear(0.05)
        hear(0.3)
        check(heard == sent, f"{uri}, IPv{family}: the peer heard {[len(m) for m in heard]}")
        check(len(receiver.senders) == 1 and not receiver.unfinished, "one sender, nothing unfinished")
        check(receiver.parity > 0 or os.environ["HAM_FEC"] == "0", "no parity fragments came")
        check(sum(not h.fragment for h in seen) < 20, "small messages do not share datagrams")
        fragments = [h for h in seen if h.fragment and h.sequence == max(h.sequence for h in seen if h.fragment)]
        # All but the last frame of a message have the same length.
        check(len({len(h.payload) for h in fragments[:-1]}) == 1, "fragments of several sizes")
        for x in sockets:
            x.close()
    t.delete()


for credentials in None, f"chacha20-poly1305;{SECRET}", f"aes-256-gcm;{SECRET}":
    both_ways("ham:opaque:interop@example.org", credentials, "46")
both_ways("ham:sip:movies@example.org:6001", None, "46")
both_ways("ham:opaque:one-source@10.46.0.1", None, "4")
both_ways("ham:opaque:one-source@[fd46::1]", None, "6")
both_ways("ham:scribe:any", None, "46")
