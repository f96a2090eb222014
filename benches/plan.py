"""What `make bench` measures: over which network, at which sizes, and what is aimed at."""

import base64
import os
from functools import partial
from operator import itemgetter
from typing import Callable, NamedTuple, Optional

import measures
import overlay
from report import Aim

SIZES = (64, 1400, 8900, 60000)
MANY = 10000
SPIN_US = 50

SEND, MEDIAN, P99, DRAIN, SPIN, MANY_RATIO = Aim(1.05), Aim(1.05), Aim(1.10), Aim(1.00), Aim(0.45), Aim(1.30)
FRAMES, FRAMES_CPU, BUNDLE = Aim(3.00, at_least=True), Aim(0.50), Aim(7.00, at_least=True)
FRAMED, SEALED, DECODE = Aim(1.15), Aim(1.50), Aim(1.00)
EVENT, OBSERVER, WATCHED = Aim(1.00), Aim(1.00), Aim(1.02)
OVERLAY, OVERLAY_RATE = Aim(1.15), Aim(0.87, at_least=True)

# Of the figures of frame.rs those with an aim in nanoseconds, by the names of the rows.
DECODE_NS = 100
DECODED = {
    "decode": "accept-64",
    "decode, of 16 senders": "accept-64-of-16-senders",
    "decode, duplicates": "accept-64-duplicate",
    "decode, foreign tags": "accept-64-foreign",
    "decode, in bundles": "accept-64-bundled",
}

# A Group Name whose messages travel in HAM frames. IPv4 alone: so both sides send each message once.
DUAL_STACK = {"name": "ham:opaque:bench@libham"}
FRAMED_NAME = {**DUAL_STACK, "ipv4_only": True}
RAW = ("raw", {})
GROUP_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")
ALGORITHMS = ("chacha20-poly1305", "aes-256-gcm")


class Part(NamedTuple):
    """A row of a cell: its name, and how to take its figure from what a round gives."""

    name: str
    take: Callable
    aim: Optional[Aim] = None
    unit: str = "ns"


class Cell:
    """One measure on one network at one size. `parts`: the rows that its rounds make; `base`: what HAM is compared with."""

    def __init__(self, measure, play, net, size, receivers=1, aim=None, parts=None, base="raw", passes=3):
        self.measure, self.play, self.net, self.size, self.receivers = measure, play, net, size, receivers
        self.base, self.passes = base, passes
        self.parts = parts or [Part(measure, lambda value: value, aim)]


def trips(name, median_aim, p99_aim):
    return [
        Part(f"{name}, median", lambda value: value[0], median_aim),
        Part(f"{name}, 99th percentile", lambda value: value[1], p99_aim),
    ]


def framed_with(**settings):
    return {**FRAMED_NAME, "settings": settings}


def against_raw(ham):
    return {"base": RAW, "ham": ("ham", ham)}


def delivery(name, rate_aim, cpu_aim):
    return [
        Part(name, lambda value: value.rate, rate_aim, "messages/s"),
        Part(f"{name}, CPU of both ends", lambda value: value.cpu, cpu_aim),
        Part(f"{name}, delivered", lambda value: value.share, None, "share"),
    ]


def plan(quick):
    """The cells, in the order in which they run and are shown."""
    nets = [measures.Net("lo"), measures.Net("veth")]
    nets6 = [measures.Net("lo", 6), measures.Net("veth", 6)]
    cells = datagrams(nets, quick) + many_groups(nets, quick)
    if not quick:
        cells += calls(nets)
    cells += ipv6(nets6, quick) + frames(nets, quick)
    if not quick:
        cells += correction(nets)
    cells += decode(measures.NoNet()) + group_states(nets[1], quick)
    if os.environ.get("HAM_BENCH_ZENOH"):
        cells += overlays()
    return cells


