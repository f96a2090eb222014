#!/bin/bash
# network: pair
# enableEvents and disableEvents: off is off, on again tells what there is, no callback discards.
. "$HAM_ROOT/capi-tests/state/state.bash"
build_state
threads() { cat /proc/"$(pgrep -x ham)"/task/*/comm | sort | tr '\n' ' '; }
ham_start one ""
must one no-events
must one open eth0
must one join ham:ip:239.1.0.1:5000
must one events
must one events
expect_events one "twice on is on" "join eth0 ham:ip:239.1.0.1:5000"
expect_soon "its threads" "ham ham-events ham-observer ham-watch " threads
signals() { sed -n 's/^SigBlk:\t//p' /proc/"$(pgrep -x ham)"/task/*/status | tail -n 3 | sort -u; }
# All but KILL and STOP, and the two that belong to the C library.
expect "they take no signal" "fffffffe7ffbfeff" signals
must one no-events
forget one
must one join ham:ip:239.1.0.2:5000
expect_events one "off" ""
expect_soon "its thread has ended" "ham ham-observer ham-watch " threads
must one events
expect_events one "on again" "join eth0 ham:ip:239.1.0.1:5000
join eth0 ham:ip:239.1.0.2:5000"
forget one
must one no-callback
must one join ham:ip:239.1.0.3:5000
# Until the dispatcher sleeps again, and a grace for the kernel's word.
idle() {
    local task
    for task in /proc/"$(pgrep -x ham)"/task/*; do
        [ "$(cat "$task/comm")" != ham-events ] || [ "$(sed 's/.*) //; s/ .*//' "$task/stat")" = S ] || return 1
    done
}
sleep 0.3
wait_until 20 idle || fail "the dispatcher does not sleep"
must one callback
expect_events one "without a callback they are discarded" ""
must one leave ham:ip:239.1.0.3:5000
expect_events one "with one again" "leave eth0 ham:ip:239.1.0.3:5000"

# A slow callback: none starts after disableEvents, and joining does not wait for it.
must one slow 200
forget one
must one joins 50
[ "$(events one | wc -l)" -lt 50 ] || fail "joining waited for the callback"
wait_until 20 eval '[ "$(events one | wc -l)" -gt 0 ]' || fail "no event at all"
must one no-events
count=$(events one | wc -l)
sleep 0.5
[ "$(events one | wc -l)" = "$count" ] || fail "a callback started after disableEvents"
must one slow 0

# In a child, events are off, and can be had anew; the parent goes on and sees the child as another process.
must one events
forget one
parent=$(pgrep -x ham)
captures() { ls -l /proc/"$1"/fd | grep -cFf <(awk 'NR > 1 { print "socket:[" $9 "]" }' /proc/net/packet); }
expect "the observer's sockets" 4 captures "$parent"
must one fork
must one open eth0
expect "a child has none of them" 0 captures "$(pgrep -P "$parent")"
must one join ham:ip:239.1.0.9:5000
expect_events one "off in the child, on in the parent" "join eth0 ham:ip:239.1.0.9"
must one events
wait_until 20 eval 'events one | grep -qxF "join eth0 ham:ip:239.1.0.9:5000"' || fail "none in the child"
stop one
