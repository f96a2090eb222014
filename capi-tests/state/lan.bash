# More for the switch of `lan` (testbed/lib.sh).

# router_port HOST: the switch sends all reports to this host, as to a router.
router_port() { on switch bridge link set dev "$1" mcast_router 2 || fail "the switch takes no router port"; }
