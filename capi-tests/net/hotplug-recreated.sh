#!/bin/bash
# A device is deleted and made again: the memberships come back without a call, and sending goes on. Several times.
. "$HAM_ROOT/capi-tests/net/hotplug.bash"
host here there
plug
ham_start one here eth0
join_all
hears 0 "at first"
heard_there 0 "at first"
for round in 1 2 3; do
    before=$(on here cat /sys/class/net/eth0/ifindex)
    unplug
    sleep 0.3
    tell one send "$four" "into the void"
    plug
    [ "$before" != "$(on here cat /sys/class/net/eth0/ifindex)" ] || fail "the device has its old index: this tests nothing"
    hears 0 "made again, round $round"
    heard_there 0 "made again, round $round"
done
# What is left then is left for good.
must one leave "$four"
! on here ip maddr show dev eth0 | grep -q 239.1.2.3 || fail "still a member after the leave"
stop one
