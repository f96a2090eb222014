#!/bin/bash
# root: yes
# make demo-overlay: passes, and says FAILED when a program fails.
. "$(dirname "$0")/../../testbed/lab.bash"
build_examples
demo=$HAM_ROOT/capi-tests/demo-overlay.sh
[ -e "$HAM_BUILD/libham-overlay.so.1" ] || skip "built without an overlay (make overlay)"

timeout 60 bash "$demo" >out 2>&1 || fail "$(cat out)"
tail -n 1 out | grep -q '^demo-overlay: PASSED' || fail "no PASSED line: $(tail -n 3 out)"

mkdir broken
cp "$BIN"/* broken/
printf '#!/bin/sh\nexit 1\n' >send && chmod +x send && mv send broken/send
BIN=$PWD/broken timeout 60 bash "$demo" >out 2>&1 && fail "passed with a broken sender"
tail -n 3 out | grep -q '^demo-overlay: FAILED' || fail "no FAILED line: $(tail -n 3 out)"
exit 0
