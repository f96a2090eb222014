#!/bin/bash
# network: pair
# groupSet: what other processes of this host have joined, as `ip maddr` and the source filters of the kernel list it.
. "$HAM_ROOT/capi-tests/state/state.bash"
build_state

# What the kernel says of a device: the addresses in `ip maddr`, those with sources by their sources.
kernel() {
    local with_sources
    with_sources=$(python3 - "$1" <<'PY'
import ipaddress, socket, sys
index = socket.if_nametoindex(sys.argv[1])
for table in "mcfilter", "mcfilter6":
    for line in open("/proc/net/" + table).readlines()[1:]:
        word = line.split()
        if int(word[0]) == index and int(word[4]) > 0:
            group, source = [ipaddress.ip_address(bytes.fromhex(w.removeprefix("0x"))) for w in word[2:4]]
            print(group, source)
PY
)
    ip maddr show dev "$1" | awk '$1 ~ /^inet/ { print $2 }' | while read -r address; do
        if grep -q "^$address " <<<"$with_sources"; then
            grep "^$address " <<<"$with_sources"
        else
            echo "$address"
        fi
    done | sed -E 's/([0-9a-f]*:[0-9a-f:]*)/[\1]/g; s/ /@/; s/(.*)/group ham:ip:\1 0/'
}

same() {
    kernel "$1" >kernel.txt
    [ -s kernel.txt ] || fail "the kernel lists nothing"
    expect "$2" "$(cat kernel.txt)" ./ham groups "$1"
}

same eth0 "at rest"
same lo "loopback"
bsd "" receive 239.1.0.1 5000 eth0
bsd "" receive ff15::1 5000 eth0
same eth0 "any source"
bsd "" receive 232.1.2.3 5000 eth0 10.46.0.2
bsd "" receive 232.1.2.3 5001 eth0 10.46.0.3
bsd "" receive ff35::99 5000 eth0 fd46::2
same eth0 "with sources"
grep -qxF 'group ham:ip:232.1.2.3@10.46.0.3 0' kernel.txt || fail "the comparison sees no sources"
grep -qxF 'group ham:ip:[ff35::99]@[fd46::2] 0' kernel.txt || fail "the comparison sees no IPv6 sources"

# One process wants any source where another wants one.
bsd "" receive 239.1.0.2 5000 eth0 10.46.0.2
bsd "" receive 239.1.0.2 5001 eth0
both() { ./ham groups eth0 | grep 239.1.0.2; }
expect "any source beside one" "group ham:ip:239.1.0.2 0
group ham:ip:239.1.0.2@10.46.0.2 0" both

# An own group stands under its own name only; the other process's filter beside it.
ham_start one ""
must one open eth0
must one join ham:ip:239.1.0.1:5000
must one join ham:ip:232.1.2.3@10.46.0.2:5000
own() { answer one groups eth0 | grep '239\.1\.0\.1\|232'; }
expect "an own group under its own name" "group ham:ip:239.1.0.1:5000 0
group ham:ip:232.1.2.3@10.46.0.2:5000 0
group ham:ip:232.1.2.3@10.46.0.3 0" own
must one close
expect "the other process's again" "group ham:ip:239.1.0.1 0
group ham:ip:232.1.2.3@10.46.0.2 0
group ham:ip:232.1.2.3@10.46.0.3 0" own
stop one
# shellcheck disable=SC2046
kill $(jobs -p)
