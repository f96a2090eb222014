#!/bin/bash
# root: yes
# timeout: 90
# libham processes elect the designated forwarder of a link by priority, then by address: designatedHost on each of them. One
# crashes, one ends in order, one comes back; neighborSet has all that are there.
. "$HAM_ROOT/capi-tests/state/state.bash"
needs bridge
export HAM_PRESENCE=1
build_state
lan one two three
# start HOST PRIORITY: a libham process on that host, in no group.
start() { HAM_PRESENCE_PRIORITY=$2 ham_start "$1" "$1"; tell "$1" designated eth0; }
# elected HOST: of those that run, it alone is designated, in each of the families.
running="" families="4 6"
elected() {
    local host family expected
    for host in $running; do
        expected=0
        [ "$host" != "$1" ] || expected=1
        for family in $families; do
            [ "$(answer "$host" designated eth0/$family ham:opaque:news)" = "designated $expected" ] || return 1
        done
    done
}
becomes() {
    wait_until 20 elected "$1" || {
        for host in $running; do echo "$host: $(answer "$host" designated eth0/4) $(answer "$host" designated eth0/6)"; done
        fail "$2"
    }
}
neighbors_are() { [ "$(answer three neighbors eth0/4 $2)" = "$1" ]; }
knows() { wait_until 20 neighbors_are "$@" || fail "neighbours: $(answer three neighbors eth0/4 $2)"; }
one="node ham:ip:10.0.0.1" two="node ham:ip:10.0.0.2"

start three 0
start one 5
running="one three"
becomes one "the only one with a priority is not elected"
expect "the querier is the switch" "designated 1" on switch ./ham designated br0/4
start two 9
running="one two three"
becomes two "the higher priority does not win"
knows "$one
$two"
# Of a group that they are not in they are neighbours still, as routers are; who forwards nothing is none.
knows "$one
$two" ham:opaque:news
must three open eth0/4
must three join ham:opaque:news
listens() { [ "$(answer one neighbors eth0/4 "$1")" = "$2" ]; }
three="node ham:ip:10.0.0.3"
wait_until 10 listens ham:opaque:news "$two
$three" || fail "a listener is no neighbour: $(answer one neighbors eth0/4 ham:opaque:news)"
expect "a listener of another group" "$two" answer one neighbors eth0/4 ham:opaque:other
expect "all of them" "$two
$three" answer one neighbors eth0/4
must three leave ham:opaque:news

# It crashes: the next one takes over when three intervals are over.
kill -9 "$(pgrep -P "$pid_two")"
wait "$pid_two" 2>/dev/null
running="one three"
becomes one "nobody takes over from a crashed one"
knows "$one"
# The same priority: the lower address stays. (Which one is lower in IPv6 is chance.)
families=4
start two 5
running="one two three"
knows "$one
$two"
becomes one "the lower address does not win"
stop one
running="two three" families="4 6"
becomes two "nobody takes over from one that has ended"
knows "$two"
stop two three
exit 0
