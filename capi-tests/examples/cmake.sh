#!/bin/bash
# README.md's first program, its CMake lines, its pkg-config line and its static line, and c-examples/Makefile, against a fresh
# installation.
# alone: yes
# timeout: 240
. "$(dirname "$0")/../../testbed/lab.bash"
command -v cmake >/dev/null || skip "no cmake"
command -v python3 >/dev/null || skip "no python3"
prefix=$PWD/prefix
make -s -C "$HAM_ROOT" install BUILD="$HAM_BUILD" PREFIX="$prefix" >log 2>&1 || fail "make install: $(tail -n 20 log)"

mkdir page project
python3 "$HAM_ROOT/capi-tests/examples/snippets.py" "$HAM_ROOT/README.md" page >list || fail "README.md cannot be read"
cp "$(awk '$1 == "c" && $2 == "run" { print $3; exit }' list)" project/hello.c
{
    echo 'cmake_minimum_required(VERSION 3.13)'
    echo 'project(hello C)'
    echo 'add_executable(hello hello.c)'
    cat "$(awk '$1 == "cmake" { print $3; exit }' list)"
} >project/CMakeLists.txt
cmake -S project -B out -DCMAKE_PREFIX_PATH="$prefix" >log 2>&1 && cmake --build out >>log 2>&1 || fail "cmake: $(tail -n 20 log)"

pc=$prefix/lib/pkgconfig
command_line() { sed -n "s/^    cc -o hello hello.c \(.*$1.*\)/\1/p" "$HAM_ROOT/README.md"; }
(cd project && PKG_CONFIG_PATH=$pc eval "cc -o hello hello.c $(command_line pkg-config) -Wl,-rpath,$(dirname "$pc")") || fail "pkg-config"
(cd project && eval "cc -o static hello.c -I$prefix/include -L$prefix/lib $(command_line :libham.a)") || fail "static"
PKG_CONFIG_PATH=$pc make -s -C "$HAM_ROOT/c-examples" OUT="$PWD/examples" >log 2>&1 || fail "c-examples with pkg-config: $(cat log)"

# CMake gives the build tree an rpath; both must find the installed library.
for program in out/hello project/hello; do
    ldd $program | grep -q "libham.so.1 => $prefix" || fail "$program is not linked with the installed library: $(ldd $program)"
done
ldd project/static | grep -q libham && fail "the static program wants libham.so"

how=-Urn
[ "$(id -u)" != 0 ] || how=-n
for program in out/hello project/hello project/static; do
    said=$(unshare $how sh -c "ip link set lo up; timeout 10 $program" 2>&1)
    [ "$said" = 'hello, group' ] || fail "$program says '$said'"
done
exit 0
