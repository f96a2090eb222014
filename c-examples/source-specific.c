/*
 * source-specific: receives a channel (S,G): what named sources send to a group, and nobody else.
 *
 *   source-specific [-n COUNT] GROUP-ADDRESS PORT SOURCE...
 *   source-specific 232.1.2.3 5000 10.0.0.1 10.0.0.2
 *   source-specific ff35::1234 5000 fd00::1
 *
 * Network and kernel do the filtering. A sender needs nothing special: send ham:ip:232.1.2.3:5000 hello
 */
#define _POSIX_C_SOURCE 200809L

#include <ham.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* The Group Name of a channel: ham:ip:GROUP@SOURCE:PORT. IPv6 addresses stand in brackets, as in every URI. */
static void channel_name(char *name, size_t size, const char *group, const char *source, const char *port)
{
    const char *form = strchr(group, ':') ? "ham:ip:[%s]@[%s]:%s" : "ham:ip:%s@%s:%s";

    snprintf(name, size, form, group, source, port);
}

int main(int argc, char **argv)
{
    static char message[65536];
    long count = -1;
    int option, s, i, length;

    while ((option = getopt(argc, argv, "n:")) != -1)
        if (option != 'n' || (count = atol(optarg)) <= 0)
            optind = argc;
    if (argc - optind < 3) {
        fprintf(stderr, "usage: source-specific [-n COUNT] GROUP-ADDRESS PORT SOURCE...\n");
        return 2;
    }
    if (createMSocket(&s, 0, NULL) == -1)
        die("createMSocket");

    /* Each source is a group of its own: join and leave them one by one. */
    for (i = optind + 2; i < argc; i++) {
        char name[HAM_URI_MAX];

        channel_name(name, sizeof name, argv[optind], argv[i], argv[optind + 1]);
        if (join(s, name) == -1)
            die(name);
        fprintf(stderr, "source-specific: joined %s\n", name);
    }

    while (count != 0 && (length = receive(s, NULL, sizeof message, message)) >= 0) {
        printf("%.*s\n", length, message);
        fflush(stdout);
        if (count > 0)
            count--;
    }
    if (count != 0)
        die("receive");
    return deleteMSocket(s) == -1;
}
