"""The HAM frame in Python: the other end in the tests, written from docs/wire-format.md alone. It uses nothing of libham.

As a program:

  peer.py map NAME                                 its tag and Group Addresses
  peer.py send NAME INTERFACE [OPTION...] TEXT...  sends the texts to the group
  peer.py receive NAME INTERFACE [OPTION...]       prints "ready", then "heard TEXT" for each message, until it is ended
  peer.py raw ADDRESS PORT INTERFACE               prints "ready", then "datagram" and its bytes as Python writes them
  peer.py watch NAME INTERFACE [OPTION...]         prints "ready", then "SENDER SEQUENCE FLAGS INDEX LENGTH" for each frame

  --key ALGORITHM;KEY   seals, or opens
  --size N              sends fragments of N bytes
  --bundle              sends the texts as one bundle
  --family 4|6          only this one

A NAME is a normal form. What is longer than 100 bytes is told by length and digest.
"""
import base64
import hashlib
import ipaddress
import os
import select
import socket
import struct
import sys

FRAGMENT, BUNDLE, SEALED = 1, 2, 4
ALGORITHMS = {"chacha20-poly1305": 1, "aes-256-gcm": 2}
PORT = 7046


def needs_cryptography():
    """Ends the test as skipped, or begins it again with Debian's own Python, where python3-cryptography is missing."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        if os.path.realpath(sys.executable) != os.path.realpath("/usr/bin/python3") and os.path.exists("/usr/bin/python3"):
            os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)
        print("python3-cryptography is not installed")
        sys.exit(77)


class Group:
    """A Group Name of any namespace but ip: its tag, and where it is mapped to: (Group Address, source or None)."""

    def __init__(self, normal):
        digest = hashlib.sha256(normal.encode()).digest()
        self.normal, self.tag = normal, digest[16:32]
        rest, port = normal.split(":", 2)[2], PORT
        head, colon, tail = rest.rpartition(":")
        if colon and tail.isdigit():
            rest, port = head, int(tail)
        self.port = port
        number = int.from_bytes(digest[0:4], "big")
        low = number & 0x3FFFF
        if low >= 0x3FF00:
            # The last 256 addresses of a scope are for services (RFC 2365).
            low &= ~0x20000
        four = ipaddress.IPv4Address(int(ipaddress.IPv4Address("239.192.0.0")) | low)
        six = ipaddress.IPv6Address(b"\xff\x15" + digest[0:14])
        source = self.source(rest)
        if source is None:
            self.addresses = [(four, None), (six, None)]
        elif source.version == 4:
            number &= 0xFFFFFF
            if number & 0x7FFF00 == 0:
                # 232.0.0.0/24 is reserved (RFC 4607), 232.128.0.0/24 looks like 224.0.0.0/24 to Ethernet.
                number |= 0x400000
            self.addresses = [(ipaddress.IPv4Address(232 << 24 | number), source)]
        else:
            self.addresses = [(ipaddress.IPv6Address(0xFF35 << 112 | 0x80000000 | number & 0x7FFFFFFF), source)]

    @staticmethod
    def source(rest):
        """The instantiation of a name, when it is an address."""
        instantiation = rest.rpartition("@")[2] if "@" in rest else ""
        try:
            return ipaddress.ip_address(instantiation.strip("[]"))
        except ValueError:
            return None


class Key:
    """A group key. `text` is as in a URI: ALGORITHM;BASE64URL."""

    def __init__(self, text):
        name, _, secret = text.partition(";")
        self.code = ALGORITHMS[name]
        self.secret = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
        assert len(self.secret) == 32

    def cipher(self, tag, sender):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        info = b"ham frame 1" + bytes([self.code]) + tag
        key = HKDF(algorithm=hashes.SHA256(), length=32, salt=sender, info=info).derive(self.secret)
        return ChaCha20Poly1305(key) if self.code == 1 else AESGCM(key)


class Sender:
    """Makes frames. A sequence number can be set before any call."""

    def __init__(self, group, key=None, sender=None, sequence=0):
        self.tag, self.key, self.sequence = group.tag, key, sequence
        self.sender = sender or os.urandom(16)
        self.cipher = key and key.cipher(self.tag, self.sender)

    def frame(self, flags, fragment, payload):
        header = struct.pack(">BBBB", 1, flags | (SEALED if self.key else 0), 0, self.key.code if self.key else 0)
        header += self.tag + self.sender + struct.pack(">Q", self.sequence)
        index = 0
        if fragment:
            header += struct.pack(">IHHHH", *fragment, 0)
            index = fragment[2]
        if self.key:
            payload = self.cipher.encrypt(struct.pack(">IQ", index, self.sequence), payload, header)
        return header + payload

    def message(self, message, size=None):
        """The frames of one message, cut into fragments of `size` bytes if it is longer."""
        self.sequence += 1
        if size is None or len(message) <= size:
            return [self.frame(0, None, message)]
        parts = [message[i:i + size] for i in range(0, len(message), size)]
        return [self.frame(FRAGMENT, (len(message), size, i, 0), part) for i, part in enumerate(parts)]

    def bundle(self, messages):
        self.sequence += 1
        return [self.frame(BUNDLE, None, b"".join(struct.pack(">H", len(m)) + m for m in messages))]


class Header:
    """The fields of a frame, to look at."""

    def __init__(self, frame):
        self.version, self.flags, self.hops, self.algorithm = frame[:4]
        self.tag, self.sender = frame[4:20], frame[20:36]
        self.sequence, = struct.unpack(">Q", frame[36:44])
        self.fragment = bool(self.flags & FRAGMENT)
        self.length = 56 if self.fragment else 44
        if self.fragment:
            self.message, self.size, self.index, self.parity, self.zero = struct.unpack(">IHHHH", frame[44:56])
            self.data = -(-self.message // self.size)
        self.payload = frame[self.length:]


class Receiver:
    """Takes frames in any order, each message once. It does without parity: every data fragment must come."""

    def __init__(self, group, key=None):
        self.tag, self.key = group.tag, key
        self.seen, self.unfinished = set(), {}
        self.senders, self.parity = set(), 0

    def accept(self, frame):
        """The messages that are complete with this frame. What breaks the format raises AssertionError."""
        assert len(frame) >= 44, "shorter than a header"
        header = Header(frame)
        assert header.version == 1 and header.flags & ~7 == 0 and header.flags & 3 != 3, "version or flags"
        assert bool(header.flags & SEALED) == bool(header.algorithm) and header.sequence > 0, "algorithm or sequence"
        if header.tag != self.tag:
            return []
        assert header.algorithm == (self.key.code if self.key else 0), "not this group's credentials"
        payload = header.payload
        if self.key:
            bare = frame[:2] + b"\0" + frame[3:header.length]
            nonce = struct.pack(">IQ", header.index if header.fragment else 0, header.sequence)
            payload = self.key.cipher(self.tag, header.sender).decrypt(nonce, payload, bare)
        self.senders.add(header.sender)
        self.parity += header.fragment and header.index >= header.data
        number = header.sender, header.sequence
        if number in self.seen:
            return []
        if header.fragment:
            return self.fragment(number, header, payload)
        self.seen.add(number)
        if not header.flags & BUNDLE:
            return [payload]
        messages = []
        while payload:
            length, = struct.unpack(">H", payload[:2])
            messages.append(payload[2:2 + length])
            assert len(messages[-1]) == length, "a cut entry"
            payload = payload[2 + length:]
        assert messages, "an empty bundle"
        return messages

    def fragment(self, number, header, payload):
        assert 64 <= header.size < header.message <= 65507 and header.parity <= header.data, "division"
        assert header.index < header.data + header.parity and header.zero == 0, "index or reserved field"
        assert header.parity == 0 or header.size % 2 == 0, "an odd fragment size with parity"
        # With parity, the last data fragment is padded.
        here = min(header.size, header.message - header.index * header.size)
        assert len(payload) == (header.size if header.parity else here), "a fragment's length"
        if header.index >= header.data:
            return []
        payload = payload[:here]
        parts = self.unfinished.setdefault(number, {})
        parts[header.index] = payload
        if len(parts) < header.data:
            return []
        self.seen.add(number)
        del self.unfinished[number]
        return [b"".join(parts[i] for i in range(header.data))]


def bound(address, port, ifname, source=None):
    """A BSD socket that is bound to the Group Address and joined it at the Interface."""
    address, index = ipaddress.ip_address(str(address)), socket.if_nametoindex(ifname)
    family, level = (socket.AF_INET, socket.IPPROTO_IP) if address.version == 4 else (socket.AF_INET6, socket.IPPROTO_IPV6)
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for option in socket.SO_RCVBUF, 33:  # SO_RCVBUFFORCE
        try:
            s.setsockopt(socket.SOL_SOCKET, option, 1 << 23)
        except PermissionError:
            pass
    s.bind((str(address), port) if address.version == 4 else (str(address), port, 0, index))

    def sockaddr(a):
        if a.version == 4:
            return struct.pack("=HH", socket.AF_INET, 0) + a.packed + bytes(120)
        return struct.pack("=HHI", socket.AF_INET6, 0, 0) + a.packed + bytes(104)

    request = struct.pack("=I4x", index) + sockaddr(address)
    if source is None:
        s.setsockopt(level, 42, request)  # MCAST_JOIN_GROUP
    else:
        s.setsockopt(level, 46, request + sockaddr(source))  # MCAST_JOIN_SOURCE_GROUP
    return s


def ways(group, ifname, families="46"):
    """A function that sends a frame to the group by every family."""
    out = []
    for address, source in group.addresses:
        if str(address.version) not in families:
            continue
        if address.version == 4:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            index = struct.pack("=4s4si", bytes(4), bytes(4), socket.if_nametoindex(ifname))
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, index)
        else:
            s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(ifname))
        if source is not None:
            s.bind((str(source), 0))
        out.append((s, (str(address), group.port)))

    def send(*frames):
        for s, to in out:
            for frame in frames:
                s.sendto(frame, to)

    return send


def listen(group, ifname, families="46"):
    return [bound(a, group.port, ifname, s) for a, s in group.addresses if str(a.version) in families]


def frames(sockets, seconds):
    """The datagrams that come until none comes for so long."""
    while True:
        ready = select.select(sockets, [], [], seconds)[0]
        if not ready:
            return
        for s in ready:
            yield s.recv(65536)


def told(message):
    if len(message) > 100:
        return f"{len(message)} {hashlib.sha256(message).hexdigest()}"
    return message.decode(errors="replace")


def main(arguments):
    if arguments[0] == "raw":
        plain = bound(arguments[1], int(arguments[2]), arguments[3])
        print("ready", flush=True)
        for datagram in frames([plain], None):
            print("datagram", datagram, flush=True)
    what, group, key, size, bundle, families = arguments[0], Group(arguments[1]), None, None, False, "46"
    if what == "map":
        print(group.tag.hex(), group.port, *(a for a, _ in group.addresses))
        return
    ifname, texts = arguments[2], arguments[3:]
    while texts and texts[0].startswith("--"):
        option = texts.pop(0)
        if option == "--bundle":
            bundle = True
        elif option == "--key":
            needs_cryptography()
            key = Key(texts.pop(0))
        elif option == "--size":
            size = int(texts.pop(0))
        elif option == "--family":
            families = texts.pop(0)
    if what == "send":
        sender, send = Sender(group, key), ways(group, ifname, families)
        texts = [text.encode() for text in texts]
        if bundle:
            send(*sender.bundle(texts))
        else:
            for text in texts:
                send(*sender.message(text, size))
    elif what == "watch":
        sockets = listen(group, ifname, families)
        print("ready", flush=True)
        for frame in frames(sockets, None):
            h = Header(frame)
            print(h.sender.hex(), h.sequence, h.flags, h.index if h.fragment else 0, len(frame), flush=True)
    else:
        receiver, sockets = Receiver(group, key), listen(group, ifname, families)
        print("ready", flush=True)
        for frame in frames(sockets, None):
            for message in receiver.accept(frame):
                print("heard", told(message), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
