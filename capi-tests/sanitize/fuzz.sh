#!/bin/bash
# Twenty seconds of fuzzing of each: the ham-URI, the HAM frame, and the packets of the observer and of presence, guided by coverage.
# timeout: 400
# network: host
. "$HAM_ROOT/testbed/lib.sh"
[ -x "$HAM_ROOT/fuzz/run" ] || fail "fuzz/run is missing"
CARGO_TARGET_DIR=$HAM_BUILD/fuzz "$HAM_ROOT/fuzz/run" 20 >fuzz.log 2>&1
status=$?
if [ $status != 0 ] && grep -qiE "failed to (download|fetch|get)|could not resolve" fuzz.log; then
    skip "the fuzzer's crate cannot be fetched here"
fi
tail -n 5 fuzz.log
[ $status = 0 ] || { tail -n 60 fuzz.log; fail "status $status"; }
[ "$(grep -c "Done [0-9]* runs" fuzz.log)" = 4 ] || fail "not all four were run"
