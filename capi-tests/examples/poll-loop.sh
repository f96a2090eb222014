#!/bin/bash
# c-examples/poll-loop.c: the group's messages reach a TCP client, the client's bytes reach the group; both `send`s in one program.
. "$(dirname "$0")/../../testbed/lab.bash"
build_examples
enter_lab
open_lab
host a 1
host b 2
hosts_ready

start loop a "$BIN/poll-loop" ham:ip:239.46.0.3:5000 8046
joined loop
start group b "$BIN/receive" ham:ip:239.46.0.3:5000
joined group

# A TCP client on b: what it hears is printed, and what comes by the pipe is sent.
mkfifo "$LAB/say"
start client b bash -c "exec 5<>/dev/tcp/10.46.0.1/8046; cat <&5 & echo joined >&2; cat '$LAB/say' >&5; wait"
joined client
exec 6>"$LAB/say"
echo 'from the TCP client' >&6
heard group 'from the TCP client'
heard client 'from the TCP client' # by loopback of the group
on b "$BIN/send" ham:ip:239.46.0.3:5000 first second third || fail "send"
heard client 'from the TCP client' first second third
heard group 'from the TCP client' first second third
exit 0
