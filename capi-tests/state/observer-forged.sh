#!/bin/bash
# root: yes
# network: pair
# timeout: 90
# Packets that are forged, cut or changed at random: what is not from the link or not sound is nothing, and the rest goes on.
. "$HAM_ROOT/capi-tests/state/state.bash"
build_state
ham_start w ""
must w events
sleep 0.3
forget w
cat >forge.py <<'PY'
"""forge.py MODE: sends IGMP, MLD and PIM Hello over eth0 as no kernel would."""
import random, socket, struct, sys

raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
index = socket.if_nametoindex("eth0")

def check(data, begin=0):
    data += b"\0" * (len(data) % 2)
    total = begin + sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF

def put(body, value):
    return body[:2] + struct.pack(">H", value) + body[4:]

def v4(body, ttl=1, source="10.46.0.2", protocol=2):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0xC0, 20 + len(body), 0, 0, ttl, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton("224.0.0.22"))
    return head[:10] + struct.pack(">H", check(head)) + head[12:] + put(body, check(body))

def v6(body, hops=1, source="fe80::2"):
    addresses = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, "ff02::16")
    body = put(body, check(addresses + struct.pack(">II", len(body), 58) + body))
    return struct.pack(">IHBB", 0x60000000, 8 + len(body), 0, hops) + addresses + bytes.fromhex("3a00050200000100") + body

def report(group, kind=4):
    return struct.pack(">BBHHHBBH4s", 0x22, 0, 0, 0, 1, kind, 0, 0, socket.inet_aton(group))

def report6(group, kind=4):
    return struct.pack(">BBHHHBBH16s", 143, 0, 0, 0, 1, kind, 0, 0, socket.inet_pton(socket.AF_INET6, group))

def send(packet):
    raw.sendto(packet, ("eth0", 0x0800 if packet[0] >> 4 == 4 else 0x86DD, 0, 0, bytes.fromhex("01005e000016")))

if sys.argv[1] == "good":
    send(v4(report("239.4.0.1")))
    send(v6(report6("ff15::4")))
elif sys.argv[1] == "nothing":
    send(v4(report("239.4.1.1"), ttl=2))
    send(v4(report("239.4.1.2"), source="239.4.1.2"))
    send(v4(report("10.4.1.3")))
    send(v4(report("239.4.1.4"))[:-1] + b"\x55")
    send(v6(report6("ff15::41"), hops=255))
    send(v6(report6("ff15::42"), source="fd46::2"))
    send(v6(report6("ff01::43")))
else:
    random.seed(46)
    samples = [v4(report("239.4.2.1")), v6(report6("ff15::5")), v4(bytes.fromhex("11640000ef04020202021e0001") + b"\0" * 3),
               v4(bytes.fromhex("200000000001000200690013000400000001"), protocol=103)]
    for packet in samples:
        for end in range(len(packet)):
            if end >= 20:
                send(packet[:end])
    for _ in range(20000):
        packet = bytearray(random.choice(samples))
        for _ in range(random.randint(1, 6)):
            packet[random.randrange(len(packet))] = random.randrange(256)
        packet[0] = packet[0] & 0x0F | random.choice((0x40, 0x60))
        send(bytes(packet) + random.randbytes(random.choice((0, 0, 7, 300))))
PY
on peer python3 forge.py nothing || fail "not sent"
on peer python3 forge.py good || fail "not sent"
expect_events w "what is sound, and nothing else" "join eth0 ham:ip:239.4.0.1
join eth0 ham:ip:[ff15::4]"
expect "its children" "node ham:ip:10.46.0.2" answer w children eth0 ham:ip:239.4.0.1
on peer python3 forge.py random || fail "not sent"
forget w
bsd peer receive 239.4.3.1 5000 eth0
heard() { events w | grep -qxF "join eth0 ham:ip:239.4.3.1"; }
wait_until 20 heard || { cat w.err; fail "it hears no more"; }
! events w | grep -q '239\.4\.1\.' || fail "a forged report is heard"
kill "$bsd"
stop w
exit 0
