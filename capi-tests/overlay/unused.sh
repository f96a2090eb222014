#!/bin/bash
# timeout: 60
# root: yes
# A program that configures no overlay, or does not use one, starts no thread and opens no port; what is wrong in the configuration is
# said with file, line and key; a forked child is refused and disturbs nobody.
. "$HAM_ROOT/capi-tests/overlay/overlay.bash"
needs ss
build_node
listens() { ss -Hlntu | wc -l; }
node none "" "" lo
must none join ham:ip:239.1.2.3:5000
alone=$(answer none threads)
stop none
node unused "" '[overlay.o]\nlisten = ["tcp/127.0.0.1:7447"]' lo
must unused join ham:ip:239.1.2.3:5000
must unused send ham:ip:239.1.2.3:5000 text
[ "$(answer unused threads)" = "$alone" ] || fail "$(answer unused threads), but without an overlay $alone"
[ "$(ss -Hlnt | wc -l)" = 0 ] || fail "a port is open: $(ss -Hlntp)"
# Created, but neither joined nor sent.
must unused open $O
[ "$(answer unused threads)" = "$alone" ] && [ "$(ss -Hlnt | wc -l)" = 0 ] || fail "an overlay is opened before its first use"
must unused join ham:opaque:x
wait_until 5 eval '[ "$(ss -Hlnt | wc -l)" = 1 ]' || fail "other ports than the one: $(ss -Hlntp)"
# Nothing of Zenoh's scouting.
[ "$(ss -Hlnu sport = :7446 | wc -l)" = 0 ] || fail "scouting: $(ss -Hlnup)"

# A child.
must unused send ham:opaque:x "of the parent"
hears unused "of the parent"
for i in 1 2 3 4 5; do
    must unused fork ham:opaque:x
    must unused send ham:opaque:x "after child $i"
    once unused "after child $i"
done
stop unused

wrong() {
    printf '%b\n' "$2" >wrong.toml
    if HAM_LOG=error HAM_CONFIG=wrong.toml ./ham lo </dev/null >wrong.out 2>wrong.err; then fail "this is taken: $2"; fi
    grep -q "wrong.toml.*$1" wrong.err || { cat wrong.out wrong.err; fail "nothing about $1 in what is said of: $2"; }
}
wrong 2 '[overlay.o]\nmode = "peer"'
wrong 2 '[overlay.o]\nrouter = ["tcp/10.0.0.1:7447"]'
wrong 3 '[overlay.o]\nlisten = []\nlease_ms = 1'
wrong 2 '[overlay.o]\nrouters = ["10.0.0.1"]'
wrong 2 '[overlay.o]\nblock_ms = 100000'
wrong 2 '[overlay.o]\nmode = "client"\n'
wrong 2 '[overlay.o]\nrouters = "tcp/10.0.0.1:7447"'
# What only Zenoh can tell, with the line of the section.
echo '{mode: "peer"}' >peer.json5
wrong '1: overlay o: zenoh_config' '[overlay.o]\nzenoh_config = "peer.json5"'
wrong '1: overlay o: listen' '[overlay.o]\nlisten = ["tcp/127.0.0.1:7447#"]'
wrong '2: key "routers"' '[overlay]\nrouters = ["tcp/10.0.0.1:7447"]'
