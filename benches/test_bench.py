"""Tests of what the benchmark makes of its figures, without a network: python3 benches/test_bench.py"""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
from types import SimpleNamespace
from unittest import mock

os.environ.setdefault("HAM_BUILD", tempfile.gettempdir())
os.environ.setdefault("HAM_BENCH_FAR", "self")
sys.dont_write_bytecode = True

import bench
import measures
import plan
import report
import roles
from report import Aim

NET = SimpleNamespace(name="veth", family=4)


def cell(rounds, aim=None, unit="ns", measure="frames", base="raw"):
    parts = [plan.Part(measure, lambda value: value, aim, unit)]
    return plan.Cell(measure, lambda *_: rounds, NET, 60000, parts=parts, base=base, passes=1)


def pairs(base, ham):
    return [{"base": b, "ham": h} for b, h in zip(base, ham)]


def bench_run(cells, *arguments):
    """Exit status, standard output, standard error and the JSON of a run over these cells."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/bench.json"
        with (
            mock.patch.object(plan, "plan", lambda quick: cells),
            mock.patch.object(sys, "argv", ["run.sh", "--json", path, *arguments]),
            mock.patch.dict(roles.PROGRAMS),
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as err,
        ):
            status = bench.main()
        results = None
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                results = json.load(file)["results"]
        return status, out.getvalue(), err.getvalue(), results


class AimTest(unittest.TestCase):
    def test_at_most(self):
        self.assertTrue(Aim(1.05).met(0.2))
        self.assertTrue(Aim(1.05).met(1.0549))
        self.assertFalse(Aim(1.05).met(1.056))
        self.assertEqual(str(Aim(1.05)), "≤ 1.05")

    def test_at_least(self):
        self.assertTrue(Aim(3.0, at_least=True).met(5.7))
        self.assertTrue(Aim(3.0, at_least=True).met(2.996))
        self.assertFalse(Aim(3.0, at_least=True).met(2.99))
        self.assertEqual(str(Aim(3.0, at_least=True)), "≥ 3.00")


class RowTest(unittest.TestCase):
    def test_the_ratio_is_the_median_of_paired_rounds_not_the_ratio_of_medians(self):
        rounds = pairs([10, 20, 30, 40, 50], [20, 20, 90, 40, 500])
        row = bench.run(cell(rounds), 1, 1, null=False)[0]
        self.assertEqual(row["ratio"], {"median": 2.0, "q1": 1.0, "q3": 3.0})
        self.assertEqual((row["base"], row["ham"], row["rounds"]), (30, 40, 5))

    def test_a_third_variant_stands_beside(self):
        rounds = [{"base": 10, "ham": 10, "raw spin": 5}] * 5
        row = bench.run(cell(rounds), 1, 1, null=False)[0]
        self.assertEqual((row["beside"], row["beside_ratio"]["median"]), ("raw spin", 0.5))

    def test_a_flood_makes_three_rows(self):
        raw, ham = measures.Delivery(10_000, 60_000, 1.0), measures.Delivery(40_000, 15_000, 0.5)
        parts = plan.delivery("frames", plan.FRAMES, plan.FRAMES_CPU)
        flood = plan.Cell("frames", lambda *_: pairs([raw] * 5, [ham] * 5), NET, 60000, parts=parts)
        rate, cpu, share = bench.run(flood, 1, 1, null=False)
        self.assertEqual((rate["ratio"]["median"], rate["met"]), (4.0, True))
        self.assertEqual((cpu["ratio"]["median"], cpu["met"]), (0.25, True))
        self.assertEqual((share["ratio"]["median"], share["met"]), (0.5, None))
        self.assertEqual(report.cells_of(rate)[5:9], ("10.0 k/s", "40.0 k/s", "4.00 (4.00–4.00)", "≥ 3.00"))
        self.assertEqual(report.cells_of(cpu)[5:9], ("60.00 µs", "15.00 µs", "0.25 (0.25–0.25)", "≤ 0.50"))
        self.assertEqual(report.cells_of(share)[5:9], ("100.0 %", "50.0 %", "0.50 (0.50–0.50)", ""))


    def test_events_make_a_row_for_joins_and_one_for_leaves(self):
        parts = [part for planned in plan.group_states(NET, quick=True)[:1] for part in planned.parts]
        rounds = [{"base": [5e6, 5e6], "ham": [1e6, 6e6]}] * 5
        events = plan.Cell("event", lambda *_: rounds, NET, 40, parts=parts, base="5 ms")
        join, leave = bench.run(events, 1, 1, null=False)
        self.assertEqual((join["ratio"]["median"], join["met"]), (0.2, True))
        self.assertEqual((leave["ratio"]["median"], leave["met"]), (1.2, False))

    def test_a_share_of_a_core(self):
        row = bench.run(cell(pairs([0.01] * 5, [0.0026] * 5), Aim(1.0), "core"), 1, 1, null=False)[0]
        self.assertEqual(report.cells_of(row)[5:9], ("1.00 %", "0.26 %", "0.26 (0.26–0.26)", "≤ 1.00"))


class RunTest(unittest.TestCase):
    slow = staticmethod(lambda: cell(pairs([10] * 5, [11] * 5), Aim(1.05), measure="send"))
    fast = staticmethod(lambda: cell(pairs([10] * 5, [40] * 5), Aim(3.0, at_least=True), "messages/s"))

    def test_check_tells_what_was_missed(self):
        status, out, err, results = bench_run([self.slow(), self.fast()], "--check")
        self.assertEqual(status, 1)
        self.assertIn("bench: missed: send, veth, IPv4, 60000 B, 1 receivers: 1.100, aim ≤ 1.05\n", err)
        self.assertNotIn("missed: frames", err)
        self.assertEqual([row["met"] for row in results], [False, True])
        self.assertEqual(results[1]["aim"], {"bound": 3.0, "at_least": True})
        self.assertEqual([line.split()[-1] for line in out.splitlines()[1:3]], ["MISSED", "met"])

    def test_check_is_content_with_what_is_met(self):
        self.assertEqual(bench_run([self.fast()], "--check")[0], 0)

    def test_a_rate_below_its_aim_is_missed(self):
        slow = cell(pairs([10] * 5, [20] * 5), Aim(3.0, at_least=True), "messages/s")
        self.assertEqual(bench_run([slow], "--check")[0], 1)

    def test_without_check_a_miss_is_told_but_no_failure(self):
        status, _, err, _ = bench_run([self.slow()])
        self.assertEqual(status, 0)
        self.assertIn("missed: send", err)

    def test_only(self):
        results = bench_run([self.slow(), self.fast()], "--only", "frames")[3]
        self.assertEqual([row["measure"] for row in results], ["frames"])

    def test_only_what_is_not_there(self):
        status, _, err, results = bench_run([self.slow()], "--only", "smoke")
        self.assertEqual((status, results), (2, None))
        self.assertIn("no measure", err)

    def test_null_has_no_aims_and_leaves_out_what_raw_sockets_cannot_do(self):
        groups = cell(pairs([10] * 5, [20] * 5), Aim(1.3), measure="groups", base="HAM, one group")
        status, _, _, results = bench_run([self.slow(), groups], "--null", "--check")
        self.assertEqual((status, [row["met"] for row in results]), (0, [None]))

    def test_markdown(self):
        lines = bench_run([self.slow(), self.fast()], "--markdown")[1].splitlines()
        self.assertEqual(lines[2], "| send | veth | 4 | 60000 | 1 | 0.010 µs | 0.011 µs | 1.10 (1.10–1.10) | ≤ 1.05, missed |")
        self.assertEqual({line.count("|") for line in lines[:4]}, {10})

    def test_a_role_that_fails_ends_the_run(self):
        def failing(*_):
            raise roles.RoleFailed("the raw sender failed")

        broken = plan.Cell("send", failing, NET, 64)
        status, _, err, results = bench_run([broken], "--check")
        self.assertEqual((status, results), (2, None))
        self.assertIn("bench: the raw sender failed\n", err)


class FiguresTest(unittest.TestCase):
    def figures(self, script):
        with tempfile.NamedTemporaryFile("w", suffix=".sh", delete=False) as file:
            file.write("#!/bin/sh\n" + script)
        self.addCleanup(os.unlink, file.name)
        os.chmod(file.name, 0o755)
        return roles.figures(file.name)

    def test_lines(self):
        self.assertEqual(self.figures("echo decode 41.5; echo bundle 7"), {"decode": 41.5, "bundle": 7.0})

    def test_what_is_no_figure(self):
        for script in ("echo decode fast", "echo decode", "exit 3"):
            with self.subTest(script), self.assertRaises(roles.RoleFailed):
                self.figures(script)
        with self.assertRaises(roles.RoleFailed):
            roles.figures("/nowhere/frame")


if __name__ == "__main__":
    unittest.main()
