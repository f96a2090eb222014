"""HAM's send by ctypes and Python's own sockets in one process: coexist.py URL EXPECTED [LIBRARY].

Without LIBRARY (the process has been started with it in LD_PRELOAD) HAM's functions are those that the process has.
"""

import ctypes
import os
import socket
import sys
import threading
import urllib.request

url, expected = sys.argv[1:3]
path = sys.argv[3] if len(sys.argv) > 3 else None
mode = ctypes.RTLD_GLOBAL if os.environ.get("GLOBAL") else ctypes.RTLD_LOCAL
ham = ctypes.CDLL(path, mode=mode, use_errno=True)
GROUP = b"ham:ip:239.255.70.46:7702"


def tcp(size):
    """Sends `size` bytes by send and sendall through a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = socket.create_connection(server.getsockname())
        receiver, _ = server.accept()
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    got = bytearray()

    def read():
        while chunk := receiver.recv(65536):
            got.extend(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    with sender:
        sent = sender.send(data)
        assert 0 < sent <= size
        sender.sendall(data[sent:])
    reader.join(20)
    receiver.close()
    assert bytes(got) == data, (len(got), size)


def http():
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open(url, timeout=20).read().decode() == expected


tcp(10)
tcp(300_000)
http()

# Under LD_PRELOAD the name `send` of the process is libc's or HAM's, whichever comes first; libham's is first there.
send = ham.send
send.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
send.restype = ctypes.c_int
handle = ctypes.c_int(-1)
lo = ctypes.c_uint32(socket.if_nametoindex("lo"))
assert ham.createMSocket(ctypes.byref(handle), ctypes.c_size_t(1), ctypes.byref(lo)) == 0, ctypes.get_errno()
assert ham.join(handle, GROUP) == 0, ctypes.get_errno()
for message in (b"first", b"", b"x" * 60000):
    assert send(handle, GROUP, len(message), message) == 0, ctypes.get_errno()
    tcp(1000)
    buffer = ctypes.create_string_buffer(65507)
    got = ham.receive(handle, None, ctypes.c_size_t(65507), buffer)
    assert got == len(message), (got, ctypes.get_errno())
    assert buffer.raw[:got] == message
http()
assert ham.deleteMSocket(handle) == 0
tcp(300_000)
with socket.socket() as unconnected:
    try:
        unconnected.send(b"x")
        raise AssertionError("a send without a connection succeeded")
    except BrokenPipeError:
        pass
print("right")
