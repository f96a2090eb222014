#!/bin/bash
# The addresses of an Interface change: memberships stay, and messages go out with the new source address.
. "$HAM_ROOT/capi-tests/net/hotplug.bash"
host here there
plug
ham_start one here eth0
join_all
hears 0 "at first"
heard_there 0 "at first"

# from ADDRESS GROUP NAME: a source-specific BSD receiver hears libham from the address.
from() {
    on there ./bsd receive "$2" 5001 eth0 "$1" >from.out &
    wait_said ready from.out
    heard_from() { tell one send "$3" "from $1"; said "heard from $1" from.out; }
    wait_until 20 heard_from "$1" "$2" "$3" || fail "messages do not come from $1"
    kill $!
    wait $! 2>/dev/null
}
from 10.0.0.1 239.1.2.3 ham:ip:239.1.2.3:5001
from fd00::1 ff15::23 'ham:ip:[ff15::23]:5001'
on here ip addr add 10.0.0.11/24 dev eth0
on here ip -6 addr add fd00::11/64 dev eth0 nodad
on here ip addr del 10.0.0.1/24 dev eth0
on here ip -6 addr del fd00::1/64 dev eth0
hears 0 "with other addresses"
on here ip addr show dev eth0 | grep -q 10.0.0.11 || on here ip addr add 10.0.0.11/24 dev eth0
from 10.0.0.11 239.1.2.3 ham:ip:239.1.2.3:5001
from fd00::11 ff15::23 'ham:ip:[ff15::23]:5001'
stop one
