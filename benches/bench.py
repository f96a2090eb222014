"""`make bench`: runs the plan inside the namespaces of run.sh, and shows what came of it."""

import argparse
import os
import sys
import time

import plan
import report
import roles


def run(cell, seconds, passes, null):
    """The rows of one cell. Each pass starts fresh processes, since the layout of their memory shifts the times a little."""
    rounds = []
    for _ in range(passes):
        rounds += cell.play(cell.net, cell.size, cell.receivers, seconds / passes)
    rows = []
    for part in cell.parts:
        values = {variant: [part.take(r[variant]) for r in rounds] for variant in rounds[0]}
        rows.append(report.row(cell, part.name, part.unit, None if null else part.aim, values))
    return rows


def main():
    parser = argparse.ArgumentParser(prog="run.sh", description="libham against BSD multicast sockets.")
    parser.add_argument("--quick", action="store_true", help="a short run over fewer sizes, under a minute")
    parser.add_argument("--check", action="store_true", help="exit 1 when a ratio misses its aim")
    parser.add_argument("--markdown", action="store_true", help="print Markdown instead of the plain table")
    parser.add_argument("--json", default=f"{roles.BUILD}/bench.json", help="where the results go (%(default)s)")
    parser.add_argument("--only", metavar="TEXT", default="", help="only measures whose name holds TEXT")
    parser.add_argument("--seconds", type=float, help="seconds per cell")
    parser.add_argument("--null", action="store_true", help="raw against raw: the noise of this machine")
    options = parser.parse_args()

    if options.null:
        roles.PROGRAMS["ham"] = roles.PROGRAMS["raw"]  # which knows no Group Names, and cannot join many groups
    if os.getloadavg()[0] > 0.7:
        print(f"bench: this machine is busy (load {os.getloadavg()[0]:.1f}): expect noise", file=sys.stderr)

    rows = []
    started = time.monotonic()
    try:
        cells = [cell for cell in plan.plan(options.quick) if options.only in cell.measure]
        cells = [cell for cell in cells if not options.null or cell.base == "raw"]
        if not cells:
            print(f"bench: no measure has \"{options.only}\" in its name", file=sys.stderr)
            return 2
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
    missed = report.missed(rows)
    for sentence in missed:
        print(f"bench: {sentence}", file=sys.stderr)
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
