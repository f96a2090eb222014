#!/bin/bash
# c-examples/monitor.c: the groups of an Interface that another process joined, and its join and leave as events.
. "$(dirname "$0")/lab.bash"
build_examples
enter_lab
open_lab
host a 1
hosts_ready

start first a "$BIN/bsd-before" 239.46.0.4 5000 lan0 1
joined first
start monitor a "$BIN/monitor" 6
monitor=$PID
wait_until 5 grep -q 'Interface .*lan0' "$LAB/monitor" 2>/dev/null || fail "no Interface lan0: $(cat "$LAB/monitor" "$LAB/monitor.err")"
grep -q '    ham:ip:239.46.0.4 (listener)' "$LAB/monitor" || fail "the group of another process is missing: $(cat "$LAB/monitor")"
wait_until 5 grep -q 'event: join ham:ip:239.46.0.4 ' "$LAB/monitor" || fail "the present membership was not replayed: $(cat "$LAB/monitor")"
start second a timeout 2 "$BIN/bsd-before" 239.46.0.5 5000 lan0 1
wait_until 5 grep -q 'event: join ham:ip:239.46.0.5 ' "$LAB/monitor" || fail "no join event: $(cat "$LAB/monitor" "$LAB/monitor.err")"
wait_until 5 grep -q 'event: leave ham:ip:239.46.0.5 ' "$LAB/monitor" || fail "no leave event: $(cat "$LAB/monitor")"
wait $monitor || fail "monitor ended with $?"
exit 0
