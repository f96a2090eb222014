"""Makes a line of every record of a report, and of every source in it: tshark prints the fields of all records of a packet side
by side: source, destination, TTL, record types, groups, numbers of sources, sources."""

import sys

for line in sys.stdin:
    fields = line.rstrip("\n").split(",")
    if len(fields) != 7:
        print(line, end="")
        continue
    kinds, groups, counts, sources = (field.split("|") for field in fields[3:])
    for kind, group, count in zip(kinds, groups, counts):
        own = [sources.pop(0) for _ in range(int(count))] or [""]
        for source in own:
            print(",".join(fields[:3] + [kind, group, source]))
