"""Rows of results, and how they are shown: a table, Markdown for the README, JSON."""

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass

# How the figures of a row are written, by their unit.
UNITS = {
    "ns": lambda value: f"{value / 1000:.2f} µs" if value >= 1000 else f"{value / 1000:.3f} µs",
    "messages/s": lambda value: f"{value / 1000:.1f} k/s",
    "core": lambda value: f"{value * 100:.2f} %",
    "share": lambda value: f"{value * 100:.1f} %",
}


@dataclass(frozen=True)
class Aim:
    """A bound of the ratio HAM / base."""

    bound: float
    at_least: bool = False

    def met(self, ratio):
        """To the two decimals that are shown: the third is noise (see --null)."""
        shown = round(ratio, 2)
        return shown >= self.bound if self.at_least else shown <= self.bound

    def __str__(self):
        return f"{'≥' if self.at_least else '≤'} {self.bound:.2f}"


def quartiles(values):
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": round(median, 4), "q1": round(low, 4), "q3": round(high, 4)}


def row(cell, measure, unit, aim, values):
    """One line of the results. `values`: per variant the figures of each round, index by index from the same round."""
    ratio = quartiles([ham / base for base, ham in zip(values["base"], values["ham"])])
    line = {
        "measure": measure,
        "net": cell.net.name,
        "family": f"IPv{cell.net.family}" if cell.net.family else "",
        "size": cell.size,
        "receivers": cell.receivers,
        "against": cell.base,
        "unit": unit,
        "base": round(statistics.median(values["base"]), 4),
        "ham": round(statistics.median(values["ham"]), 4),
        "ratio": ratio,
        "rounds": len(values["base"]),
        "aim": aim and asdict(aim),
        "met": aim and aim.met(ratio["median"]),
    }
    for variant in values:
        if variant not in ("base", "ham"):
            line["beside"] = variant
            line["beside_ratio"] = quartiles([v / base for base, v in zip(values["base"], values[variant])])
    return line


def name_of(line):
    where = f"{line['net']}, {line['family']}, " if line["net"] else ""
    return f"{line['measure']}, {where}{line['size']} B, {line['receivers']} receivers"


def missed(rows):
    """A sentence for each row that is not what it should be."""
    return [
        f"missed: {name_of(line)}: {line['ratio']['median']:.3f}, aim {Aim(**line['aim'])}"
        for line in rows
        if line["met"] is False
    ]


def machine():
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as cpuinfo:
            model = next(text.split(":", 1)[1].strip() for text in cpuinfo if text.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release()}


HEAD = ("measure", "net", "IP", "bytes", "receivers", "base", "HAM", "ratio (quartiles)", "aim", "")
LEFT = (0, 1, 9)


def cells_of(line):
    ratio = line["ratio"]
    verdict = "" if line["met"] is None else "met" if line["met"] else "MISSED"
    note = f"({line['beside']}: {line['beside_ratio']['median']:.2f})" if "beside" in line else ""
    return (
        line["measure"],
        line["net"],
        line["family"][-1:],
        str(line["size"]),
        str(line["receivers"]),
        UNITS[line["unit"]](line["base"]),
        UNITS[line["unit"]](line["ham"]),
        f"{ratio['median']:.2f} ({ratio['q1']:.2f}–{ratio['q3']:.2f})",
        str(Aim(**line["aim"])) if line["aim"] else "",
        " ".join(filter(None, (verdict, note))),
    )


def about():
    m = machine()
    return (
        f"{m['cpu']}, {m['cores']} cores, Linux {m['kernel']}. Ratio: HAM / base, the median of paired rounds and their"
        f" quartiles. Of times, below 1 HAM is faster; of messages a second (k/s), above 1. The base is BSD sockets in C; of the"
        f" rows with many groups a HAM socket with one group, of those with fec and the watched ones one without, of overlays bare"
        f" Zenoh, of decode, events and observer the aim itself."
    )


def table(rows):
    lines = [HEAD] + [cells_of(line) for line in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    shown = []
    for line in lines:
        parts = [text.ljust(w) if i in LEFT else text.rjust(w) for i, (text, w) in enumerate(zip(line, widths))]
        shown.append("  ".join(parts).rstrip())
    return "\n".join(shown + ["", about()])


def markdown(rows):
    lines = ["| " + " | ".join(HEAD[:9]) + " |", "|" + "".join("---|" if i in LEFT else "---:|" for i in range(9))]
    for line in rows:
        cells = list(cells_of(line)[:9])
        if line["met"] is False:
            cells[8] += ", missed"
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines + ["", about()])


def write_json(path, rows, seconds):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"machine": machine(), "seconds": round(seconds, 1), "results": rows}, file, indent=1, ensure_ascii=False)
        file.write("\n")
