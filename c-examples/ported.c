/*
 * ported: bsd-before.c on RFC 7046's calls.
 *
 *   ported GROUP INTERFACE COUNT [MESSAGE]
 *   ported ham:ip:239.1.2.3:5000 eth0 10 hello
 *
 * Address family, port, binding, scopes and socket options have gone; the Group Name says it all.
 */
#include <ham.h>

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    static char message[65536];
    uint32_t interface;
    int s, count;

    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: ported GROUP INTERFACE COUNT [MESSAGE]\n");
        return 2;
    }
    if ((interface = if_nametoindex(argv[2])) == 0)
        die(argv[2]);
    count = atoi(argv[3]);

    if (createMSocket(&s, 1, &interface) == -1)
        die("createMSocket");
    if (join(s, argv[1]) == -1)
        die(argv[1]);
    fprintf(stderr, "ported: joined %s\n", argv[1]);

    if (argc > 4 && send(s, argv[1], strlen(argv[4]), argv[4]) == -1)
        die("send");

    for (; count > 0; count--) {
        int length = receive(s, NULL, sizeof message, message);

        if (length == -1)
            die("receive");
        printf("%.*s\n", length, message);
        fflush(stdout);
    }
    return deleteMSocket(s) == -1;
}
