#!/bin/bash
# timeout: 60
# root: yes
# A stopped receiver stalls no other one, and memory stays bounded everywhere.
. "$HAM_ROOT/capi-tests/overlay/overlay.bash"
build_node
unicast sender slow fast router
client='[overlay.o]\nrouters = ["tcp/10.0.0.4:7447"]\npatience_ms = 2000'
router router router '[overlay.o]\nlisten = ["tcp/10.0.0.4:7447"]'
for n in sender slow fast; do node $n $n "$client"; done
for n in slow fast; do must $n join ham:opaque:load; reaches sender $n ham:opaque:load; must $n quiet; tell $n count; done
memory() { awk '/^VmRSS/ {print int($2 / 1024)}' "/proc/$(process "$1")/status"; }
kill -STOP "$(process slow)"
for _ in 1 2 3 4; do must sender burst ham:opaque:load 500 60000; done
must fast statistics
must sender send ham:opaque:load "still here"
# What a busy router has no room for at a moment is dropped; but it stalls for nobody.
heard_most() { local more; read -r _ more _ <<<"$(answer fast count)"; total=$((${total:-0} + more)); [ $total -ge 1000 ]; }
wait_until 20 heard_most || fail "of 2001 messages the fast one has $total"
alive() { tell sender burst ham:opaque:load 1 100; read -r _ more _ <<<"$(answer "$1" count)"; [ "$more" != 0 ]; }
wait_until 20 alive fast || fail "the fast one hears no more"
for n in sender router slow; do
    [ "$(memory $n)" -lt 150 ] || fail "$n has $(memory $n) MB"
done
kill -CONT "$(process slow)"
wait_until 20 alive slow || fail "the slow one does not come back"
stop sender slow fast router
