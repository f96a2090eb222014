#!/usr/bin/env python3
"""Makes the frames of the vectors in docs/wire-format.md from the text of that document alone, and compares them.
Nothing of libham is used; the ciphers are those of Debian's python3-cryptography."""

import hashlib
import re
import struct
import os
import sys

try:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError:
    print("python3-cryptography is not installed")
    sys.exit(77)

FRAGMENT, BUNDLE, SEALED = 1, 2, 4
ALGORITHMS = {"chacha20-poly1305": (1, ChaCha20Poly1305), "aes-256-gcm": (2, AESGCM)}

# --- The field of the parity fragments ---------------------------------------------------------------------------

POLYNOMIAL = 0x1002D
BASIS = [0x0001, 0xACCA, 0x3C0E, 0x163E, 0xC582, 0xED2E, 0x914C, 0x4012,
         0x6C98, 0x10D8, 0x6A72, 0xB900, 0xFDB8, 0xFB34, 0xFF38, 0x991E]
EXP, LOG = [], {}


def element(word):
    value = 0
    for bit, base in enumerate(BASIS):
        if word >> bit & 1:
            value ^= base
    return value


def make_field():
    power = 1
    for exponent in range(65535):
        EXP.append(power)
        LOG[power] = exponent
        power <<= 1
        if power >> 16:
            power ^= POLYNOMIAL


make_field()
ELEMENT = [element(word) for word in range(65536)]
WORD = {value: word for word, value in enumerate(ELEMENT)}


def mul(a, b):
    """Of words."""
    if a == 0 or b == 0:
        return 0
    return WORD[EXP[(LOG[ELEMENT[a]] + LOG[ELEMENT[b]]) % 65535]]


def div(a, b):
    if a == 0:
        return 0
    return WORD[EXP[(LOG[ELEMENT[a]] - LOG[ELEMENT[b]]) % 65535]]


def weight(points, j, x):
    """The Lagrange polynomial of points[j], at x."""
    over = under = 1
    for k, point in enumerate(points):
        if k != j:
            over = mul(over, x ^ point)
            under = mul(under, points[j] ^ point)
    return div(over, under)


def words(fragment):
    for start in range(0, len(fragment), 64):
        block = fragment[start:start + 64]
        half = len(block) // 2
        for k in range(half):
            yield block[k] | block[half + k] << 8


def unwords(values, size):
    fragment, values = bytearray(size), iter(values)
    for start in range(0, size, 64):
        half = min(64, size - start) // 2
        for k in range(half):
            value = next(values)
            fragment[start + k], fragment[start + half + k] = value & 255, value >> 8
    return bytes(fragment)


def parity_fragments(data, count):
    size = len(data[0])
    m = 1
    while m < count:
        m *= 2
    columns = [list(words(fragment)) for fragment in data]
    for i in range(count):
        total = [0] * (size // 2)
        for index, column in enumerate(columns):
            group = index // m
            points = [m + group * m + j for j in range(m)]
            factor = weight(points, index % m, i)
            total = [have ^ mul(factor, word) for have, word in zip(total, column)]
        yield unwords(total, size)


def ceil(a, b):
    return -(-a // b)


# --- Frames ------------------------------------------------------------------------------------------------------

def frame(vector, flags, index, fields, payload):
    tag = hashlib.sha256(vector["name"].encode()).digest()[16:]
    code = 0
    if "seal" in vector:
        algorithm, secret = vector["seal"].split()
        code, cipher = ALGORITHMS[algorithm]
        flags |= SEALED
    sender, sequence = bytes.fromhex(vector["sender"]), int(vector["sequence"])
    head = struct.pack(">BBBB16s16sQ", 1, flags, 0, code, tag, sender, sequence) + fields
    if code:
        info = b"ham frame 1" + bytes([code]) + tag
        key = HKDF(hashes.SHA256(), 32, sender, info).derive(bytes.fromhex(secret))
        payload = cipher(key).encrypt(struct.pack(">IQ", index, sequence), payload, head)
    return head + payload


def frames(vector):
    if "entries" in vector:
        return [frame(vector, BUNDLE, 0, b"", bytes.fromhex(vector["entries"]))]
    message, limit, percent = bytes.fromhex(vector["message"]), int(vector["limit"]), int(vector["fec"])
    seal = 16 if "seal" in vector else 0
    if 44 + len(message) + seal <= limit:
        return [frame(vector, 0, 0, b"", message)]
    size, parity = limit - 56 - seal, 0
    if percent:
        size = ceil(len(message), ceil(len(message), size & ~1))
        size = max(64, size + size % 2)
        parity = ceil(ceil(len(message), size) * percent, 100)
    fragments = [message[at:at + size] for at in range(0, len(message), size)]
    if parity:
        fragments[-1] = fragments[-1].ljust(size, b"\0")
        fragments += parity_fragments(list(fragments), parity)
    return [frame(vector, FRAGMENT, index, struct.pack(">IHHHH", len(message), size, index, parity, 0), payload)
            for index, payload in enumerate(fragments)]


def vectors(document):
    for block in re.findall(r"```vector\n(.*?)```", document, re.DOTALL):
        vector, expected = {}, []
        for line in block.replace("\n    ", "").splitlines():
            key, _, value = line.partition(" ")
            if key == "frame":
                expected.append(bytes.fromhex(value))
            else:
                vector[key] = value
        yield block, vector, expected


def main():
    with open(os.path.join(os.path.dirname(__file__), "../../docs/wire-format.md"), encoding="utf-8") as file:
        document = file.read()
    count = 0
    for block, vector, expected in vectors(document):
        made = frames(vector)
        if made != expected:
            sys.exit("not as in the document:\n" + block + "but\n" + "\n".join(one.hex() for one in made))
        count += 1
    if count < 10:
        sys.exit("only %d vectors found" % count)
    print("%d vectors agree" % count)


main()
