#!/bin/bash
# The tests with threads, with the thread sanitizer in the program and in libham itself. That needs a nightly Rust with its source,
# for the standard library has to be built with it, too: a sanitizer that does not see libham's atomic operations would only invent
# races, so there is no half of this test.
# timeout: 400
# network: host
. "$HAM_ROOT/testbed/lib.sh"
needs clang
command -v rustup >/dev/null || skip "no rustup, so no nightly Rust"
nightly=$(rustc +nightly --print sysroot 2>/dev/null) || skip "no nightly Rust"
[ -e "$nightly/lib/rustlib/src/rust/library/std/src/lib.rs" ] ||
    skip "nightly Rust has no rust-src (rustup component add rust-src --toolchain nightly)"
target=$(rustc +nightly -vV | sed -n 's/^host: //p')
# Rust's own copy of the sanitizer's library; clang's may be too old for what the nightly compiler emits.
runtime=$nightly/lib/rustlib/$target/lib/librustc-nightly_rt.tsan.a
[ -e "$runtime" ] || skip "the nightly Rust has no thread sanitizer for $target"
cd "$HAM_ROOT" || exit 1
RUSTFLAGS="-Zsanitizer=thread" cargo +nightly rustc -q -Zbuild-std --target $target --lib --crate-type staticlib --features hamx \
    --target-dir "$HAM_BUILD/thread-sanitizer" >"$OLDPWD/cargo.log" 2>&1 || failed=yes
cd "$OLDPWD" || exit 1
if [ -n "${failed:-}" ]; then
    # Without a network the standard library's own dependencies cannot be had.
    ! grep -qiE "failed to (download|fetch|get)|could not resolve|network" cargo.log ||
        skip "the standard library cannot be built here: $(grep -iE 'failed to|could not resolve' cargo.log | head -n 1)"
    cat cargo.log
    fail "libham does not build with the thread sanitizer"
fi
archive=$HAM_BUILD/thread-sanitizer/$target/debug/libham.a

# The archive has the names of the RFC, but for send; the sanitizer has a send of its own.
sed -n 's/^#define \([a-zA-Z]*\) \(ham_[a-zA-Z]*\)$/\1 \2/p' "$HAM_TESTS/common/hamx-names.h" | grep -v '^send ' >names
objcopy --redefine-syms=names "$archive" libhamx.a || fail "objcopy"

export HAM_SLOW=10 TSAN_OPTIONS=exitcode=96
for test in api/{delete-wakes-receivers,threads,fork,readiness,receive-by-name,leave,interface-families} \
    frame/{names,bundle,readable,collisions}; do
    source=$HAM_TESTS/$test.c test=${test##*/}
    clang -DTEST_HAMX -fsanitize=thread -std=c11 -D_GNU_SOURCE -O1 -g -I"$HAM_ROOT/include" -I"$HAM_TESTS/common" \
        -c "$source" -o $test.o &&
        clang -pthread -rdynamic $test.o libhamx.a -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -ldl -lm -lrt -lgcc_s -o $test ||
        fail "$test does not compile"
    sandbox lo ./$test >$test.log 2>&1 || { echo "status $?"; head -n 80 $test.log; fail "$test with the thread sanitizer"; }
    echo "$test: clean"
done
