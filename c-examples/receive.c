/*
 * receive: prints the messages of one or more groups, one a line.
 *
 *   receive [-i INTERFACE]... [-n COUNT] GROUP...
 *   receive ham:ip:239.1.2.3:5000 "ham:ip:[ff15::1234]:5000"
 *
 * Ends after COUNT messages (never, when it is not given).
 */
#define _POSIX_C_SOURCE 200809L

#include <ham.h>

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_IFS 16

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void usage(void)
{
    fprintf(stderr, "usage: receive [-i INTERFACE]... [-n COUNT] GROUP...\n");
    exit(2);
}

int main(int argc, char **argv)
{
    static char message[65536]; /* any message fits: getMaxMsgSize() is 65507 */
    uint32_t ifs[MAX_IFS];
    size_t num_ifs = 0;
    long count = -1;
    int option, s, length;

    while ((option = getopt(argc, argv, "i:n:")) != -1) {
        if (option == 'i' && num_ifs < MAX_IFS) {
            ifs[num_ifs] = if_nametoindex(optarg);
            if (ifs[num_ifs++] == 0)
                die(optarg);
        } else if (option == 'n' && (count = atol(optarg)) > 0) {
            continue;
        } else {
            usage();
        }
    }
    if (optind >= argc)
        usage();

    if (createMSocket(&s, num_ifs, num_ifs ? ifs : NULL) == -1)
        die("createMSocket");

    /* One multicast socket carries as many groups as you like. */
    for (; optind < argc; optind++) {
        if (join(s, argv[optind]) == -1)
            die(argv[optind]);
        fprintf(stderr, "receive: joined %s\n", argv[optind]);
    }

    /* NULL: the next message of any joined group. A Group Name instead would wait for that group's only. */
    while (count != 0 && (length = receive(s, NULL, sizeof message, message)) >= 0) {
        printf("%.*s\n", length, message);
        fflush(stdout);
        if (count > 0)
            count--;
    }
    if (count != 0)
        die("receive");

    return deleteMSocket(s) == -1; /* leaves the groups */
}
