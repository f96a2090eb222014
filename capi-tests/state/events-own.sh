#!/bin/bash
# network: pair
# Membership events of own multicast sockets: what there is first, then each change once and in order.
. "$HAM_ROOT/capi-tests/state/state.bash"
build_state
ham_start one ""
must one open eth0
must one join ham:ip:239.1.0.1:5000
must one register ham:ip:239.1.0.2:5000
must one events
expect_events one "what there is" "join eth0 ham:ip:239.1.0.1:5000
source eth0 ham:ip:239.1.0.2:5000"

forget one
must one join ham:ip:239.1.0.3:5000
must one join "ham:ip:[ff15::3]:5000"
must one join ham:ip:232.1.2.3@10.46.0.2:5000
must one leave ham:ip:239.1.0.3:5000
must one register ham:ip:239.1.0.4:5000
must one leave "ham:ip:[ff15::3]:5000"
must one leave ham:ip:232.1.2.3@10.46.0.2:5000
expect_events one "each change once" "join eth0 ham:ip:239.1.0.3:5000
join eth0 ham:ip:[ff15::3]:5000
join eth0 ham:ip:232.1.2.3@10.46.0.2:5000
leave eth0 ham:ip:239.1.0.3:5000
source eth0 ham:ip:239.1.0.4:5000
leave eth0 ham:ip:[ff15::3]:5000
leave eth0 ham:ip:232.1.2.3@10.46.0.2:5000"

# Quick changes, so that the kernel's word on them comes late.
forget one
for _ in 1 2 3 4 5; do
    must one join ham:ip:239.1.0.5:5000
    must one leave ham:ip:239.1.0.5:5000
done
expect_events one "quick changes" "$(for _ in 1 2 3 4 5; do printf '%s eth0 ham:ip:239.1.0.5:5000\n' join leave; done)"

# A second socket's join and leave change nothing; an Interface more is one.
forget one
must one open eth0
must one join ham:ip:239.1.0.1:5000
must one leave ham:ip:239.1.0.1:5000
must one close
expect_events one "a second socket" ""
must one open eth0 lo
must one join ham:ip:239.1.0.6:5000
sorted() { events one | sort; }
wait_until 20 eval '[ "$(events one | wc -l)" = 2 ]' || fail "not one for each Interface"
expect "one for each Interface" "join eth0 ham:ip:239.1.0.6:5000
join lo ham:ip:239.1.0.6:5000" sorted
forget one
must one close
wait_until 20 eval '[ "$(events one | wc -l)" = 2 ]' || fail "deleting is no leave"
expect "deleting leaves" "leave eth0 ham:ip:239.1.0.6:5000
leave lo ham:ip:239.1.0.6:5000" sorted

# Many at once: each once, in order, and not one of them as another process's.
forget one
must one joins 1000
must one leaves 1000
expect_events one "many" "$(for what in join leave; do
    for i in $(seq 0 999); do echo "$what eth0 ham:ip:239.7.$((i / 250)).$((i % 250 + 1)):5000"; done
done)"
stop one
