#!/bin/bash
# What the benchmark makes of its figures: medians, ratios, aims and exit status, without a network.
exec python3 "$HAM_ROOT/benches/test_bench.py"
