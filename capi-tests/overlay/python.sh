#!/bin/bash
# timeout: 60
# root: yes
# The Python package eclipse-zenoh, which shares nothing with libham but the documents, sees and sends the same messages, and sees
# who listens and who sends.
. "$HAM_ROOT/capi-tests/overlay/overlay.bash"
build_node
export PYTHONPATH=$HAM_ROOT/build/test-deps/python
python3 -c 'import zenoh' 2>/dev/null || skip "the Python package eclipse-zenoh is not installed"
router router "" '[overlay.o]\nlisten = ["tcp/127.0.0.1:7447"]'
must router join 'ham:opaque:f%C3%BCr%20alle'
python3 "$HAM_TESTS/overlay/stranger.py" >python.out 2>&1 <<<"" &
stranger=$!
wait_said "ready" python.out 15
reaches_python() { tell router send ham:ip:239.1.2.3:5000 probe; said "heard ham:ip:239.1.2.3:5000 probe" python.out; }
wait_until 10 reaches_python || { cat python.out; fail "Python does not hear"; }
must router send ham:ip:239.1.2.3:5000 "from libham"
wait_said "heard ham:ip:239.1.2.3:5000 from libham" python.out
becomes "Python is a listener" "group ham:ip:239.1.2.3:5000 2
group ham:opaque:f%C3%BCr%20alle 2" answer router groups $O
wait_said "token rx ham:opaque:f%C3%BCr%20alle" python.out
wait_said "token tx ham:ip:239.1.2.3:5000" python.out
hears router "from Python 20" 10
for i in $(seq 20); do once router "from Python $i"; done
[[ $(answer router statistics) == *"lost 0 refused 2" ]] || fail "$(answer router statistics)"
kill $stranger
wait $stranger 2>/dev/null
becomes "Python is gone" "group ham:ip:239.1.2.3:5000 1
group ham:opaque:f%C3%BCr%20alle 0" answer router groups $O
stop router
