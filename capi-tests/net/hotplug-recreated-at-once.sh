#!/bin/bash
# A device is deleted and made again at once, before anyone can look.
. "$HAM_ROOT/capi-tests/net/hotplug.bash"
host here there
plug
ham_start one here eth0
join_all
hears 0 "at first"
for round in 1 2 3 4 5 6; do
    unplug
    plug
    unplug
    plug
    hears 0 "round $round"
done
stop one
