#!/bin/sh
# The vectors of docs/wire-format.md, made again from its text by a program that has nothing of libham.
exec "$HAM_TESTS/frame/wire-vectors.py" "$HAM_ROOT/docs/wire-format.md"
