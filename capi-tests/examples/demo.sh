#!/bin/bash
# make demo: passes as root and as an ordinary user, in less than 20 seconds, and says FAILED when a program fails.
. "$(dirname "$0")/../../testbed/lab.bash"
build_examples
demo=$HAM_ROOT/capi-tests/demo.sh

start=$SECONDS
timeout 40 bash "$demo" >out 2>&1 || fail "as root: $(cat out)"
tail -n 1 out | grep -q '^demo: PASSED' || fail "no PASSED line: $(tail -n 3 out)"
[ $((SECONDS - start)) -lt 20 ] || fail "it took $((SECONDS - start)) seconds"

mkdir broken
cp "$BIN"/* broken/
printf '#!/bin/sh\nexit 1\n' >send && chmod +x send && mv send broken/send
BIN=$PWD/broken timeout 60 bash "$demo" >out 2>&1 && fail "passed with a broken sender"
tail -n 3 out | grep -q '^demo: FAILED' || fail "no FAILED line: $(tail -n 3 out)"

[ "$(id -u)" = 0 ] || exit 0
user=(setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/ TMPDIR=/tmp)
"${user[@]}" unshare -Urn true 2>/dev/null || exit 0 # no user namespaces on this host
cp -r "$BIN" user && rm -f user/.l* && chmod 777 user . && chmod a+rx user/*
"${user[@]}" test -r "$HAM_BUILD/libham.so" -a -r "$demo" -a -w "$PWD/user" || exit 0 # a checkout for root's eyes only
BIN=$PWD/user timeout 40 "${user[@]}" bash "$demo" >out 2>&1 || fail "as an ordinary user: $(cat out)"
exit 0
