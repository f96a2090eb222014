"""The plan of `make bench`: which measures, over which network, at which sizes; run by run.sh inside its namespaces."""

import argparse
import os
import sys
import time
from functools import partial

import measures
import report
import roles

SIZES = (64, 1400, 8900, 60000)
MANY = 10000
SPIN_US = 50

# The upper bounds of the ratio HAM / base.
SEND, MEDIAN, P99, DRAIN, SPIN, MANY_RATIO = 1.05, 1.05, 1.10, 1.00, 0.45, 1.30


class Cell:
    """One measure on one network at one size. `parts`: the rows that its values make, as (name, how to take it, target)."""

    def __init__(self, measure, play, net, size, receivers=1, target=None, parts=None, base="raw", passes=3):
        self.measure, self.play, self.net, self.size, self.receivers = measure, play, net, size, receivers
        self.base, self.passes = base, passes
        self.parts = parts or [(measure, lambda value: value, target)]


def trips(name, median_target, p99_target):
    return [
        (f"{name}, median", lambda value: value[0], median_target),
        (f"{name}, 99th percentile", lambda value: value[1], p99_target),
    ]


def plan(quick):
    """The cells, in the order in which they run and are shown."""
    cells = []

    def add(*args, **kwargs):
        cells.append(Cell(*args, **kwargs))

    nets = [measures.Net("lo"), measures.Net("veth")]
    sizes = (64, 60000) if quick else SIZES
    for net in nets:
        for receivers in (1, 4):
            for size in sizes:
                add("send", measures.send, net, size, receivers, SEND)
    for net in nets:
        for receivers in (1, 4):
            for size in sizes:
                if not quick or (size == 64 and receivers == 1):
                    add("ping-pong", measures.ping_pong, net, size, receivers, parts=trips("ping-pong", MEDIAN, P99))
    for net in nets:
        for receivers in (1, 4):
            for size in sizes:
                if size == 64 or (receivers == 1 and not quick):
                    add("drain", measures.drain, net, size, receivers, DRAIN if size == 64 else None)
    for net in nets:
        for size in (64,) if quick else (64, 1400):
            parts = trips("spin", SPIN, None)
            add("spin", partial(measures.ping_pong, spin=SPIN_US), net, size, parts=parts)
    for net in nets[:1] if quick else nets:
        against = {"base": "HAM, one group", "passes": 1}
        many = f"{MANY} groups"
        for used in ("one", "all"):
            name = f"{many}, {used} used"
            # With all used, the kernel's tables cost any program more (see "raw" beside the ratio): the library answers for receive.
            parts = [
                (name, lambda value: value[0], MANY_RATIO if used == "one" else None),
                (f"{name}, receive", lambda value: value[1], MANY_RATIO if used == "all" else None),
            ]
            add(name, partial(measures.many_groups, groups=MANY, all_used=used == "all"), net, 64, parts=parts, **against)
        add(f"{many}, send", partial(measures.many_groups_send, groups=MANY), net, 64, target=MANY_RATIO, **against)
    if not quick:
        for net in nets:
            add("poll and receive", partial(measures.drain, poll=True), net, 64)
            parts = trips("ping-pong on one core", None, None)
            add("ping-pong on one core", partial(measures.ping_pong, far_core=0), net, 64, parts=parts)
        for size in (64, 1400):
            add("send on two Interfaces", measures.send_two_interfaces, nets[1], size)
    for net in [measures.Net("lo", 6), measures.Net("veth", 6)][: 1 if quick else 2]:
        add("send", measures.send, net, 1400, 1, SEND)
        if not quick:
            add("ping-pong", measures.ping_pong, net, 64, 1, parts=trips("ping-pong", MEDIAN, P99))
            add("drain", measures.drain, net, 64, 1, DRAIN)
    return cells


def run(cell, seconds, passes, null):
    """The rows of one cell. Each pass starts fresh processes, since the layout of their memory shifts the times a little."""
    rounds = []
    for _ in range(passes):
        rounds += cell.play(cell.net, cell.size, cell.receivers, seconds / passes)
    rows = []
    for name, part, target in cell.parts:
        values = {variant: [part(r[variant]) for r in rounds] for variant in rounds[0]}
        rows.append(report.row(cell, name, None if null else target, values))
    return rows


def main():
    parser = argparse.ArgumentParser(prog="run.sh", description="libham against BSD multicast sockets.")
    parser.add_argument("--quick", action="store_true", help="a short run over fewer sizes, under a minute")
    parser.add_argument("--check", action="store_true", help="exit 1 when a ratio misses its target")
    parser.add_argument("--markdown", action="store_true", help="print Markdown instead of the plain table")
    parser.add_argument("--json", default=f"{roles.BUILD}/bench.json", help="where the results go (%(default)s)")
    parser.add_argument("--only", metavar="TEXT", help="only measures whose name holds TEXT")
    parser.add_argument("--seconds", type=float, help="seconds per cell")
    parser.add_argument("--null", action="store_true", help="raw against raw: the noise of this machine")
    options = parser.parse_args()

    if options.null:
        roles.PROGRAMS["ham"] = roles.PROGRAMS["raw"]  # which cannot join many groups
    if os.getloadavg()[0] > 0.7:
        print(f"bench: this machine is busy (load {os.getloadavg()[0]:.1f}): expect noise", file=sys.stderr)

    rows = []
    started = time.monotonic()
    try:
        cells = [cell for cell in plan(options.quick) if (options.only or "") in cell.measure]
        cells = [cell for cell in cells if not options.null or cell.base == "raw"]
        for number, cell in enumerate(cells):
            if sys.stderr.isatty():
                print(f"\r{number + 1}/{len(cells)} {cell.measure} {cell.net.name} {cell.size} B\x1b[K", end="", file=sys.stderr)
            seconds = options.seconds or (0.6 if options.quick else 5.0)
            rows += run(cell, seconds, 1 if options.quick else cell.passes, options.null)
    except roles.RoleFailed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 2
    finally:
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr)

    report.write_json(options.json, rows, time.monotonic() - started)
    print(report.markdown(rows) if options.markdown else report.table(rows))
    missed = [row for row in rows if row["met"] is False]
    for row in missed:
        print(f"bench: missed: {report.name_of(row)}: {row['ratio']['median']:.3f}, target {row['target']:.2f}", file=sys.stderr)
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
