#!/bin/bash
# A device goes to another network namespace and comes back, or is deleted and made again, with the same index as before: the
# memberships are back.
. "$HAM_ROOT/capi-tests/net/hotplug.bash"
host here there aside
plug
index() { on here cat /sys/class/net/eth0/ifindex; }
before=$(index)
ham_start one here eth0
join_all
hears 0 "at first"
for pause in 0.5 0; do
    on here ip link set eth0 netns aside
    sleep $pause
    on aside ip link set eth0 netns here
    configure here eth0 10.0.0.1/24 fd00::1/64
    [ "$(index)" = "$before" ] || skip "the kernel gives another index"
    hears 0 "moved and back, $pause s"
    heard_there 0 "moved and back, $pause s"
done
for pause in 0.5 0; do
    unplug
    sleep $pause
    on here ip link add eth0 index "$before" type veth peer name eth0 netns there
    addresses
    [ "$(index)" = "$before" ] || skip "the kernel gives another index"
    hears 0 "made again, $pause s"
done
stop one
