"""Rows of results, and how they are shown: a table, Markdown for the README, JSON."""

import json
import os
import platform
import statistics


def quartiles(values):
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": round(median, 4), "q1": round(low, 4), "q3": round(high, 4)}


def row(cell, measure, target, values):
    """One line of the results. `values`: per variant the nanoseconds of each round, index by index from the same round."""
    ratio = quartiles([ham / raw for raw, ham in zip(values["base"], values["ham"])])
    line = {
        "measure": measure,
        "net": cell.net.name,
        "family": f"IPv{cell.net.family}",
        "size": cell.size,
        "receivers": cell.receivers,
        "base": cell.base,
        "base_ns": round(statistics.median(values["base"])),
        "ham_ns": round(statistics.median(values["ham"])),
        "ratio": ratio,
        "rounds": len(values["base"]),
        "target": target,
        # To the two decimals that are shown: the third is noise (see --null).
        "met": None if target is None else round(ratio["median"], 2) <= target,
    }
    for variant in values:
        if variant not in ("base", "ham"):
            line["beside"] = variant
            line["beside_ratio"] = quartiles([v / raw for raw, v in zip(values["base"], values[variant])])
    return line


def name_of(line):
    return f"{line['measure']}, {line['net']}, {line['family']}, {line['size']} B, {line['receivers']} receivers"


def machine():
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as cpuinfo:
            model = next(text.split(":", 1)[1].strip() for text in cpuinfo if text.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release()}


def text_of(line):
    ratio = line["ratio"]
    return f"{ratio['median']:.2f} ({ratio['q1']:.2f}-{ratio['q3']:.2f})"


def microseconds(nanoseconds):
    return f"{nanoseconds / 1000:.2f}"


HEAD = ("measure", "net", "IP", "bytes", "receivers", "base us", "HAM us", "ratio (quartiles)", "target", "")


def cells_of(line):
    verdict = "" if line["met"] is None else "met" if line["met"] else "MISSED"
    note = f"({line['beside']}: {line['beside_ratio']['median']:.2f})" if "beside" in line else ""
    return (
        line["measure"],
        line["net"],
        line["family"][-1],
        str(line["size"]),
        str(line["receivers"]),
        microseconds(line["base_ns"]),
        microseconds(line["ham_ns"]),
        text_of(line),
        "" if line["target"] is None else f"{line['target']:.2f}",
        " ".join(filter(None, (verdict, note))),
    )


def about(rows):
    m = machine()
    return (
        f"{m['cpu']}, {m['cores']} cores, Linux {m['kernel']}. Ratio: HAM time / base time, the median of paired rounds and their"
        f" quartiles; below 1 HAM is faster. The base is BSD sockets in C; of the rows with many groups, a HAM socket with one group."
    )


def table(rows):
    lines = [HEAD] + [cells_of(line) for line in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    shown = []
    for line in lines:
        parts = [text.ljust(w) if i in (0, 1, 9) else text.rjust(w) for i, (text, w) in enumerate(zip(line, widths))]
        shown.append("  ".join(parts).rstrip())
    return "\n".join(shown + ["", about(rows)])


def markdown(rows):
    """One line per measure and network, the sizes beside each other."""
    sizes = sorted({line["size"] for line in rows})
    lines = [
        "| HAM / BSD sockets | network | receivers | " + " | ".join(f"{size} B" for size in sizes) + " | target |",
        "|---|---|---:|" + "---:|" * len(sizes) + "---:|",
    ]
    grouped = {}
    for line in rows:
        network = line["net"] if line["family"] == "IPv4" else f"{line['net']}, IPv6"
        grouped.setdefault((line["measure"], network, line["receivers"]), {})[line["size"]] = line
    for (measure, network, receivers), by_size in grouped.items():
        targets = {line["target"] for line in by_size.values() if line["target"] is not None}
        shown = [text_of(by_size[size]).replace("-", "–") if size in by_size else "" for size in sizes]
        target = f"≤ {max(targets):.2f}" if targets else ""
        lines.append(f"| {measure} | {network} | {receivers} | " + " | ".join(shown) + f" | {target} |")
    return "\n".join(lines + ["", about(rows)])


def write_json(path, rows, seconds):
    with open(path, "w") as file:
        json.dump({"machine": machine(), "seconds": round(seconds, 1), "results": rows}, file, indent=1)
        file.write("\n")
