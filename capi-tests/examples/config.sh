#!/bin/bash
# docs/ham.toml: the library takes it, every value in it is the default, and README.md has every key and variable of it. What
# README.md says in TOML places names where it says.
. "$(dirname "$0")/../../testbed/lab.bash"
build_examples
enter_lab
open_lab
host a 1
hosts_ready
sample=$HAM_ROOT/docs/ham.toml

keys=$(sed -n 's/^\([a-z_]*\) = .*/\1/p' "$sample")
[ "$(echo $keys | wc -w)" = 15 ] || fail "these are not the fifteen keys: $keys"
for key in $keys; do grep -q "^| \`[a-z]*\.$key\`" "$HAM_ROOT/README.md" || fail "README.md has no $key"; done
for name in $(grep -o 'HAM_[A-Z_]*' "$sample" | sort -u); do
    grep -q "$name" "$HAM_ROOT/README.md" || fail "README.md has no $name"
done

# As the defaults: both send to port 7046 with TTL 1 and hear themselves.
for config in "$sample" ''; do
    rm -f "$LAB/receive.err"
    HAM_CONFIG=$config start receive a "$BIN/receive" -n 1 ham:ip:239.46.0.7:7046
    receiver=$PID
    joined receive
    HAM_CONFIG=$config on a "$BIN/send" ham:ip:239.46.0.7 "with '$config'" || fail "send with HAM_CONFIG='$config'"
    heard receive "with '$config'"
    wait $receiver
done

# The file is indeed read: each key takes effect, or is an error, when it is changed.
for change in 's/^port = 7046/port = 0/' 's/^ttl = .*/ttl = 256/' 's/^loopback = .*/loopback = 1/' 's/^receive_buffer = .*/receive_buffer = 1/' \
    's/^send_buffer = .*/send_buffer = 1/' 's/^# spin_us = .*/spin_us = -1/' 's/^interfaces = .*/interfaces = 1/' \
    's/^fec_percent = .*/fec_percent = 101/' 's/^bundle_us = .*/bundle_us = -1/' 's/^bundle_size = .*/bundle_size = 63/' \
    's/^reassembly_buffer = .*/reassembly_buffer = 1/' 's/^level = .*/level = "loud"/' 's/^port = 7046/prt = 7046/' \
    's/^enabled = .*/enabled = 1/' 's/^interval_ms = .*/interval_ms = 99/' 's/^priority = .*/priority = 256/'; do
    sed "$change" "$sample" >"$LAB/wrong.toml"
    HAM_CONFIG=$LAB/wrong.toml HAM_LOG=error on a "$BIN/send" ham:ip:239.46.0.7 x 2>"$LAB/err" && fail "$change passed"
    line=$(diff "$sample" "$LAB/wrong.toml" | sed -n 's/^\([0-9]*\)c.*/\1/p')
    grep -q "wrong.toml.*line $line.*$(sed -n "${line}s/ = .*//p" "$LAB/wrong.toml")" "$LAB/err" ||
        fail "$change: file, line and key are not named: $(cat "$LAB/err")"
done

sed -n '/^```toml$/,/^```$/p' "$HAM_ROOT/README.md" | grep -v '^```' >"$LAB/readme.toml"
grep -q '^name = "ham:opaque:tv"' "$LAB/readme.toml" || fail "README.md places no name"
start tv a "$BIN/bsd-before" 239.9.9.9 1234 lan0 1
joined tv
HAM_CONFIG=$LAB/readme.toml on a "$BIN/send" ham:opaque:tv 'placed as README.md says' || fail "README.md's TOML is not taken"
heard tv 'placed as README.md says'
exit 0
