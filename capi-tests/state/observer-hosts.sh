#!/bin/bash
# root: yes
# timeout: 90
# Plain programs on other hosts, in C and in Python, join and leave: events, groupSet, childrenSet and neighborSet of a host that the switch takes for
# a router's, and of the switch itself, against the switch's own table.
. "$HAM_ROOT/capi-tests/state/state.bash"
. "$HAM_TESTS/state/lan.bash"
needs bridge
build_state
build_bsd
lan one two watch
router_port watch
ham_start w watch
must w events
ham_start s switch
must s events
sleep 0.3
forget w
forget s

ask() { answer w "$@"; }
# joined WHAT NAME GROUP ADDRESS...: both have heard of it, the switch lists it, and the children are these hosts.
joined() {
    local what=$1 name=$2 group=$3 nodes
    shift 3
    wait_switched "$group" one
    expect_events w "$what" "join eth0 $name"
    nodes=$(printf 'node ham:ip:%s\n' "$@")
    expect "$what: children" "$nodes" ask children eth0 "$name"
    # Another process, which may hear it a little later.
    expect_soon "$what: children at the port" "$nodes" answer s children one "$name"
    expect_soon "$what: children at the bridge" "$nodes" answer s children br0 "$name"
    ask groups eth0 | grep -qxF "group $name 0" || fail "$what: not in groupSet"
    at_switch() { events s | sort; }
    expect_soon "$what: events at the switch" "join br0 $name
join one $name" at_switch
}
# left WHAT NAME
left() {
    expect_events w "$1" "leave eth0 $2"
    expect_soon "$1: events at the switch" "leave br0 $2
leave one $2" at_switch
    expect "$1: children" "" ask children eth0 "$2"
    ! ask groups eth0 | grep -qF "group $2 " || fail "$1: still in groupSet"
    forget w
    forget s
}
fe80_one=$(on one ip -6 addr show dev eth0 scope link | sed -n 's/.*inet6 \(fe80[^/]*\).*/[\1]/p')

# both GROUP NAME ADDRESS [SOURCE]
both() {
    bsd one receive "$1" 5000 eth0 $4
    joined "$2" "$2" "$1" "$3"
    forget w
    forget s
    kill "$bsd"
    left "$2 left" "$2"
}
in_python=("${bsd_program[@]}")
for language in C Python; do
    [ $language = C ] && bsd_program=(./bsd) || bsd_program=("${in_python[@]}")
    both 239.1.0.1 ham:ip:239.1.0.1 10.0.0.1
    both ff15::1 "ham:ip:[ff15::1]" "$fe80_one"
    both 232.1.2.3 ham:ip:232.1.2.3@10.0.0.9 10.0.0.1 10.0.0.9
    both ff35::99 "ham:ip:[ff35::99]@[fd00::9]" "$fe80_one" fd00::9
done

# The second host is no event, the last one is; and each is named while it is there.
bsd one receive 239.1.0.2 5000 eth0
first=$bsd
expect_events w "the first host" "join eth0 ham:ip:239.1.0.2"
bsd two receive 239.1.0.2 5000 eth0
two_children() { [ "$(ask children eth0 ham:ip:239.1.0.2 | wc -l)" = 2 ]; }
wait_until 20 two_children || fail "the second host is unknown"
expect "two neighbours" "node ham:ip:10.0.0.1
node ham:ip:10.0.0.2" ask neighbors eth0/4 ham:ip:239.1.0.2
expect_soon "by port" "node ham:ip:10.0.0.2" answer s children two ham:ip:239.1.0.2
kill "$first"
one_child() { [ "$(ask children eth0 ham:ip:239.1.0.2)" = "node ham:ip:10.0.0.2" ]; }
wait_until 20 one_child || fail "the first host is still known"
expect_events w "the first host leaves, the second stays" "join eth0 ham:ip:239.1.0.2"

# Who begins later is told what there is.
must w no-events
must w events
replayed() { events w | grep -xF "join eth0 ham:ip:239.1.0.2" | wc -l; }
wait_until 20 eval '[ "$(replayed)" = 2 ]' || fail "not replayed: $(events w)"
forget w
kill "$bsd"
expect_events w "the last host leaves" "leave eth0 ham:ip:239.1.0.2"

# An own Group Name of that address is the name that it goes by.
mapped=$(python3 -c 'import hashlib, ipaddress
bits = int.from_bytes(hashlib.sha256(b"ham:opaque:news@cnn.com").digest()[:4], "big") & 0x3ffff
print(ipaddress.ip_address("239.192.0.0") + bits)')
forget w
must w open eth0
must w register ham:opaque:news@cnn.com
bsd one receive "$mapped" 7046 eth0
expect_events w "a name without an address" "source eth0 ham:opaque:news@cnn.com
join eth0 ham:opaque:news@cnn.com"
expect "its children" "node ham:ip:10.0.0.1" ask children eth0 ham:opaque:news@cnn.com
kill "$bsd"
expect_events w "which nobody listens to" "source eth0 ham:opaque:news@cnn.com
join eth0 ham:opaque:news@cnn.com
leave eth0 ham:opaque:news@cnn.com"
must w close
forget w
must w open eth0/4
must w register ham:ip:239.1.0.4:5000
bsd one receive 239.1.0.4 5000 eth0
expect_events w "under the own name" "source eth0 ham:ip:239.1.0.4:5000
join eth0 ham:ip:239.1.0.4:5000"
own() { ask groups eth0 | grep '239\.1\.0\.4'; }
expect "it has a sender and a listener" "group ham:ip:239.1.0.4:5000 2" own
forget w
must w deregister ham:ip:239.1.0.4:5000
expect_events w "the own name is gone" "leave eth0 ham:ip:239.1.0.4:5000
join eth0 ham:ip:239.1.0.4"
expect "the plain one is there" "group ham:ip:239.1.0.4 0" own
forget w
must w register ham:ip:239.1.0.4:5001
expect_events w "another own name" "source eth0 ham:ip:239.1.0.4:5001
leave eth0 ham:ip:239.1.0.4
join eth0 ham:ip:239.1.0.4:5001"
forget w
kill "$bsd"
expect_events w "and left" "leave eth0 ham:ip:239.1.0.4:5001"
stop w s
# shellcheck disable=SC2046
kill $(jobs -p) 2>/dev/null
exit 0