def datagrams(nets, quick):
    """Names of the namespace `ip`: raw UDP on both sides."""
    cells = []
    sizes = (64, 60000) if quick else SIZES
    for net in nets:
        for receivers in (1, 4):
            for size in sizes:
                cells.append(Cell("send", measures.send, net, size, receivers, SEND))
    for net in nets:
        for receivers in (1, 4):
            for size in sizes:
                if not quick or (size == 64 and receivers == 1):
                    parts = trips("ping-pong", MEDIAN, P99)
                    cells.append(Cell("ping-pong", measures.ping_pong, net, size, receivers, parts=parts))
    for net in nets:
        for receivers in (1, 4):
            for size in sizes:
                if size == 64 or (receivers == 1 and not quick):
                    cells.append(Cell("drain", measures.drain, net, size, receivers, DRAIN if size == 64 else None))
    for net in nets:
        for size in (64,) if quick else (64, 1400):
            play = partial(measures.ping_pong, spin=SPIN_US)
            cells.append(Cell("spin", play, net, size, parts=trips("spin", SPIN, None)))
    return cells


def many_groups(nets, quick):
    cells = []
    against = {"base": "HAM, one group", "passes": 1}
    many = f"{MANY} groups"
    for net in nets[:1] if quick else nets:
        for used in ("one", "all"):
            name = f"{many}, {used} used"
            # With all used, the kernel's tables cost any program more (see "raw" beside the ratio): the library answers for receive.
            parts = [
                Part(name, lambda value: value[0], MANY_RATIO if used == "one" else None),
                Part(f"{name}, receive", lambda value: value[1], MANY_RATIO if used == "all" else None),
            ]
            play = partial(measures.many_groups, groups=MANY, all_used=used == "all")
            cells.append(Cell(name, play, net, 64, parts=parts, **against))
        play = partial(measures.many_groups_send, groups=MANY)
        cells.append(Cell(f"{many}, send", play, net, 64, aim=MANY_RATIO, **against))
    return cells


def calls(nets):
    """What has no aim, but is good to know."""
    cells = []
    asleep = partial(measures.ping_pong, sides=against_raw({"settings": {"HAM_SPIN": "0"}}))
    for net in nets:
        for receivers in (1, 4):
            parts = trips("ping-pong asleep", None, None)
            cells.append(Cell("ping-pong asleep", asleep, net, 64, receivers, parts=parts))
        cells.append(Cell("poll and receive", partial(measures.drain, poll=True), net, 64))
        name = "ping-pong on one core"
        cells.append(Cell(name, partial(measures.ping_pong, far_core=0), net, 64, parts=trips(name, None, None)))
    for size in (64, 1400):
        cells.append(Cell("send on two Interfaces", measures.send_two_interfaces, nets[1], size))
    return cells


def ipv6(nets, quick):
    cells = []
    for net in nets[:1] if quick else nets:
        cells.append(Cell("send", measures.send, net, 1400, 1, SEND))
        if not quick:
            cells.append(Cell("ping-pong", measures.ping_pong, net, 64, 1, parts=trips("ping-pong", MEDIAN, P99)))
            cells.append(Cell("drain", measures.drain, net, 64, 1, DRAIN))
    return cells


def frames(nets, quick):
    """Names of another namespace: HAM frames against plain datagrams."""
    cells = []
    veth = nets[1]

    def flood(name, size, ham, rate_aim=None, cpu_aim=None):
        play = partial(measures.flood, sides=against_raw(ham))
        cells.append(Cell(name, play, veth, size, parts=delivery(name, rate_aim, cpu_aim)))

    flood("frames", 60000, FRAMED_NAME, FRAMES, FRAMES_CPU)
    if not quick:
        flood("frames, IPv4 and IPv6", 60000, DUAL_STACK)
    flood("bundle", 64, framed_with(HAM_BUNDLE="200"), BUNDLE)
    for net in nets:
        name = "framed ping-pong"
        play = partial(measures.ping_pong, sides=against_raw(FRAMED_NAME))
        cells.append(Cell(name, play, net, 64, parts=trips(name, FRAMED, None)))
    for algorithm in ALGORITHMS:
        name = f"sealed ping-pong, {algorithm}"
        sides = against_raw({**FRAMED_NAME, "credentials": f"/{algorithm};{GROUP_KEY}"})
        play = partial(measures.ping_pong, sides=sides)
        cells.append(Cell(name, play, veth, 1400, parts=trips(name, SEALED, None)))
    return cells


