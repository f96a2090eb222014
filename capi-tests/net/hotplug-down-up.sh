#!/bin/bash
# A device goes down and comes up, at this end and at the other: the memberships are there again.
. "$HAM_ROOT/capi-tests/net/hotplug.bash"
host here there
plug
ham_start one here eth0
join_all
hears 0 "at first"
for round in 1 2; do
    on here ip link set eth0 down
    sleep 0.2
    tell one send "$four" "into the void"
    on here ip link set eth0 up
    # IPv6 addresses go with the device.
    on here ip -6 addr add fd00::1/64 dev eth0 nodad 2>/dev/null
    hears 0 "down and up"
    heard_there 0 "down and up"
    on there ip link set eth0 down
    sleep 0.2
    on there ip link set eth0 up
    on there ip -6 addr add fd00::2/64 dev eth0 nodad 2>/dev/null
    hears 0 "the other end down and up"
done
stop one
