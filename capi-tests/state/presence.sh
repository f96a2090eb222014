#!/bin/bash
# root: yes
# timeout: 90
# With presence, a libham program on another host is known by the Group Name it joins, and by its IGMP reports only under that:
# one event and one entry of groupSet for each change. A plain program on the same Group Address comes and goes by itself.
. "$HAM_ROOT/capi-tests/state/state.bash"
. "$HAM_TESTS/state/lan.bash"
needs bridge
export HAM_PRESENCE=1
build_state
lan one two watch
router_port watch
name=ham:opaque:news@cnn.com
mapped=$(python3 -c 'import hashlib, ipaddress
bits = int.from_bytes(hashlib.sha256(b"ham:opaque:news@cnn.com").digest()[:4], "big") & 0x3ffff
print(ipaddress.ip_address("239.192.0.0") + bits)')
# presence's own control group is a group like others.
known() { events w | grep -v '239\.255\.70\.46\|ff12::7046'; }
known_are() { [ "$(known)" = "$2" ] || { sleep 0.1; return 1; }; }
expect_known() {
    wait_until 20 known_are "" "$2" || fail "$1
--- expected
$2
--- said
$(known)"
    sleep "${3:-1}"
    known_are "" "$2" || fail "$1, a second later: $(known)"
}
ham_start w watch
must w events
ham_start a one
must a open eth0/4
sleep 1
forget w
for i in 1 2 3; do
    must a join $name
    expect_known "join $i" "join eth0 $name"
    entry() { answer w groups eth0 | grep -F "$name
$mapped"; }
    expect "one entry" "group $name 0" entry
    expect "its child" "node ham:ip:10.0.0.1" answer w children eth0 $name
    expect "by address, too" "node ham:ip:10.0.0.1" answer w children eth0 "ham:ip:$mapped"
    must a leave $name
    expect_known "leave $i" "join eth0 $name
leave eth0 $name" 6
    expect "no entry" "" entry
    forget w
done
# A source of the name.
must a register $name
expect_known "source" "source eth0 $name"
expect "as sender" "group $name 1" entry
must a deregister $name
forget w
# A plain program: by the address.
bsd two receive "$mapped" 7046 eth0
expect_known "a plain program" "join eth0 ham:ip:$mapped"
kill "$bsd"
expect_known "which leaves" "join eth0 ham:ip:$mapped
leave eth0 ham:ip:$mapped"
stop a w
exit 0
