"""libhamx in Python, for tests that need frames of their own making at one end and the library at the other; and what such
tests use: Socket, expect(), silent(), check(), begin()."""
import ctypes
import os
import select
import signal
import socket
import sys
import time

URI_MAX = 1024
library = ctypes.CDLL(os.path.join(os.environ["HAM_BUILD"], "libhamx.so.1"), use_errno=True)
library.ham_last_error.restype = ctypes.c_char_p


class Message(ctypes.Structure):
    _fields_ = [("group_uri", ctypes.c_char * URI_MAX), ("iface", ctypes.c_uint32), ("sender", ctypes.c_char * 64)]


def fields_of(struct):
    """The u64 counters of a struct of hamx.h, by name."""
    with open(os.path.join(os.environ["HAM_ROOT"], "include", "hamx.h")) as header:
        body = header.read().split(f"struct {struct} {{", 1)[1].split("};", 1)[0]
    return [line.split()[1].rstrip(";") for line in body.splitlines() if line.strip().startswith("uint64_t ")]


class Statistics(ctypes.Structure):
    _fields_ = [(field, ctypes.c_uint64) for field in fields_of("ham_statistics")]


def must(result):
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"{os.strerror(error)}: {library.ham_last_error().decode()}")
    return result


class Socket:
    """A multicast socket on the Interfaces of these names."""

    def __init__(self, *ifnames):
        ifs = (ctypes.c_uint32 * len(ifnames))(*map(socket.if_nametoindex, ifnames))
        handle = ctypes.c_int()
        must(library.ham_createMSocket(ctypes.byref(handle), ctypes.c_size_t(len(ifnames)), ifs))
        self.handle = handle.value
        os.set_blocking(self.handle, False)
        self.buffer = ctypes.create_string_buffer(65507)

    def join(self, name):
        must(library.ham_join(self.handle, name.encode()))

    def leave(self, name):
        must(library.ham_leave(self.handle, name.encode()))

    def send(self, name, message):
        os.set_blocking(self.handle, True)
        must(library.ham_send(self.handle, name.encode(), ctypes.c_size_t(len(message)), message))
        os.set_blocking(self.handle, False)

    def receive_from(self, seconds=20.0):
        """The next message and its Group Name; None when none comes in this time."""
        end, info = time.monotonic() + seconds, Message()
        while True:
            n = library.ham_receive_from(self.handle, None, ctypes.c_size_t(len(self.buffer)), self.buffer, ctypes.byref(info))
            if n >= 0:
                return self.buffer.raw[:n], info.group_uri.decode()
            if ctypes.get_errno() not in (11, 4):
                must(n)
            left = end - time.monotonic()
            if left <= 0:
                return None
            select.select([self.handle], [], [], left)

    def receive(self, seconds=20.0):
        found = self.receive_from(seconds)
        return found and found[0]

    def rest(self, seconds=0.3):
        """All messages until none comes for so long."""
        heard = []
        while (message := self.receive(seconds)) is not None:
            heard.append(message)
        return heard

    def statistics(self):
        stats = Statistics()
        must(library.ham_statistics(self.handle, ctypes.byref(stats)))
        return stats

    def delete(self):
        must(library.ham_deleteMSocket(self.handle))


def check(condition, what):
    if not condition:
        frame = sys._getframe(1)
        print(f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}: {what}")
        sys.exit(1)


def brief(message):
    return message if message is None or len(message) <= 60 else f"{len(message)} bytes, {message[:20]}..."


def expect(s, *messages):
    """Just these messages come next, in this order."""
    for wanted in messages:
        heard = s.receive()
        frame = sys._getframe(1)
        if heard != wanted:
            print(f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}: heard {brief(heard)}, wanted {brief(wanted)}")
            sys.exit(1)


def silent(s, seconds=0.2):
    heard = s.receive(seconds)
    if heard is not None:
        frame = sys._getframe(1)
        print(f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}: heard {brief(heard)}, wanted silence")
        sys.exit(1)


def begin(seconds):
    """Ends a test that hangs."""
    signal.alarm(seconds * int(os.environ.get("HAM_SLOW", "1")))
