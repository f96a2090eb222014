#!/bin/bash
# timeout: 90
# root: yes
# Two hosts and a router, without multicast: every message of every size, names of all kinds, groups that never mix; a router
# that is not there at first, is killed and comes again while messages are sent; nothing hangs while it is silent.
. "$HAM_ROOT/capi-tests/overlay/overlay.bash"
build_node
unicast one two router
# Nothing is to be lost for want of room while the machine is busy.
patient='congestion = "block"\nblock_ms = 5000\nlease_ms = 1000'
client='[overlay.office]\nrouters = ["tcp/10.0.0.3:7447"]\npatience_ms = 100\n'$patient
router_toml='[overlay.office]\nlisten = ["tcp/10.0.0.3:7447"]\n'$patient
A=ham:opaque:news B=ham:ip:239.1.2.3:5000 C='ham:sip:other%2Fnews@cnn.com:7000'

# No router yet: joined all the same, and a send says that it goes nowhere.
node one one "$client"
node two two "$client"
for name in $A $B; do must two join $name; must one join $name; done
tell one send $A nowhere
grep -q '^error .* Network is unreachable$' one.out || { cat one.out; fail "a send without a router does not fail"; }
must one register $A

router router router "$router_toml"
for name in $A $B; do
    reaches one two $name
    reaches two one $name
done
must one send $A "to A"
must one send $B "to B"
must one send $C "to C"
must one send $B "more"
once two "more" && once two "to A" && once two "to B" && not two "to C"
must two join "$C"
reaches one two "$C"
must two leave $A
must one send $A "after leave"
must one send $B "the last"
hears two "the last"
not two "after leave"
tell two quiet
tell two count
for name in $B "$C"; do
    must one sizes "$name"
    must one burst "$name" 500 1000
done
counts two $((2 * 513))

# 200 groups.
for i in $(seq 200); do echo "join ham:opaque:many-$i"; done | feed two
tell two count
reaches_quietly() { tell one burst "$1" 1 8; [ "$(answer two count)" != "count 0 0 0" ]; }
for i in 1 77 200; do wait_until 10 reaches_quietly ham:opaque:many-$i || fail "group $i of many"; done
tell two count
for i in $(seq 200); do echo "send ham:opaque:many-$i text"; done | feed one
counts two 200
must one join $A

# Killed and started again while messages are sent: all comes back by itself.
for _ in 1 2; do
    for _ in $(seq 300); do echo "send $B load"; done | feed one 0.01 &
    load=$!
    kill_node router
    must two join ham:opaque:meanwhile
    must two leave ham:opaque:meanwhile
    router router router "$router_toml"
    wait $load
    back() { tell one burst $B 1 8; [ "$(answer two count)" != "count 0 0 0" ]; }
    wait_until 10 back || { cat one.err two.err; fail "the groups do not come back"; }
done

# A router that says nothing holds nobody.
kill -STOP "$(process router)"
must two open $O
must two join ham:opaque:silent
must two close
for _ in 1 2 3; do tell one burst $B 100 60000; done
stop one two
kill -CONT "$(process router)"
stop router
