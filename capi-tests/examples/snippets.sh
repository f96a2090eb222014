#!/bin/bash
# Every piece of code in README.md and docs/: C and C++ compile without a warning in gcc and clang, C in both orders of
# ham.h and <sys/socket.h>; what is marked `run` runs and prints what the page says; CMake's lines configure a project.
. "$(dirname "$0")/../../testbed/lab.bash"
command -v python3 >/dev/null || skip "no python3"
enter_lab
open_lab
host a 1
hosts_ready

flags=(-Wall -Wextra -pedantic -Werror -Wno-unused-variable -I"$HAM_ROOT/include" -L"$HAM_BUILD" "-Wl,-rpath,$HAM_BUILD"
    -Wl,--no-as-needed)
compilers=0
count=0

compile() { # LANGUAGE FILE LIBRARY
    local cc ccs="gcc clang" std=-std=c99
    [ "$1" = c ] || { ccs="g++ clang++" std=-std=c++11; }
    grep -q _GNU_SOURCE "$2" && std=${std/=c/=gnu}
    for cc in $ccs; do
        command -v $cc >/dev/null || continue
        compilers=$((compilers + 1))
        $cc $std "${flags[@]}" -o "$2.out" "$2" $3 || fail "$cc does not compile $2: $(cat "$2")"
    done
}

for page in "$HAM_ROOT"/README.md "$HAM_ROOT"/docs/*.md; do
    python3 "$HAM_ROOT/capi-tests/examples/snippets.py" "$page" "$LAB" >"$LAB/list" || fail "$page cannot be read"
    while read -r language mark file argument; do
        count=$((count + 1))
        case $language in
        c | cpp)
            library=-lham
            [ "$mark" != link ] || library=-l$argument
            [ "$mark" != bsd ] || library=
            compile $language "$file" $library
            program=("$file.out")
            ;;
        python) program=(env "LD_LIBRARY_PATH=$HAM_BUILD" python3 "$file") ;;
        cmake | toml | vector | mermaid) continue ;; # cmake.sh, config.sh, wire-vectors.py, tests/layers.rs
        *) fail "$page has a block of a language that nobody tests: $language" ;;
        esac
        [ "$mark" = run ] || continue
        output=$(on a "${program[@]}" 2>&1) || fail "$file: $output"
        [ "$output" = "$argument" ] || fail "$file should print '$argument', it prints '$output'"
    done <"$LAB/list"
done
[ $count -ge 20 ] || fail "only $count pieces of code were found"
[ $compilers -ge $count ] || fail "no compiler"
exit 0
