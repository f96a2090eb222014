#!/bin/bash
# c-examples/appendix-b.c: the three groups of Appendix B of RFC 7046 in one multicast socket.
. "$(dirname "$0")/../../testbed/lab.bash"
build_examples
enter_lab
open_lab
host a 1
host b 2
hosts_ready

start receiver b "$BIN/appendix-b" 4
receiver=$PID
joined receiver 3
on a "$BIN/send" ham:ip:224.1.2.3:5000 'to the first' || fail "send to the first"
heard receiver 'ham:ip:224.1.2.3:5000: to the first'
on a "$BIN/send" 'ham:ip:[ff02::3]:6000' 'to the second' || fail "send to the second"
heard receiver 'ham:ip:224.1.2.3:5000: to the first' 'ham:ip:[ff02:0:0:0:0:0:0:3]:6000: to the second'
on a "$BIN/send" ham:sip:news@CNN.com 'to the third' || fail "send to the third"
heard receiver 'ham:ip:224.1.2.3:5000: to the first' 'ham:ip:[ff02:0:0:0:0:0:0:3]:6000: to the second' \
    'ham:sip:news@cnn.com: to the third'
on a "$BIN/send" ham:sip:news@cnn.com 'and again' || fail "send to the third again"
heard receiver 'ham:ip:224.1.2.3:5000: to the first' 'ham:ip:[ff02:0:0:0:0:0:0:3]:6000: to the second' \
    'ham:sip:news@cnn.com: to the third' 'ham:sip:news@cnn.com: and again'
wait $receiver || fail "appendix-b ended with $?"
exit 0
