#!/bin/bash
# Across two routers (smcroute), IPv4: any-source and source-specific, from libham to libham and BSD and from BSD to libham.
. "$HAM_ROOT/testbed/lib.sh"
. "$HAM_TESTS/net/routed.bash"
needs smcrouted
build_peers
routed
static_routes
asm=ham:ip:239.1.2.3:5000 ssm=ham:ip:232.1.2.3@10.1.0.1:5000 group=239.1.2.3 ssm_group=232.1.2.3 wrong_source=10.1.0.9
on source ip addr add $wrong_source/24 dev eth0
. "$HAM_TESTS/net/routed-flow.bash"
