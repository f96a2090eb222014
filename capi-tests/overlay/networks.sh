#!/bin/bash
# timeout: 90
# root: yes
# Three networks in a line, and four routers in a ring: each message once everywhere, also after a part was cut off and came back.
. "$HAM_ROOT/capi-tests/overlay/overlay.bash"
needs nft
build_node
host r1 r2 r3 r4 a b
for pair in "r1 1 r2 2" "r2 2 r3 3" "r3 3 r4 4" "r1 1 r4 4" "r1 1 a 5" "r3 3 b 6"; do wire $pair; done
for h in r1 r2 r3 r4 a b; do no_multicast $h; done
# Nothing is to be lost for want of room while the machine is busy.
times='lease_ms = 1000\npatience_ms = 100\ncongestion = "block"\nblock_ms = 5000'
line() { printf '[overlay.line]\\nlisten = ["tcp/0.0.0.0:%s"]\\nrouters = [%s]\\n%s' "$1" "$2" "$times"; }

# A line: a - r1 - r2 - r3 - b.
router r1 r1 "$(line 7447 '')"
router r2 r2 "$(line 7447 '"tcp/10.1.2.1:7447"')"
router r3 r3 "$(line 7447 '"tcp/10.2.3.1:7447"')"
node a a "[overlay.line]\nrouters = [\"tcp/10.1.5.1:7447\"]\n$times"
node b b "[overlay.line]\nrouters = [\"tcp/10.3.6.1:7447\"]\n$times"
for n in a b r2; do must $n join ham:opaque:line; done
reaches a b ham:opaque:line
reaches b a ham:opaque:line
reaches a r2 ham:opaque:line
for i in $(seq 20); do must a send ham:opaque:line "a-$i"; must r2 send ham:opaque:line "r2-$i"; done
must b send ham:opaque:line "end"
for n in a b r2; do
    hears $n "a-20" && hears $n "r2-20" && hears $n "end"
    for i in $(seq 20); do once $n "a-$i" && once $n "r2-$i"; done
done
tell b quiet
tell b count
must a sizes ham:opaque:line
counts b 13

# A ring: r4 closes it.
router r4 r4 "$(line 7447 '"tcp/10.3.4.1:7447", "tcp/10.1.4.1:7447"')"
must r4 join ham:opaque:line
reaches a r4 ham:opaque:line
reaches r4 a ham:opaque:line
for i in $(seq 20); do must a send ham:opaque:line "ring-$i"; done
for n in r2 r4; do for i in $(seq 20); do once $n "ring-$i"; done; done

# Cut between r1 and r2: round by r4. Then r4's side too: apart. Then healed.
on r1 ip link set tor2 down
reaches a r2 ham:opaque:line
on r1 ip link set tor4 down
on r3 ip link set tor4 down
sleep 1.5
must a send ham:opaque:line "apart"
tell r2 send ham:opaque:line "on the other side"
hears a "apart"
on r1 ip link set tor2 up
on r3 ip link set tor4 up
reaches a r2 ham:opaque:line
reaches a r4 ham:opaque:line
reaches r4 a ham:opaque:line
not r2 "apart"
not a "on the other side"
for i in $(seq 20); do must r4 send ham:opaque:line "healed-$i"; done
for n in a r2; do for i in $(seq 20); do once $n "healed-$i"; done; done
stop a b r1 r2 r3 r4
