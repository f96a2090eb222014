/*
 * appendix-b: the use case of RFC 7046, Appendix B. One multicast socket in three groups of three kinds: an IPv4 and an
 * IPv6 group, to which any program may send, and a name that the library maps to both.
 *
 *   appendix-b [COUNT]
 *
 * Prints the messages with their group, one a line; ends after COUNT of them.
 */
#define _POSIX_C_SOURCE 200809L

#include <ham.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    static const char *const groups[] = {
        "ham:ip:224.1.2.3:5000",
        "ham:ip:[ff02:0:0:0:0:0:0:3]:6000",
        "ham:sip:news@cnn.com",
    };
    static char message[65536];
    long count = argc > 1 ? atol(argv[1]) : -1;
    struct pollfd readable;
    int m, i, n;

    /* Initialize multicast socket; the middleware selects the Interfaces */
    if (createMSocket(&m, 0, NULL) == -1)
        die("createMSocket");
    for (i = 0; i < 3; i++) {
        if (join(m, groups[i]) == -1)
            die(groups[i]);
        fprintf(stderr, "appendix-b: joined %s\n", groups[i]);
    }

    /* What receive takes by name is known to be of that group. */
    if (fcntl(m, F_SETFL, O_NONBLOCK) == -1)
        die("fcntl");
    readable.fd = m;
    readable.events = POLLIN;
    while (count != 0 && poll(&readable, 1, -1) != -1) {
        for (i = 0; i < 3; i++) {
            while (count != 0 && (n = receive(m, groups[i], sizeof message, message)) >= 0) {
                printf("%s: %.*s\n", groups[i], n, message);
                fflush(stdout);
                if (count > 0)
                    count--;
            }
            if (count != 0 && errno != EAGAIN)
                die("receive");
        }
    }
    return deleteMSocket(m) == -1;
}
