#!/bin/bash
# timeout: 240
# `make install` to a DESTDIR and to a plain PREFIX: programs find libham by pkg-config (shared and static) and by CMake, the
# manual pages are clean, and `make uninstall` leaves nothing.
set -u
: "${HAM_ROOT:?}" "${HAM_BUILD:?}"
status=0
wrong() { echo "wrong: $*"; status=1; }
make_() { make --no-print-directory -C "$HAM_ROOT" BUILD="$HAM_BUILD" "$@" >log 2>&1 || { wrong "make $*"; cat log; exit 1; }; }
leftovers() { find "$1" ! -type d 2>/dev/null; }
here=$PWD
unset PKG_CONFIG_PATH PKG_CONFIG_LIBDIR CPATH LIBRARY_PATH LD_LIBRARY_PATH MAKEFLAGS MAKELEVEL DESTDIR PREFIX

cat >program.c <<'C'
#include <stdio.h>
#include <ham.h>
int main(void) {
    size_t n;
    uint32_t *ifs;
    int s = -1;
    if (send(s, "ham:ip:224.1.2.3:5000", 2, "x") != -1 || getMaxMsgSize() != 65507)
        return 1;
    if (getInterfaces(HAM_ALL_INTERFACES, &n, &ifs) != 0)
        return 2;
    puts("works");
    return 0;
}
C
sed 's/ham\.h/hamx.h/; s/send(/ham_&/; s/getMaxMsgSize/ham_&/; s/getInterfaces/ham_&/' program.c >programx.c
# runs NAME PROGRAM: it must print "works", and need LIBRARY when one is named.
runs() {
    local got
    got=$(LD_LIBRARY_PATH=${3:-} "./$2" 2>&1)
    [ "$got" = works ] && echo "works: $1" || wrong "$1: $got"
}

# --- A DESTDIR, as for a package.
make_ install DESTDIR="$here/dest" PREFIX=/opt/ham
prefix=$here/dest/opt/ham
[ -z "$(find "$here/dest" -mindepth 1 -maxdepth 1 ! -name opt)" ] || wrong "files beside PREFIX"
for file in lib/libham.so lib/libham.so.1 lib/libham.a lib/libhamx.so lib/libhamx.so.1 lib/libhamx.a include/ham.h \
    include/hamx.h lib/pkgconfig/ham.pc lib/pkgconfig/hamx.pc lib/cmake/Ham/HamConfig.cmake \
    lib/cmake/Ham/HamConfigVersion.cmake; do
    [ -s "$prefix/$file" ] || wrong "$file is not installed"
done
if [ -e "$HAM_BUILD/libham-overlay.so.1" ]; then
    [ -s "$prefix/lib/libham-overlay.so.1" ] || wrong "the overlay is not installed"
