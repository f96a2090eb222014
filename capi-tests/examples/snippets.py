"""Takes the code out of a Markdown page: snippets.py PAGE DIRECTORY writes one file for each block, and prints a line
LANGUAGE MARK FILE ARGUMENT for each. The mark is what an HTML comment right before the block says: `run: output`,
`link: hamx`, `includes: bsd-first`, `bsd`; `-` when there is none."""

import re
import sys
import textwrap

STANDARD = """#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
"""
BSD = """#include <sys/types.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>
"""
NAMES = """
int s, n, fd, fd6, tcp;
unsigned ifindex;
uint32_t iface;
size_t len;
char buf[65507];
struct addrinfo *group, *source;
"""


def program(code, header, bsd_first):
    """A block that is no program by itself becomes a function of one."""
    if re.search(r"\bint main\(", code):
        return code
    header = f"#include <{header}>\n" if header else ""
    body = textwrap.indent(code, "    ")
    includes = BSD + header if bsd_first else header + BSD
    return (f"#define _GNU_SOURCE\n{includes}{STANDARD}{NAMES}\nint fragment(void);\nint fragment(void)\n{{\n{body}"
            "    return 0;\n}\nint main(void) { return fragment(); }\n")


def main(page, directory):
    text = open(page, encoding="utf-8").read()
    stem = re.sub(r"\W", "-", page.rsplit("/", 1)[-1])
    block = re.compile(r"(?:^<!-- ([a-z]+)(?:: (.*?))? -->\n)?^```(\w+)\n(.*?)^```$", re.M | re.S)
    for match in block.finditer(text):
        mark, argument, language, code = match.groups("")
        line = text.count("\n", 0, match.start(4)) + 1
        variants = [("", code)]
        if language == "c":
            header = {"bsd": "", "link": "hamx.h"}.get(mark, "ham.h")
            orders = {"bsd": [True], "includes": [True]}.get(mark, [True, False])
            if "int main(" in code:
                orders = [True]
            variants = [(f"-{int(order)}", program(code, header, order)) for order in orders]
        for suffix, content in variants:
            path = f"{directory}/{stem}-line{line}{suffix}.{language}"
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
            print(language, mark or "-", path, argument)


main(sys.argv[1], sys.argv[2])
