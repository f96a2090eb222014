#!/bin/bash
# Runs every test: capi-tests/run.sh, or those whose names contain PATTERN: capi-tests/run.sh PATTERN.
#
# A test is
#   * an executable capi-tests/{abi,api,net,frame,overlay,state,examples,sanitize}/NAME.sh or capi-tests/frame/NAME.py, or
#   * capi-tests/{api,frame,technology}/NAME.c, a program against libham;
# it passes with exit status 0, is skipped with 77 (its last line says why), and fails with any other. Lines at the top of
# the file, in comments, ask for things:
#   build: FLAGS       more compiler and linker flags (C only)
#   timeout: SECONDS   instead of 60, on a machine that has nothing else to do
#   network: lo | pair | host        see `sandbox` in testbed/lib.sh; the default is lo
#   root: yes          needs root itself, not only a user namespace
#   alone: yes         no other test runs beside it
# Every test runs in a sandbox and in a temporary folder of its own; HAM_ROOT, HAM_BUILD, HAM_TESTS and CC are given.
#
# Also: the style (formatting, clippy, rustdoc) and cargo's own tests. HAM_JOBS: tests side by side (2).
# HAM_NO_BUILD=1: without make. HAM_NO_DEPS=1: installs nothing. HAM_SLOW: how many times its time limit a test gets (3).

. "$(dirname "${BASH_SOURCE[0]}")/../testbed/lib.sh"
cd "$HAM_ROOT" || exit 1
pattern=${1:-}
jobs=${HAM_JOBS:-2}
export LC_ALL=C.UTF-8 HAM_LOG=${HAM_LOG:-off} PYTHONDONTWRITEBYTECODE=1 HAM_SLOW=${HAM_SLOW:-3}
unset HAM_CONFIG MAKEFLAGS MAKELEVEL MFLAGS

results=$(mktemp -d "${TMPDIR:-/tmp}/ham-tests.XXXXXX") || exit 1
trap 'rm -rf "$results"' EXIT
trap 'echo "interrupted"; kill $(jobs -p) 2>/dev/null; exit 130' INT TERM
: >"$results/passed" >"$results/failed" >"$results/skipped"

wanted() { [[ -z $pattern || $1 == *$pattern* ]]; }

# asks FILE KEY DEFAULT: what the top of a test says.
asks() {
    local value
    value=$(head -n 12 "$1" | sed -n "s/^[ /*#]*$2: *\([^*]*[^* ]\).*/\1/p" | head -n 1)
    echo "${value:-$3}"
}

# cause OUTPUT: the expectation that failed, in whatever words the test says it; else its last line.
cause() {
    local said
    said=$(grep -aE '^FAILED: |^[^ ]+\.[ch]:[0-9]+: |^stuck at line |^[A-Za-z]*(Error|Exception)\b' "$1" | tail -n 1)
    echo "${said:-$(tail -n 1 "$1")}" | cut -c 1-300
}

# report STATUS NAME SECONDS OUTPUT: one line, the end of the output of what failed and the cause last, and the count.
report() {
    local why cause
    case $1 in
        0) echo "passed   $2 ($3 s)"; echo "$2" >>"$results/passed" ;;
        77) why=$(tail -n 1 "$4"); echo "skipped  $2: ${why:-no reason given}"; echo "$2" >>"$results/skipped" ;;
        *)
            [ "$1" = 137 ] && why=", ended by its time limit" || why=", status $1"
            cause=$(cause "$4")
            echo "FAILED   $2 ($3 s$why)"
            tail -n "${HAM_TAIL:-40}" "$4" | sed 's/^/    | /'
            echo "    > $cause"
            echo "$2 ($3 s$why): $cause" >>"$results/failed" ;;
    esac
}

