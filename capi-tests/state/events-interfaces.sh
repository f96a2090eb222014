#!/bin/bash
# root: yes
# Membership events of own groups and sources, each once, where an Interface goes, comes back under another index, and
# where one more comes to the socket.
. "$HAM_ROOT/capi-tests/state/state.bash"
build_state
host here peer
# cable DEVICE INDEX ADDRESS
cable() {
    on here ip link add "$1" index "$2" type veth peer name "$1" netns peer || fail "no link"
    configure here "$1" "$3/24"
    on peer ip link set "$1" up
    wait_until 5 usable here "$1" || fail "it does not become usable"
}
group=ham:ip:239.1.1.1:5000
source=ham:ip:239.1.1.2:5000
cable eth0 77 10.0.0.1
cable eth1 87 10.0.1.1
ham_start w here
must w open eth0
must w events
must w join $group
must w register $source
must w send $source x
must w register $source
expect_events w "each once" "join eth0 $group
source eth0 $source"

forget w
on here ip link del eth0
expect_events w "the Interface goes" "leave gone $group"
forget w
cable eth0 78 10.0.0.1
expect_events w "it comes back" "join eth0 $group
source eth0 $source"

forget w
must w add eth1
expect_events w "one more" "join eth1 $group
source eth1 $source"
forget w
must w leave $group
expect_events w "its leave" "leave eth0 $group
leave eth1 $group"
stop w
exit 0
