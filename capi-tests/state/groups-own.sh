#!/bin/bash
# network: pair
# groupSet: this process's own groups, by name, as listener, sender or both, at the Interface where they are.
. "$HAM_ROOT/capi-tests/state/state.bash"
build_state
ham_start one ""
own() { answer one groups "${1:-eth0}" | grep '239\.1\.\|232\.1\.\|ff15::\|ff35::'; }

must one open eth0
must one join ham:ip:239.1.0.1:5000
expect "a listener" "group ham:ip:239.1.0.1:5000 0" own
must one register ham:ip:239.1.0.2:5000
must one join "HAM:IP:[FF15:0::1]:5001"
expect "a sender, and IPv6 in normal form" "group ham:ip:239.1.0.1:5000 0
group ham:ip:239.1.0.2:5000 1
group ham:ip:[ff15::1]:5001 0" own
must one register ham:ip:239.1.0.1:5000
must one join ham:ip:239.1.0.2:5000
must one join ham:ip:232.1.2.3@10.46.0.2:5000
must one join "ham:ip:[ff35::99]@[fd46::2]:5000"
all4="group ham:ip:239.1.0.1:5000 2
group ham:ip:239.1.0.2:5000 2
group ham:ip:232.1.2.3@10.46.0.2:5000 0"
all6="group ham:ip:[ff15::1]:5001 0
group ham:ip:[ff35::99]@[fd46::2]:5000 0"
expect "both roles, source-specific" "$all4
$all6" own
expect "the IPv4 side" "$all4" own eth0/4
expect "the IPv6 side" "$all6" own eth0/6
expect "another device has none of them" "" own lo

# The same name on a second socket, and on another port.
must one open eth0
must one join ham:ip:239.1.0.1:5000
must one join ham:ip:239.1.0.1:6000
expect "each name once" "$all4
$all6
group ham:ip:239.1.0.1:6000 0" own
must one leave ham:ip:239.1.0.1:5000
expect "still joined by the other socket" "$all4
$all6
group ham:ip:239.1.0.1:6000 0" own
must one close
must one leave ham:ip:239.1.0.1:5000
must one deregister ham:ip:239.1.0.2:5000
must one leave ham:ip:232.1.2.3@10.46.0.2:5000
expect "after leave and deregister" "group ham:ip:239.1.0.1:5000 1
group ham:ip:239.1.0.2:5000 0
$all6" own
must one close
expect "after deleting" "" own

expect "no such Interface" "errno No such device" ./ham groups 99999
expect "no such Interface" "errno No such device" ./ham groups 0x10000000
expect "no such Interface" "errno No such device" ./ham children 99999 ham:ip:239.1.0.1
expect "a malformed name" "errno Invalid argument" ./ham children eth0 ham:ip:239.1
expect "a malformed name" "errno Invalid argument" ./ham parents eth0 ham:
expect "a malformed name" "errno Invalid argument" ./ham neighbors eth0 nonsense
expect "a malformed name" "errno Invalid argument" ./ham designated eth0 ham:ip:10.0.0.1
stop one
