#!/bin/bash
# The IGMPv3 reports of joins and leaves, any-source and source-specific, as tshark sees them on the wire.
# network: pair
. "$HAM_ROOT/testbed/lib.sh"
. "$HAM_TESTS/net/wire.bash"
needs tshark tcpdump
build_peers
capture igmp
ham_start one "" eth0

fields="-e ip.src -e ip.dst -e ip.ttl -e igmp.record_type -e igmp.maddr -e igmp.num_src -e igmp.saddr"
expected() { expect_report "igmp.type == 0x22" "$fields" "$@"; }
unexpected() { unexpected_report "igmp.type == 0x22" "$fields" "$@"; }
from=10.46.0.1,224.0.0.22,1

must one join ham:ip:239.1.2.3:5000
expected "$from,4,239.1.2.3," "join: change to exclude nothing"
must one join ham:ip:232.1.2.3@10.46.0.2:5000
expected "$from,5,232.1.2.3,10.46.0.2" "source-specific join: allow the source"
must one join ham:ip:232.1.2.3@10.46.0.77:5000
expected "$from,5,232.1.2.3,10.46.0.77" "second source: allow it"
# One group on two ports is one membership: the leave of the first is not the host's.
must one join ham:ip:239.1.2.3:5001
must one leave ham:ip:239.1.2.3:5000
must one leave ham:ip:232.1.2.3@10.46.0.2:5000
expected "$from,6,232.1.2.3,10.46.0.2" "source-specific leave: block the source"
unexpected "$from,3,239.1.2.3," "left while another name needs it"
must one leave ham:ip:239.1.2.3:5001
expected "$from,3,239.1.2.3," "leave: change to include nothing"
# What is joined when the socket goes is left.
must one join ham:ip:239.1.2.4:5000
expected "$from,4,239.1.2.4," "join"
stop one
expected "$from,3,239.1.2.4," "the end of the socket: change to include nothing"
expected "$from,6,232.1.2.3,10.46.0.77" "the end of the socket: block the source"

# Messages on the wire are the payload alone.
ham_start one "" eth0
capture udp port 5000
must one send ham:ip:239.1.2.3:5000 "raw payload"
expect_report "udp.port == 5000" "-e ip.src -e ip.dst -e ip.ttl -e udp.length -e data.data" \
    "10.46.0.1,239.1.2.3,1,19,$(printf 'raw payload' | od -An -tx1 | tr -d ' \n')" "a message"
stop one