def correction(nets):
    """Forward error correction: what it costs, and what it saves."""
    sides = {"base": ("ham", framed_with(HAM_FEC="0")), "ham": ("ham", framed_with(HAM_FEC="20"))}
    against = {"base": "HAM without"}
    cells = [Cell("fec", partial(measures.flood, sides=sides), nets[1], 60000, parts=delivery("fec", None, None), **against)]
    if os.environ.get("HAM_BENCH_LOSSY"):
        name = "fec, 2 % loss"
        parts = [Part(name, lambda value: value, None, "share")]
        net = measures.Net("veth", first=2)
        cells.append(Cell(name, partial(measures.survivors, sides=sides), net, 60000, parts=parts, **against))
    return cells


def decode(net):
    """What a receiver does for each frame before the message is the application's, without a network."""
    program = os.environ.get("HAM_BENCH_FRAME")
    if not program:
        return []
    play = partial(measures.measured_by_itself, program=program, base=dict.fromkeys(DECODED.values(), DECODE_NS))
    parts = [Part(name, itemgetter(figure), DECODE) for name, figure in DECODED.items()]
    return [Cell("decode", play, net, 64, parts=parts, base=f"{DECODE_NS} ns", passes=1)]


def group_states(net, quick):
    """Membership events of plain hosts, what observing them costs, and what it costs those who send and receive."""
    cells = []
    many = measures.REPORTS
    beside = [("event", 0, False), (f"event, beside {many} reports/s", many, False)]
    if not quick:
        beside.append((f"event, beside {many} changes/s", many, True))
    for name, reports, changing in beside:
        parts = [Part(f"{name}: {change}", itemgetter(number), EVENT) for number, change in enumerate(("join", "leave"))]
        play = partial(measures.event_latency, reports=reports, changing=changing)
        cells.append(Cell(name, play, net, 40, parts=parts, base="5 ms"))
    for name, changing, aim in (("observer", False, OBSERVER), ("observer, each report a change", True, None)):
        parts = [Part(name, lambda value: value, aim, "core")]
        cells.append(Cell(name, partial(measures.observer, changing=changing), net, 40, parts=parts, base="1 % of a core"))
    if quick:
        return cells
    watching = ("ham", {"watching": True, "settings": {"HAM_PRESENCE": "1"}})
    sides = {"base": ("ham", {}), "ham": watching, "raw": RAW}
    against = {"base": "HAM without"}
    for size in (64, 1400):
        cells.append(Cell("watched send", partial(measures.send, sides=sides), net, size, aim=WATCHED, **against))
    for size in (64, 1400):
        parts = trips("watched ping-pong", WATCHED, None)
        cells.append(Cell("watched ping-pong", partial(measures.ping_pong, sides=sides), net, size, parts=parts, **against))
    cells.append(Cell("watched drain", partial(measures.drain, sides=sides), net, 64, aim=WATCHED, **against))
    return cells


def overlays():
    """Names over an overlay against bare Zenoh."""
    cells = []
    against = {"base": "bare Zenoh", "passes": 1}
    for net in (overlay.Overlay(1), overlay.Overlay(3)):
        for size in SIZES:
            name = "overlay ping-pong"
            play = partial(overlay.play, measures.ping_pong)
            cells.append(Cell(name, play, net, size, parts=trips(name, OVERLAY, None), **against))
        for size in SIZES:
            play = partial(overlay.play, measures.flood)
            cells.append(Cell("overlay", play, net, size, parts=delivery("overlay", OVERLAY_RATE, OVERLAY), **against))
    return cells
