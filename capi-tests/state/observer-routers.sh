#!/bin/bash
# root: yes
# timeout: 90
# FRR's PIM routers on a LAN: neighbours by their Hello, the querier, the designated router, and the hosts that FRR knows in
# its IGMP table; on a host, and on the routers themselves.
. "$HAM_ROOT/capi-tests/state/state.bash"
frr=$HAM_BUILD/test-deps/frr
[ -x $frr/usr/lib/frr/pimd ] || frr=
[ -x $frr/usr/lib/frr/pimd ] || skip "FRR is not installed, nor could it be fetched"
build_state
# A hub without snooping.
host hub r1 r2 one two watch
on hub ip link add br0 type bridge mcast_snooping 0 forward_delay 0
configure hub br0
i=0
for name in r1 r2 one two watch; do
    i=$((i + 1))
    link hub $name $name eth0
    on hub ip link set $name master br0 up
    configure $name eth0 10.0.0.$i/24 fd00::$i/64
done
mkdir -p /run/frr
{ cat /etc/group; echo "frrvty:x:4242:root"; } >group
mount --bind group /etc/group
libraries=$frr/usr/lib/x86_64-linux-gnu/frr:$frr/usr/lib/x86_64-linux-gnu:$frr/lib/x86_64-linux-gnu
for router in r1 r2; do
    on $router sysctl -qw net.ipv4.ip_forward=1
    mkdir $router
    echo "hostname $router" >$router/zebra.conf
    printf 'interface eth0\n ip pim\n ip pim hello 1 4\n ip igmp\n ip igmp version 3\n ip igmp query-max-response-time 5\n' >$router/pimd.conf
    printf ' ip igmp query-interval 2\n ip igmp last-member-query-interval 2\n' >>$router/pimd.conf
    for daemon in zebra pimd; do
        on $router env LD_LIBRARY_PATH="$libraries" $frr/usr/lib/frr/$daemon -u root -g root -N $router \
            -i "$PWD/$router/$daemon.pid" --vty_socket "$PWD/$router" -A 127.0.0.1 -f "$PWD/$router/$daemon.conf" \
            --log stdout >$router/$daemon.log 2>&1 &
        wait_until 20 test -S $router/$daemon.vty || { cat $router/$daemon.log; fail "$daemon does not start"; }
    done
done
# vty ROUTER COMMAND: what pimd answers, at the socket where vtysh asks (vtysh itself wants PAM).
cat >vty.py <<'PY'
import socket, sys
vty = socket.socket(socket.AF_UNIX)
vty.connect(sys.argv[1])
for command in "enable", sys.argv[2]:
    vty.sendall(command.encode() + b"\0")
    answer = b""
    while answer[-4:-1] != bytes(3):
        answer += vty.recv(4096)
print(answer[:-4].decode())
PY
vty() { python3 vty.py "$1/pimd.vty" "$2"; }

for name in r1 r2 watch; do ham_start $name $name; must $name events; done
routers() { answer "$@" | grep -xF "node ham:ip:10.0.0.1
node ham:ip:10.0.0.2"; }
both() { [ "$(routers watch neighbors eth0/4 | wc -l)" = 2 ]; }
wait_until 20 both || { cat r?/pimd.log; fail "the routers are no neighbours: $(answer watch neighbors eth0)"; }
other() { [ "$(answer r1 neighbors eth0/4)" = "node ham:ip:10.0.0.2" ]; }
wait_until 20 other || fail "the other router is no neighbour: $(answer r1 neighbors eth0)"

# The querier has the lowest address, and the designated router the highest one, as FRR says.
designated() { [ "$(answer "$1" designated eth0/4 $2)" = "designated $3" ]; }
wait_until 20 designated r1 "" 1 || fail "the querier is not designated"
wait_until 20 designated r2 "" 1 || fail "the designated router is not"
designated watch "" 0 || fail "the host is designated"
vty r1 "show ip igmp interface" | grep -q '^ *eth0 .* 10.0.0.1 .* local' || fail "FRR: $(vty r1 "show ip igmp interface")"
vty r2 "show ip pim interface" | grep -q '^ *eth0 .* local' || fail "FRR: $(vty r2 "show ip pim interface")"

forget watch
bsd one receive 239.1.0.1 5000 eth0
first=$bsd
bsd two receive 232.1.0.2 5000 eth0 10.0.0.77
wait_until 20 eval '[ "$(events watch | grep -c ^join)" = 2 ]' || fail "no events: $(events watch)"
expect_soon "a child by its address" "node ham:ip:10.0.0.3" answer r1 children eth0 ham:ip:239.1.0.1
expect_soon "source-specific" "node ham:ip:10.0.0.4" answer r1 children eth0 ham:ip:232.1.0.2@10.0.0.77
# Every group and source in FRR's table is one that libham knows there.
in_frr() { vty r1 "show ip igmp sources" | sed -nE 's/^eth0 +(23[0-9.]+) +(\S+) .*/ham:ip:\1@\2/p' | sed 's/@\*$//' | sort >frr.txt; grep -q 239.1.0.1 frr.txt; }
wait_until 20 in_frr || fail "FRR does not know the group: $(vty r1 "show ip igmp sources")"
answer r1 groups eth0 | sed -n 's/^group \(.*\) 0$/\1/p' >ham.txt
while read -r name; do
    grep -qxF "$name" ham.txt || fail "FRR knows $name: $(cat frr.txt ham.txt)"
done <frr.txt

# It crashes: three queries of 2 s.
on hub ip link set one down
silent() { events watch | grep -qxF "leave eth0 ham:ip:239.1.0.1"; }
wait_until 20 silent || fail "a crashed host stays: $(events watch)"
expect_soon "it is no child any more" "" answer r1 children eth0 ham:ip:239.1.0.1
kill "$(cat r2/pimd.pid)"
alone() { [ "$(answer r1 neighbors eth0/4 ham:ip:239.1.0.1)" = "" ]; }
wait_until 20 alone || fail "the router that has ended is a neighbour: $(answer r1 neighbors eth0/4)"
kill "$bsd" "$first"
stop r1 r2 watch
# shellcheck disable=SC2046
kill $(jobs -p) 2>/dev/null
exit 0
