#!/bin/bash
# Interfaces that come late: down and without an address at the join; and one that is not there at all when a group is joined
# by the other.
. "$HAM_ROOT/capi-tests/net/hotplug.bash"
host here there
link here eth0 there eth0
ham_start one here eth0
tell one join "$four"
tell one join "$six"
tell one join "$four_source"
tell one join "$six_source"
! grep -q "^error" one.out || { cat one.out; fail "a join at an Interface that is down must wait for it"; }
sleep 0.3
addresses
hears 0 "came up late"
heard_there 0 "came up late"
stop one

# A socket on two; the second goes; groups are joined; it comes.
plug 1
ham_start one here eth0 eth1
unplug 1
sleep 0.3
join_all
hears 0 "on the first"
four_source=ham:ip:232.1.2.3@10.0.1.2:5000 six_source='ham:ip:[ff35::8000:1]@[fd01::2]:5000'
must one join "$four_source"
must one join "$six_source"
plug 1
hears 1 "on the one that came late"
heard_there 1 "on the one that came late"
hears 0 "on the first, still"
# Each message once.
! sort one.out | grep '^heard' | grep -v 'from here' | uniq -d | grep . || fail "heard twice"
stop one
