#!/bin/bash
# Across two routers (smcroute), IPv6: any-source and source-specific, from libham to libham and BSD and from BSD to libham.
. "$HAM_ROOT/testbed/lib.sh"
. "$HAM_TESTS/net/routed.bash"
needs smcrouted
build_peers
routed
static_routes
asm='ham:ip:[ff15::23]:5000' ssm='ham:ip:[ff35::8000:1]@[fd01::1]:5000' group=ff15::23 ssm_group=ff35::8000:1 wrong_source=fd01::9
on source ip -6 addr add $wrong_source/64 dev eth0 nodad preferred_lft 0
. "$HAM_TESTS/net/routed-flow.bash"
