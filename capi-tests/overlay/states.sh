#!/bin/bash
# timeout: 60
# root: yes
# Group states, events and neighbours on an overlay are what is true, also of a host that dies.
. "$HAM_ROOT/capi-tests/overlay/overlay.bash"
build_node
unicast one two router
client='[overlay.o]\nrouters = ["tcp/10.0.0.3:7447"]\nlease_ms = 1000'
router router router '[overlay.o]\nlisten = ["tcp/10.0.0.3:7447"]\nlease_ms = 1000'
node one one "$client"
node two two "$client"
must one events
must two join ham:opaque:a
becomes "a listener elsewhere" "group ham:opaque:a 0" answer one groups $O
must two register ham:opaque:a
must two register 'ham:ip:239.1.2.3:5000'
becomes "a source elsewhere" "group ham:opaque:a 2
group ham:ip:239.1.2.3:5000 1" answer one groups $O
becomes "the same at the router" "group ham:opaque:a 2
group ham:ip:239.1.2.3:5000 1" answer router groups $O
must one join ham:ip:239.1.2.3:5000
becomes "both roles" "group ham:opaque:a 2
group ham:ip:239.1.2.3:5000 2" answer two groups $O
must two leave ham:opaque:a
becomes "a listener has left" "group ham:opaque:a 1
group ham:ip:239.1.2.3:5000 2" answer one groups $O

# The nodes next to it: the router of a client, the clients of the router.
node_of() { answer "$@" | sed -n 's/^node //p' | sort -u; }
wait_until 5 eval '[ "$(node_of router neighbors $O | wc -l)" = 2 ]' || fail "the router knows $(node_of router neighbors $O)"
the_router=$(node_of one neighbors $O)
[[ $the_router == ham:zenoh:* && $(wc -l <<<"$the_router") = 1 ]] || fail "one's neighbours: $the_router"
[ "$(node_of two neighbors $O)" = "$the_router" ] || fail "two has another router"
reaches two one ham:ip:239.1.2.3:5000
becomes "whence the group comes" "node $the_router" answer one parents $O ham:ip:239.1.2.3:5000
# At the router it comes from two and goes to one.
apart() {
    from=$(node_of router parents $O ham:ip:239.1.2.3:5000)
    to=$(node_of router children $O ham:ip:239.1.2.3:5000)
    [ "$from" != "$to" ] && [ "$(sort -u <<<"$from
$to")" = "$(node_of router neighbors $O)" ]
}
wait_until 10 apart || fail "at the router it comes from $from and goes to $to"
becomes "nobody is in this group" "" answer router children $O ham:opaque:nobody
must two deregister ham:ip:239.1.2.3:5000
becomes "the last one is a listener" "group ham:opaque:a 1
group ham:ip:239.1.2.3:5000 0" answer router groups $O
must two register ham:ip:239.1.2.3:5000
becomes "a source again" "group ham:opaque:a 1
group ham:ip:239.1.2.3:5000 2" answer one groups $O

# It dies: what it had is gone.
kill_node two
becomes "a host that died" "group ham:ip:239.1.2.3:5000 0" answer one groups $O
wait_until 5 eval '[ "$(node_of router neighbors $O | wc -l)" = 1 ]' || fail "the router still knows $(node_of router neighbors $O)"

# Each change was one event.
# Without those of the group with which the router begins.
events() { grep " $O " one.out | grep -v here-i-am | sed -n 's/^event //p'; }
all="join $O ham:opaque:a
source $O ham:opaque:a
source $O ham:ip:239.1.2.3:5000
source $O ham:ip:239.1.2.3:5000
join $O ham:ip:239.1.2.3:5000
leave $O ham:opaque:a"
becomes "events" "$all" events
# The router dies and comes back: what is still so is no news.
kill_node router
router router router '[overlay.o]\nlisten = ["tcp/10.0.0.3:7447"]\nlease_ms = 1000'
becomes "after the router has come back" "group ham:ip:239.1.2.3:5000 0" answer router groups $O
becomes "events, still" "$all" events
stop one router
