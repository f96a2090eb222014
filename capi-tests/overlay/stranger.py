"""A Zenoh program: hears, speaks and takes part by the keys of docs/overlay.md and the frame of docs/wire-format.md."""
import hashlib
import os
import struct
import sys
import time
import urllib.parse

import zenoh

SPEAKS, HEARS = "ham:opaque:f%C3%BCr%20alle", "ham:ip:239.1.2.3:5000"


def say(*words):
    """A line in one piece: Zenoh calls on threads of its own."""
    os.write(1, (" ".join(words) + "\n").encode())


def chunk(name):
    return urllib.parse.quote(name, safe="-._~")


def frame(name, sender, sequence, message):
    tag = hashlib.sha256(name.encode()).digest()[16:]
    return struct.pack(">BBBB", 1, 0, 1, 0) + tag + sender + struct.pack(">Q", sequence) + message


def on_frame(sample):
    name = urllib.parse.unquote(str(sample.key_expr).split("/")[2])
    data = sample.payload.to_bytes()
    tag = hashlib.sha256(name.encode()).digest()[16:]
    if data[0] != 1 or data[1] != 0 or data[3] != 0 or data[4:20] != tag:
        say("no frame of", name, data[:44].hex())
    say("heard", name, data[44:].decode())


def on_token(sample):
    _, _, name, role, *_ = str(sample.key_expr).split("/")
    put = sample.kind == zenoh.SampleKind.PUT
    say("token" if put else "no token", role, urllib.parse.unquote(name))


config = zenoh.Config()
config.insert_json5("mode", '"client"')
config.insert_json5("connect/endpoints", '["tcp/127.0.0.1:7447"]')
config.insert_json5("scouting/multicast/enabled", "false")
with zenoh.open(config) as session:
    zid = str(session.info.zid())
    heard = session.declare_subscriber(f"ham/v1/{chunk(HEARS)}/d", on_frame)
    tokens = session.liveliness().declare_subscriber("ham/v1/*/*/**", on_token, history=True)
    listener = session.liveliness().declare_token(f"ham/v1/{chunk(HEARS)}/rx/{zid}/{zid}")
    source = session.liveliness().declare_token(f"ham/v1/{chunk(SPEAKS)}/tx/{zid}/{zid}")
    say("ready")
    sender, key = os.urandom(16), f"ham/v1/{chunk(SPEAKS)}/d"
    # Two that are no frames, and twenty that are.
    session.put(key, b"no frame")
    session.put(key, b"\x02" + frame(SPEAKS, sender, 1, b"of a later version")[1:])
    for i in range(1, 21):
        session.put(key, frame(SPEAKS, sender, i, b"from Python %d" % i))
        # Again, as a way around would bring it.
        session.put(key, frame(SPEAKS, sender, i, b"from Python %d" % i))
    time.sleep(45)
sys.exit(1)
