#!/bin/bash
# c-examples/monitor.c: the table of groups, one of them another process's, and its join and leave as events.
. "$(dirname "$0")/../../testbed/lab.bash"
build_examples
enter_lab
open_lab
host a 1
hosts_ready

start first a "$BIN/bsd-before" 239.46.0.4 5000 lan0 1
joined first
start monitor a "$BIN/monitor" 6
monitor=$PID
wait_until 20 grep -q 'event: join ham:ip:239.46.0.4 at lan0' "$LAB/monitor" || fail "the present membership was not replayed: $(cat "$LAB/monitor" "$LAB/monitor.err")"
start second a timeout 2 "$BIN/bsd-before" 239.46.0.5 5000 lan0 1
wait_until 20 grep -q 'event: join ham:ip:239.46.0.5 at lan0' "$LAB/monitor" || fail "no join event: $(cat "$LAB/monitor" "$LAB/monitor.err")"
wait_until 20 grep -q 'event: leave ham:ip:239.46.0.5 at lan0' "$LAB/monitor" || fail "no leave event: $(cat "$LAB/monitor")"
wait $monitor || fail "monitor ended with $?"
grep -q '^Interface lan0 ' "$LAB/monitor" || fail "no Interface lan0: $(cat "$LAB/monitor")"
grep -q '^    ham:ip:239.46.0.4 .* listener .* listeners: 10\.' "$LAB/monitor" || fail "the group of another process is missing: $(cat "$LAB/monitor")"
! grep -q '^    ham:ip:239.46.0.5 ' "$LAB/monitor" || fail "a group that was left is in the table: $(cat "$LAB/monitor")"
exit 0
