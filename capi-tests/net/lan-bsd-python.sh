#!/bin/bash
# On a LAN: libham and plain BSD sockets in Python, both ways, IPv4 and IPv6, any-source and source-specific.
. "$HAM_ROOT/testbed/lib.sh"
needs python3
build_peers
lan h1 h2 h3
bsd_python() { on "$1" python3 "$HAM_TESTS/common/bsd.py" "${@:2}"; }
for version in 4 6; do
    if [ $version = 4 ]; then
        group=239.1.2.3 name=ham:ip:239.1.2.3:5000
        ssm=232.1.2.3 source=10.0.0.1 ssm_name=ham:ip:232.1.2.3@10.0.0.3:5000
    else
        group=ff15::23 name='ham:ip:[ff15::23]:5000'
        ssm=ff35::8000:1 source=fd00::1 ssm_name='ham:ip:[ff35::8000:1]@[fd00::3]:5000'
    fi
    ham_start one h1 eth0
    bsd_python h2 receive $group 5000 eth0 >two.out 2>&1 &
    two=$!
    bsd_python h2 receive $ssm 5000 eth0 $source >source.out 2>&1 &
    specific=$!
    wait_said ready two.out
    wait_said ready source.out
    must one join "$name"
    must one join "$ssm_name"
    wait_switched $group h1 h2
    wait_switched $ssm h1 h2
    must one send "$name" "to Python $version"
    wait_said "heard to Python $version" two.out
    must one send "${ssm_name/@*:5000/:5000}" "from the source $version"
    wait_said "heard from the source $version" source.out 20 "BSD hears libham as a source"

    bsd_python h3 send $group 5000 eth0 "from Python $version"
    wait_said "heard from Python $version" one.out
    # The third host is the source that libham named; the second is not.
    bsd_python h2 send $ssm 5000 eth0 "wrong source $version"
    bsd_python h3 send $ssm 5000 eth0 "right source $version"
    wait_said "heard right source $version" one.out
    ! said "heard wrong source $version" one.out || fail "heard another source"
    stop one
    kill $two $specific
    wait $two $specific 2>/dev/null
done
exit 0
