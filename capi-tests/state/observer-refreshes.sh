#!/bin/bash
# root: yes
# network: pair
# Hosts say again that they listen, many times, and leave in the same moment: libham reads the former at leisure, but what was
# said last holds.
. "$HAM_ROOT/capi-tests/state/state.bash"
build_state
ham_start w ""
must w events
sleep 0.3
forget w
cat >hosts.py <<'PY'
"""hosts.py KIND...: 200 hosts send a report with a record of each of these kinds in IGMPv3 and in MLDv2, one host after the other."""
import os, socket, struct, sys

# On one processor, so that the order of the packets stays.
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)

def check(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", ~total & 0xFFFF)

def report4(host, kind):
    head = struct.pack(">BBHIBBH4s4s", 0x45, 0xC0, 36, 0, 1, 2, 0, bytes([10, 46, 1, host]), bytes([224, 0, 0, 22]))
    body = struct.pack(">BBHHHBBH4s", 0x22, 0, 0, 0, 1, kind, 0, 0, bytes([239, 46, 1, host]))
    return head[:10] + check(head) + head[12:] + body[:2] + check(body) + body[4:]

def report6(host, kind):
    source = socket.inet_pton(socket.AF_INET6, f"fe80::46:{host:x}")
    target = socket.inet_pton(socket.AF_INET6, "ff02::16")
    body = struct.pack(">BBHHHBBH16s", 143, 0, 0, 0, 1, kind, 0, 0, socket.inet_pton(socket.AF_INET6, f"ff15::46:{host:x}"))
    body = body[:2] + check(source + target + struct.pack(">II", len(body), 58) + body) + body[4:]
    head = struct.pack(">IHBB", 0x60000000, 8 + len(body), 0, 1)
    return head + source + target + bytes.fromhex("3a00050200000100") + body

for host in range(1, 201):
    for kind in map(int, sys.argv[1:]):
        for packet, protocol in (report4(host, kind), 0x0800), (report6(host, kind), 0x86DD):
            raw.sendto(packet, ("eth0", protocol, 0, 0, bytes.fromhex("01005e000016")))
PY
there() { answer w groups eth0 | grep -c '239\.46\.1\.\|ff15::46:'; }
all_told() { [ "$(events w | grep -c "^$1 eth0 ham:ip:\(239\.46\.1\.\|\[ff15::46:\)")" = 400 ]; }
is_exclude=2 to_include=3 to_exclude=4

# Of whom nothing is known, and who only answers a query.
on peer python3 hosts.py $is_exclude || fail "not sent"
wait_until 10 all_told join || fail "$(events w | grep -c ^join) of 400 joins"
[ "$(there)" = 400 ] || fail "$(there) of 400 groups"
on peer python3 hosts.py $is_exclude $is_exclude $is_exclude $to_include || fail "not sent"
wait_until 10 all_told leave || fail "$(events w | grep -c ^leave) of 400 leaves"
forget w
on peer python3 hosts.py $to_exclude $is_exclude || fail "not sent"
on peer python3 hosts.py $is_exclude $to_include || fail "not sent"
wait_until 10 all_told leave || fail "$(events w | grep -c ^leave) of 400 leaves after a join"
# Longer than it rests.
sleep 0.5
[ "$(events w | wc -l)" = 800 ] ||
    fail "$(events w | wc -l) events: $(events w | cut -c-24 | sort | uniq -c) $(events w | sort | uniq -c | sort -n | tail -3)"
[ "$(there)" = 0 ] || fail "$(there) groups have come back"
stop w
exit 0
