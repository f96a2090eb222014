# Shared by the tests of group states and membership events.

. "$HAM_ROOT/testbed/lib.sh"

# build_state: the program ./ham, so that ham_start, tell and must of testbed/lib.sh drive it (see state.c).
build_state() {
    $CC -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -pedantic -Werror -I"$HAM_ROOT/include" \
        "$HAM_TESTS/state/state.c" -o ham -L"$HAM_BUILD" -Wl,-rpath,"$HAM_BUILD" -Wl,--no-as-needed -lham ||
        fail "the state peer does not compile"
}

# expect WHAT EXPECTED-LINES COMMAND...: the command says just these lines, in whatever order.
expect() {
    local what=$1 expected=$2 said
    shift 2
    said=$("$@" 2>&1 | sort)
    [ "$said" = "$(sort <<<"$expected" | sed '/^$/d')" ] || fail "$what
--- expected
$(sort <<<"$expected")
--- said
$said"
}

# expect_soon: the same, but it may take a while until the command says so: what one process hears, another one has not yet.
expect_soon() {
    local wanted
    wanted=$(sort <<<"$2" | sed '/^$/d')
    says_so() { [ "$("${@:3}" 2>&1 | sort)" = "$wanted" ]; }
    wait_until 20 says_so "$@"
    expect "$@"
}

# answer NAME COMMAND...: what the running peer NAME prints for a command.
answer() {
    local name=$1 before
    before=$(wc -l <"$name.out")
    tell "$@"
    tail -n "+$((before + 1))" "$name.out" | grep -v '^done \|^event '
}

# events NAME: the events that the peer has printed since forget NAME, without the kernel's own groups.
events() {
    tail -n "+$(($(cat "$1.seen" 2>/dev/null || echo 0) + 1))" "$1.out" | sed -n 's/^event //p' |
        grep -v ' ham:ip:224\.0\.0\.\| ham:ip:\[ff0[12]::\(1\|2\|6a\|16\|1:ff.*\)\]$'
}

forget() { wc -l <"$1.out" >"$1.seen"; }

# expect_events NAME WHAT LINES: the events become these, in this order, and stay so.
expect_events() {
    local same
    same() { [ "$(events "$1")" = "$2" ]; }
    if wait_until 20 same "$1" "$3"; then
        sleep 0.3
        same "$1" "$3" && return
    fi
    fail "$2
--- expected
$3
--- said
$(events "$1")"
}

# build_bsd: the plain program in C, ./bsd.
build_bsd() {
    $CC -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -pedantic -Werror "$HAM_TESTS/common/bsd.c" -o bsd ||
        fail "the BSD peer does not compile"
}

# bsd HOST receive GROUP PORT DEVICE [SOURCE]: a plain program listens there; wait until it does. Its id is in $bsd.
# $bsd_program: which one; that in Python, unless it is set.
bsd_program=(python3 "$HAM_TESTS/common/bsd.py")
bsd() {
    local host=$1
    shift
    : >bsd.out
    # shellcheck disable=SC2016
    on "$host" bash -c 'echo $$ >bsd.pid; exec "$@"' bsd "${bsd_program[@]}" "$@" >bsd.out 2>&1 &
    wait_until 20 said "ready" bsd.out || { cat bsd.out; fail "the plain program does not start"; }
    bsd=$(cat bsd.pid)
}
