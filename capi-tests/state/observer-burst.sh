#!/bin/bash
# root: yes
# timeout: 90
# 2,000 memberships of another host in one burst, and their end in one: not one is missed, none is told twice.
. "$HAM_ROOT/capi-tests/state/state.bash"
. "$HAM_TESTS/state/lan.bash"
needs bridge
build_state
lan one watch
router_port watch
ham_start w watch
must w events
sleep 0.3
forget w
on one sysctl -qw net.ipv4.igmp_max_memberships=2000 net.core.optmem_max=1000000
cat >many.py <<'PY'
import socket, struct, sys
index = socket.if_nametoindex("eth0")
v4 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
v6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
for i in range(1000):
    group = socket.inet_aton(f"239.8.{i // 250}.{i % 250 + 1}")
    v4.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + struct.pack("=4si", bytes(4), index))
    group = socket.inet_pton(socket.AF_INET6, f"ff15::8:{i:x}")
    v6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + struct.pack("=i", index))
print("ready", flush=True)
sys.stdin.readline()
PY
mkfifo go
on one python3 many.py <go >many.out 2>&1 &
exec {go}>go
wait_until 20 said ready many.out || { cat many.out; fail "not all joins"; }
events_are() { [ "$(events w | grep -c "^$1 eth0 ham:ip:\(239\.8\.\|\[ff15::8:\)")" = 2000 ]; }
wait_until 20 events_are join || fail "$(events w | grep -c ^join) of 2000 joins"
sleep 1
[ "$(events w | sort -u | wc -l)" = 2000 ] && [ "$(events w | wc -l)" = 2000 ] || fail "a join is told twice"
known() { answer w groups eth0 | grep '239\.8\.\|ff15::8:' | sort; }
listed() {
    on one ip maddr show dev eth0 | awk '$2 ~ /^239\.8\./ { print "group ham:ip:" $2 " 0" } $2 ~ /^ff15::8:/ { print "group ham:ip:[" $2 "] 0" }'
}
expect "groupSet is what the host has" "$(listed)" known
forget w
echo >&$go
wait_until 20 events_are leave || fail "$(events w | grep -c ^leave) of 2000 leaves"
expect "nothing is left" "" known
stop w
exit 0
