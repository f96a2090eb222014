#!/bin/bash
# network: pair
# parentSet and childrenSet of an ordinary host: the next node towards the source of a source-specific membership, and
# this host itself where a process of it listens.
. "$HAM_ROOT/capi-tests/state/state.bash"
build_state
ip route add 10.9.0.0/24 via 10.46.0.2
ip -6 route add fd09::/64 via fd46::2
link_local="node ham:ip:[$(ip -6 -o addr show dev eth0 scope link | sed -E 's/.*inet6 ([^/]*).*/\1/')]"

ham_start one ""
must one open eth0
expect "nobody listens" "" answer one children eth0 ham:ip:232.1.2.3
must one join ham:ip:232.1.2.3@10.9.0.7:5000
must one join "ham:ip:[ff35::99]@[fd09::7]:5000"
must one join ham:ip:232.1.2.4@10.46.0.77:5000
expect "the router towards the source" "node ham:ip:10.46.0.2" answer one parents eth0 ham:ip:232.1.2.3@10.9.0.7:5000
expect "asked for any source" "node ham:ip:10.46.0.2" answer one parents eth0 ham:ip:232.1.2.3
expect "IPv6" "node ham:ip:[fd46::2]" answer one parents eth0 "ham:ip:[ff35::99]@[fd09::7]:5000"
expect "the source on the link" "node ham:ip:10.46.0.77" answer one parents eth0 ham:ip:232.1.2.4@10.46.0.77:5000
expect "another source" "" answer one parents eth0 ham:ip:232.1.2.3@10.9.0.8
expect "another Interface" "" answer one parents lo ham:ip:232.1.2.3
expect "all of them are neighbours" "node ham:ip:10.46.0.2
node ham:ip:10.46.0.77
node ham:ip:[fd46::2]" answer one neighbors eth0

expect "this host listens" "node ham:ip:10.46.0.1" answer one children eth0 ham:ip:232.1.2.3@10.9.0.7:5000
expect "by its link-local address" "$link_local" answer one children eth0 "ham:ip:[ff35::99]"
expect "on another port nobody does" "" answer one children eth0 ham:ip:232.1.2.3@10.9.0.7:6000
expect "of another source neither" "" answer one children eth0 ham:ip:232.1.2.3@10.9.0.8:5000
expect "of any group" "node ham:ip:10.46.0.1
$link_local" answer one children eth0
must one join ham:ip:239.1.1.1
expect "the default port is a port" "node ham:ip:10.46.0.1" answer one children eth0 ham:ip:239.1.1.1:7046
expect "and no other" "" answer one children eth0 ham:ip:239.1.1.1:7047
must one close
expect "nobody any more" "" answer one children eth0
stop one

# Another process's memberships count as well.
bsd "" receive 232.1.2.3 5000 eth0 10.9.0.7
expect "of another process" "node ham:ip:10.46.0.2" ./ham parents eth0 ham:ip:232.1.2.3
expect "of another process" "node ham:ip:10.46.0.1" ./ham children eth0 ham:ip:232.1.2.3
kill "$bsd"
