#!/bin/bash
# timeout: 120
# Technology overlay is a library of its own: opened when the configuration has an overlay, and only then; found beside libham,
# or by the loader; and when it is not there, or does not fit, createMSocket says so.
. "$HAM_ROOT/capi-tests/overlay/overlay.bash"
build_node
O_TOML='[overlay.o]\nlisten = ["tcp/127.0.0.1:7447"]'
opened() { sed -n 's|.* \(/.*libham-overlay\.so.*\)|\1|p' "/proc/$(process "$1")/maps" | sort -u; }

node none "" "" lo
must none join ham:ip:239.1.2.3:5000
[ -z "$(opened none)" ] || fail "opened without an overlay: $(opened none)"
stop none
node beside "" "$O_TOML" lo
[ "$(opened beside)" = "$(realpath "$HAM_BUILD/libham-overlay.so.1")" ] || fail "not opened beside libhamx: $(opened beside)"
stop beside

# copy FOLDER: libhamx alone there. A program takes it from there, and finds the technology where LD_LIBRARY_PATH says besides.
copy() { mkdir -p "$1" && cp "$HAM_BUILD/libhamx.so.1" "$1/"; }
copy alone
mkdir elsewhere
cp "$HAM_BUILD/libham-overlay.so.1" elsewhere/
export LD_LIBRARY_PATH=$PWD/alone:$PWD/elsewhere
node loader "" "$O_TOML"
must loader join ham:opaque:x
must loader send ham:opaque:x "by the loader"
hears loader "by the loader"
[ "$(opened loader)" = "$PWD/elsewhere/libham-overlay.so.1" ] || fail "not opened where the loader looks: $(opened loader)"
stop loader

# refused WHERE STRERROR TEXT...: createMSocket fails so, and says all of this.
refused() {
    local where=$1 strerror=$2 text
    shift 2
    printf '%b\n' "$O_TOML" >o.toml
    if LD_LIBRARY_PATH=$PWD/$where HAM_LOG=error HAM_CONFIG=o.toml ./ham lo </dev/null >refused.out 2>refused.err; then
        fail "$where: createMSocket succeeds"
    fi
    grep -q "^error 0 $strerror: " refused.out || { cat refused.out; fail "$where: the errno is not \"$strerror\""; }
    for text in "o.toml: line 1: overlay o: " "$@"; do
        grep -qF -- "$text" refused.out || { cat refused.out; fail "$where: ham_last_error does not say \"$text\""; }
        grep "^ham: error: " refused.err | grep -qF -- "$text" || { cat refused.err; fail "$where: the log does not say \"$text\""; }
    done
}
refused alone "Can not access a needed shared library" "not in $PWD/alone" libham-overlay.so.1 "make overlay"

# other FOLDER C: a library of this source in the place of the technology.
other() {
    copy "$1"
    echo "$2" | $CC -shared -fPIC -x c - -o "$1/libham-overlay.so.1" || fail "no library can be made"
}
other number '#include <stdint.h>
    static const struct { uint32_t size, abi; } table = { 4096, 77 };
    const void *ham_technology(void) { return &table; }'
refused number "Accessing a corrupted shared library" "$PWD/number/libham-overlay.so.1" "carrier ABI 77" "this libham has 1"
other small '#include <stdint.h>
    static const struct { uint32_t size, abi; } table = { 8, 1 };
    const void *ham_technology(void) { return &table; }'
refused small "Accessing a corrupted shared library" "$PWD/small/libham-overlay.so.1"
other nothing 'int unrelated;'
refused nothing "Accessing a corrupted shared library" "$PWD/nothing/libham-overlay.so.1" "no technology"
copy rubbish
echo rubbish >rubbish/libham-overlay.so.1
refused rubbish "Accessing a corrupted shared library" "$PWD/rubbish/libham-overlay.so.1"
