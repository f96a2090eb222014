/*
 * send: sends messages to a group.
 *
 *   send [-i INTERFACE]... [-t TTL] GROUP [MESSAGE...]
 *   send ham:ip:239.1.2.3:5000 hello "hello again"
 *
 * Without a MESSAGE every line of the standard input is one.
 */
#define _POSIX_C_SOURCE 200809L

#include <ham.h>

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_IFS 16

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void usage(void)
{
    fprintf(stderr, "usage: send [-i INTERFACE]... [-t TTL] GROUP [MESSAGE...]\n");
    exit(2);
}

int main(int argc, char **argv)
{
    uint32_t ifs[MAX_IFS];
    size_t num_ifs = 0;
    int option, ttl = -1, s;
    const char *group;

    while ((option = getopt(argc, argv, "i:t:")) != -1) {
        if (option == 'i' && num_ifs < MAX_IFS) {
            ifs[num_ifs] = if_nametoindex(optarg); /* an Interface of IP is the kernel's index */
            if (ifs[num_ifs++] == 0)
                die(optarg);
        } else if (option == 't' && (ttl = atoi(optarg)) >= 0 && ttl <= 255) {
            continue;
        } else {
            usage();
        }
    }
    if (optind >= argc)
        usage();
    group = argv[optind++];

    /* No Interfaces named: the library takes the default ones. */
    if (createMSocket(&s, num_ifs, num_ifs ? ifs : NULL) == -1)
        die("createMSocket");

    /* 1, this network only, unless configured; 0 and NULL: on every Interface of the socket. */
    if (ttl >= 0 && setTTL(s, (uint8_t)ttl, 0, NULL) == -1)
        die("setTTL");

    if (optind < argc) {
        for (; optind < argc; optind++)
            if (send(s, group, strlen(argv[optind]), argv[optind]) == -1)
                die(group);
    } else {
        char line[65536];

        while (fgets(line, sizeof line, stdin) != NULL)
            if (send(s, group, strcspn(line, "\n"), line) == -1)
                die(group);
    }
    return deleteMSocket(s) == -1;
}