# check NAME COMMAND...: a check of the source as one test.
check() {
    local name=$1 begin=$SECONDS log=$results/${1//\//-}.log
    shift
    wanted "$name" || return 0
    "$@" >"$log" 2>&1 </dev/null
    report $? "$name" $((SECONDS - begin)) "$log"
}

# cargo_tests PACKAGES...: cargo's tests count one by one.
cargo_tests() {
    local begin=$SECONDS log=$results/cargo$2.log status
    wanted cargo || return 0
    cargo test "$@" --no-fail-fast >"$log" 2>&1 </dev/null
    status=$?
    sed -n 's/^test \(.*\) \.\.\. ok$/cargo: \1/p' "$log" >>"$results/passed"
    sed -n 's/^test \(.*\) \.\.\. FAILED$/cargo: \1/p' "$log" >>"$results/failed"
    sed -n 's/^test \(.*\) \.\.\. ignored.*$/cargo: \1/p' "$log" >>"$results/skipped"
    if [ $status = 0 ]; then
        echo "passed   cargo test $1 $2, $(grep -c '^test .* \.\.\. ok$' "$log") tests ($((SECONDS - begin)) s)"
    else
        # One that did not compile, or crashed, has no line of its own.
        grep -q '^cargo: ' "$results/failed" || echo "cargo test" >>"$results/failed"
        echo "FAILED   cargo test ($((SECONDS - begin)) s)"
        grep -vE ' \.\.\. ok$|^ +(Compiling|Downloaded|Downloading) ' "$log" | tail -n 120 | sed 's/^/    | /'
    fi
    grep '^cargo: ' "$results/skipped" | sed 's/^/skipped  /;s/$/: ignored/'
}

compile() {
    # shellcheck disable=SC2046
    $CC -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -pedantic -Werror -I"$HAM_ROOT/include" -I"$HAM_TESTS/common" \
        "$1" -o ./test -L"$HAM_BUILD" -Wl,-rpath,"$HAM_BUILD" -Wl,--no-as-needed -lham $(asks "$1" build "")
}

run_test() {
    local file=$1 name=${1#"$HAM_TESTS"/} begin=$SECONDS folder log status network limit
    folder=$(mktemp -d "$results/run.XXXXXX")
    log=$folder.log
    network=$(asks "$file" network lo)
    limit=$(($(asks "$file" timeout 60) * HAM_SLOW))
    if [ "$(asks "$file" root no)" = yes ] && [ "$(id -u)" != 0 ]; then
        echo "needs root" >"$log"
        status=77
    elif [ "$sandbox" = no ]; then
        echo "needs root or user namespaces" >"$log"
        status=77
    else
        cd "$folder" || return
        status=0
        case $file in
            *.c) compile "$file" >"$log" 2>&1 || status=1 && set -- ./test ;;
            *) set -- "$file" ;;
        esac
        if [ $status = 0 ]; then
            # The outer redirection takes what bash says of a killed job.
            { timeout -s KILL "$limit" bash -c '. "$1"; shift; sandbox "$@"' run "$HAM_ROOT/testbed/lib.sh" "$network" "$@" \
                >"$log" 2>&1 </dev/null; } 2>/dev/null
            status=$?
        fi
        cd "$HAM_ROOT" || return
    fi
    report "$status" "$name" $((SECONDS - begin)) "$log" >"$folder.line"
    cat "$folder.line"
    rm -rf "$folder" "$log"
}

echo "libham's tests, $(uname -sr), $(nproc) processors, $([ "$(id -u)" = 0 ] && echo root || echo "user $(id -un)")"
[ -n "${HAM_NO_DEPS:-}" ] || "$HAM_TESTS/deps.sh"
can_sandbox && sandbox=yes || sandbox=no

build_log=$results/build.log
if [ -z "${HAM_NO_BUILD:-}" ]; then
    echo "building libham (make), and checking the source beside it"
    make >"$build_log" 2>&1 </dev/null &
    build=$! build_begin=$SECONDS
fi
check style/fmt cargo fmt --all --check
check style/clippy cargo clippy --workspace --exclude ham-overlay --all-targets -- -D warnings
check style/rustdoc env RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --exclude ham-overlay --no-deps
cargo_tests --workspace --exclude ham-overlay
if [ -n "${build:-}" ]; then
    if wait "$build"; then
        ! wanted build || report 0 build/make $((SECONDS - build_begin)) "$build_log"
    else
        report 1 build/make $((SECONDS - build_begin)) "$build_log"
        echo "without libham the tests of the library cannot run"
        suites=none
    fi
fi
# Zenoh is compiled once, by make: its tests have the same profile, features and folder. What only looks at the source needs it
# once more as far as its types go; clippy and rustdoc share that. To link takes minutes of one processor, so others run beside it.
overlay_checks() {
    local overlay=(--package ham-overlay --release --target-dir "$HAM_BUILD/cargo")
    cargo_tests "${overlay[@]}" --lib
    check style/clippy-overlay cargo clippy "${overlay[@]}" --all-targets -- -D warnings
    check style/rustdoc-overlay env RUSTDOCFLAGS=-Dwarnings cargo doc "${overlay[@]}" --no-deps
}
overlay_checks >"$results/overlay.said" &
overlay=$!

if [ "${suites:-}" != none ]; then
    # The longest first.
    beside=() alone=()
    for file in "$HAM_TESTS"/{sanitize,abi,net,overlay,frame,state,examples,api}/*.sh "$HAM_TESTS"/{technology,frame,api}/*.c \
        "$HAM_TESTS"/frame/*.py; do
        [ -e "$file" ] && wanted "${file#"$HAM_TESTS"/}" || continue
        # Python without that bit is a module.
        [[ $file != *.py || -x $file ]] || continue
        [[ $file == *.c || -x $file ]] || { echo "note: $file is not executable and does not run"; continue; }
        if [ "$(asks "$file" alone no)" = yes ]; then alone+=("$file"); else beside+=("$file"); fi
    done
    echo "running $((${#beside[@]} + ${#alone[@]})) tests of the library, $jobs side by side"
    running=0
    for file in "${beside[@]}"; do
        while [ $running -ge "$jobs" ]; do
            wait -n -p ended
            [ "$ended" = "$overlay" ] || running=$((running - 1))
        done
        run_test "$file" &
        running=$((running + 1))
    done
    wait
    cat "$results/overlay.said"
    for file in "${alone[@]}"; do run_test "$file" & wait; done
else
    wait
    cat "$results/overlay.said"
fi

passed=$(wc -l <"$results/passed") failed=$(wc -l <"$results/failed") skipped=$(wc -l <"$results/skipped")
[ "$failed" = 0 ] || { echo "failed:"; sed 's/^/    /' "$results/failed"; }
echo "$SECONDS s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ $((passed + skipped)) -gt 0 ]