fi
[ "$(readlink "$prefix/lib/libham.so")" = libham.so.1 ] || wrong "libham.so is no link to libham.so.1"
pages=$(find "$prefix/share/man/man3" -name '*.3' | wc -l)
[ "$pages" = 29 ] || wrong "$pages manual pages instead of 29"
grep -rqF "$here" "$prefix/lib/pkgconfig" "$prefix/lib/cmake" && wrong "DESTDIR is written into a file"
if command -v mandoc >/dev/null; then
    mandoc -Tlint -W warning "$prefix"/share/man/man3/*.3 "$prefix"/share/man/man7/*.7 || wrong "the manual pages have warnings"
fi
# Every page has what its function takes, and what it says when it fails.
for page in "$prefix"/share/man/man3/*.3; do
    name=$(basename "$page" .3)
    grep -q "^\.SH STANDARDS" "$page" && grep -q "^\.SH RETURN VALUE" "$page" || wrong "$name.3 lacks a section"
    grep -q "^\\\\fB.*$name(void);" "$page" || grep -q "^\.SH PARAMETERS" "$page" || wrong "$name.3 says nothing of its parameters"
done

pc() { PKG_CONFIG_SYSROOT_DIR=$here/dest PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config "$@"; }
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$HAM_ROOT/Cargo.toml" | head -n 1)
if command -v pkg-config >/dev/null; then
    [ "$(pc --modversion ham)" = "$version" ] || wrong "the version of ham.pc"
    # shellcheck disable=SC2046
    {
        cc -O2 program.c -o by-pc $(pc --cflags --libs ham) || wrong "pkg-config ham"
        runs pkg-config by-pc "$prefix/lib"
        cc -O2 -flto -Wl,--as-needed program.c -o by-pc-lto $(pc --cflags --libs ham) || wrong "pkg-config ham with -flto"
        readelf -dW by-pc-lto | grep -q 'NEEDED.*libham.so.1' || wrong "with -flto the program does not need libham"
        runs "pkg-config with -flto" by-pc-lto "$prefix/lib"
        cc programx.c -o by-pc-x $(pc --cflags --libs hamx) || wrong "pkg-config hamx"
        runs "pkg-config hamx" by-pc-x "$prefix/lib"
        # gcc's -static is for all libraries; this is the usual way to have one of them static.
        cc program.c -o by-pc-static $(pc --cflags ham) -Wl,-Bstatic $(pc --libs-only-L --libs-only-l ham) -Wl,-Bdynamic \
            $(pc --static --libs-only-l ham | sed 's/-lham//') || wrong "static by pkg-config"
        runs "pkg-config, static" by-pc-static
        cc -static program.c -o all-static $(pc --cflags ham) "$prefix/lib/libham.a" -lgcc_eh -lm 2>log || { wrong "all static"; cat log; }
        runs "gcc -static" all-static
    }
fi

# --- A PREFIX, and CMake.
make_ install PREFIX="$here/prefix" INCLUDEDIR="$here/prefix/include/of-ham"
mkdir project
cp program.c programx.c project/
cat >project/CMakeLists.txt <<'C'
cmake_minimum_required(VERSION 3.13)
project(program C)
find_package(Ham 1.0 REQUIRED)
add_executable(program program.c)
target_link_libraries(program PRIVATE Ham::ham)
add_executable(program-static program.c)
target_link_libraries(program-static PRIVATE Ham::ham-static)
add_executable(programx programx.c)
target_link_libraries(programx PRIVATE Ham::hamx)
C
if command -v cmake >/dev/null; then
    if cmake -S project -B cmake-build -DCMAKE_PREFIX_PATH="$here/prefix" -DCMAKE_EXE_LINKER_FLAGS=-Wl,--as-needed >log 2>&1 &&
        cmake --build cmake-build >>log 2>&1; then
        for program in program program-static programx; do
            runs "CMake: $program" "cmake-build/$program"
        done
        readelf -dW cmake-build/program | grep -q 'NEEDED.*libham.so.1' || wrong "by CMake the program does not need libham"
        readelf -dW cmake-build/program-static | grep -q libham && wrong "the static program needs libham.so"
    else
        wrong "CMake"
        cat log
    fi
    sed 's/Ham 1.0/Ham 2.0/' project/CMakeLists.txt >project2.txt && mkdir project2 && mv project2.txt project2/CMakeLists.txt
    cp program.c programx.c project2/
    cmake -S project2 -B cmake-build2 -DCMAKE_PREFIX_PATH="$here/prefix" >log 2>&1 && wrong "CMake takes 1.0 for 2.0"
fi

# --- Away again.
touch "$here/prefix/lib/of-somebody-else"
make_ uninstall PREFIX="$here/prefix" INCLUDEDIR="$here/prefix/include/of-ham"
[ "$(leftovers "$here/prefix")" = "$here/prefix/lib/of-somebody-else" ] || wrong "uninstall leaves $(leftovers "$here/prefix")"
make_ uninstall DESTDIR="$here/dest" PREFIX=/opt/ham
[ -z "$(leftovers "$here/dest")" ] || wrong "uninstall leaves $(leftovers "$here/dest")"
exit $status
