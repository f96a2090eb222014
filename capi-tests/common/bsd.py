#!/usr/bin/python3
"""The plain BSD peer in Python.

bsd.py receive GROUP PORT INTERFACE [SOURCE]   prints "ready", then "heard TEXT" for each message
bsd.py send GROUP PORT INTERFACE TEXT
"""

import ipaddress
import socket
import struct
import sys

MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP = 42, 46


def storage(address):
    """A struct sockaddr_storage."""
    ip = ipaddress.ip_address(address)
    if ip.version == 4:
        raw = struct.pack("=H2x4s", socket.AF_INET, ip.packed)
    else:
        raw = struct.pack("=H2xI16s", socket.AF_INET6, 0, ip.packed)
    return raw.ljust(128, b"\0")


what, group, port, interface = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
v4 = ipaddress.ip_address(group).version == 4
level = socket.IPPROTO_IP if v4 else socket.IPPROTO_IPV6
index = socket.if_nametoindex(interface)
s = socket.socket(socket.AF_INET if v4 else socket.AF_INET6, socket.SOCK_DGRAM)
if what == "send":
    if v4:
        s.setsockopt(level, socket.IP_MULTICAST_IF, struct.pack("=4s4si", b"\0" * 4, b"\0" * 4, index))
    else:
        s.setsockopt(level, socket.IPV6_MULTICAST_IF, index)
    s.sendto(sys.argv[5].encode(), (group, port))
else:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("" if v4 else "::", port))
    request = struct.pack("=I4x", index) + storage(group)
    if len(sys.argv) > 5:
        s.setsockopt(level, MCAST_JOIN_SOURCE_GROUP, request + storage(sys.argv[5]))
    else:
        s.setsockopt(level, MCAST_JOIN_GROUP, request)
    print("ready", flush=True)
    while True:
        print("heard " + s.recv(65536).decode(), flush=True)
