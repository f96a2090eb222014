# Makes a manual page of section 3 from each function's comment in a header.
# awk -v out=DIRECTORY -v version=VERSION -v date=DATE -v header=ham.h -v library=ham -f man.awk include/ham.h

function escape(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    sub(/^[.']/, "\\\\\\&&", text)
    return text
}

# Backquotes and the names of functions and files become bold or references.
function inline(text,    done, word) {
    text = escape(text)
    done = ""
    while (match(text, /`[^`]*`|[A-Za-z_]+\(\)/)) {
        word = substr(text, RSTART, RLENGTH)
        if (word ~ /^`/)
            word = substr(word, 2, length(word) - 2)
        done = done substr(text, 1, RSTART - 1) "\\fB" word "\\fP"
        text = substr(text, RSTART + RLENGTH)
    }
    return done text
}

function paragraph(text) {
    print inline(text) > page
}

function flush_text(    term, rest) {
    if (text == "")
        return
    if (text ~ /^- /) {
        text = substr(text, 3)
        match(text, /: /)
        term = substr(text, 1, RSTART - 1)
        rest = substr(text, RSTART + 2)
        print ".TP" > page
        paragraph(term)
        paragraph(rest)
    } else {
        if (!first)
            print ".PP" > page
        paragraph(text)
    }
    first = 0
    text = ""
}

function section(title) {
    print ".SH " title > page
    first = 1
}

function write_page(name, prototype,    i, line, code) {
    page = out "/" name ".3"
    summary = lines[1]
    print ".\\\" Made from include/" header "; do not edit." > page
    print ".TH " name " 3 \"" date "\" \"lib" library " " version "\" \"RFC 7046\"" > page
    section("NAME")
    print name " \\- " tolower(substr(escape(summary), 1, 1)) substr(escape(summary), 2) > page
    section("LIBRARY")
    print "lib" library " (\\fBpkg\\-config \\-\\-cflags \\-\\-libs " library "\\fP)" > page
    section("SYNOPSIS")
    print ".nf" > page
    print "\\fB#include <" header ">\\fP" > page
    print ".PP" > page
    print "\\fB" escape(prototype) "\\fP" > page
    print ".fi" > page
    section("DESCRIPTION")
    text = ""
    code = 0
    described = 0
    for (i = 2; i <= count; i++) {
        line = lines[i]
        if (line ~ /^    /) {
            flush_text()
            if (!code) {
                print ".PP\n.in +4n\n.nf" > page
                code = 1
            }
            print escape(substr(line, 5)) > page
            continue
        }
        if (code) {
            print ".fi\n.in" > page
            code = 0
        }
        if (line ~ /^# /) {
            flush_text()
            if (!described && toupper(line) != "# DESCRIPTION") {
                if (first)
                    paragraph(summary ".")
                described = 1
            }
            if (line == "# Parameters") section("PARAMETERS")
            else if (line == "# Return value") section("RETURN VALUE")
            else if (line == "# Errors") section("ERRORS")
            else if (line == "# Threads") section("THREADS")
            else if (line == "# Standard") section("STANDARDS")
            else { print "man.awk: unknown heading: " line > "/dev/stderr"; exit 1 }
        } else if (line == "")
            flush_text()
        else if (line ~ /^- /) {
            flush_text()
            text = line
        } else {
            sub(/^ +/, "", line)
            text = text == "" ? line : text " " line
        }
    }
    flush_text()
    section("SEE ALSO")
    paragraph(header == "ham.h" ? related(name) : "`receive`(3), `getInterfaces`(3)")
    close(page)
}

# The functions that one is used with.
function related(name) {
    if (name == "send" ) return "`srcRegister`(3), `receive`(3), `getMaxMsgSize`(3), `send`(2)"
    if (name == "receive") return "`join`(3), `send`(3), `poll`(2)"
    if (name ~ /MSocket$/) return "`join`(3), `send`(3), `receive`(3), `deleteMSocket`(3), `getInterfaces`(3)"
    if (name ~ /^(join|leave)$/) return "`createMSocket`(3), `receive`(3), `leave`(3)"
    if (name ~ /^src/) return "`createMSocket`(3), `send`(3), `groupSet`(3)"
    if (name ~ /Interface/) return "`createMSocket`(3), `setTTL`(3), `if_nametoindex`(3)"
    if (name ~ /TTL$/) return "`createMSocket`(3), `getInterfaces`(3), `send`(3)"
    if (name ~ /Size$/) return "`send`(3), `getAtomicMsgSize`(3), `getMaxMsgSize`(3)"
    if (name ~ /Event/) return "`registerEventCallback`(3), `enableEvents`(3), `disableEvents`(3), `groupSet`(3)"
    return "`groupSet`(3), `neighborSet`(3), `childrenSet`(3), `parentSet`(3), `designatedHost`(3)"
}

/^\/\*\*$/ { comment = 1; count = 0; fresh = 1; next }
comment && /^ \*\/$/ { comment = 0; next }
comment { sub(/^ \* ?/, ""); lines[++count] = $0; next }

# The plain prototype of send stands behind the C++ one, which belongs to the same comment.
/^extern "C\+\+"/ { skip = 1 }
/^#elif/ { skip = 0 }
skip || /^(#|typedef|struct|\/\*)/ { if (/^(typedef|struct)/) fresh = 0; next }

fresh && /^(int|const char \*) ?[A-Za-z_]+\(/ { prototype = ""; open = 1 }
open {
    prototype = prototype (prototype == "" ? "" : "\n") $0
    if (/;$/) {
        open = 0
        fresh = 0
        name = prototype
        sub(/\(.*/, "", name)
        sub(/.*[ *]/, "", name)
        write_page(name, prototype)
    }
}
