#!/bin/bash
# network: pair
# Membership events of other processes of this host.
. "$HAM_ROOT/capi-tests/state/state.bash"
build_state
bsd "" receive 239.2.0.1 5000 eth0
first=$bsd
ham_start one ""
must one events
expect_events one "what there is" "join eth0 ham:ip:239.2.0.1"
forget one
bsd "" receive ff15::2 5000 eth0
second=$bsd
expect_events one "a join" "join eth0 ham:ip:[ff15::2]"
bsd "" receive 239.2.0.1 5001 eth0
kill "$bsd"
expect_events one "no change of the host's" "join eth0 ham:ip:[ff15::2]"
kill "$second"
expect_events one "a leave" "join eth0 ham:ip:[ff15::2]
leave eth0 ham:ip:[ff15::2]"
kill "$first"
expect_events one "the leave of one that was there" "join eth0 ham:ip:[ff15::2]
leave eth0 ham:ip:[ff15::2]
leave eth0 ham:ip:239.2.0.1"

# The other process keeps what an own socket leaves.
forget one
must one open eth0
must one join ham:ip:239.2.0.3:5000
bsd "" receive 239.2.0.3 5000 eth0
must one leave ham:ip:239.2.0.3:5000
kept="join eth0 ham:ip:239.2.0.3:5000
leave eth0 ham:ip:239.2.0.3:5000
join eth0 ham:ip:239.2.0.3"
expect_events one "kept by another" "$kept"
kill "$bsd"
expect_events one "and left by it" "$kept
leave eth0 ham:ip:239.2.0.3"

# A device that vanishes.
forget one
ip link add extra type veth peer name other
ip link set extra up
bsd "" receive 239.2.0.4 5000 extra
expect_events one "at a new device" "join extra ham:ip:239.2.0.4"
ip link del extra
expect_events one "which vanishes" "join extra ham:ip:239.2.0.4
leave gone ham:ip:239.2.0.4"
kill "$bsd"
stop one
