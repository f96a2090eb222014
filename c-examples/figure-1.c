/*
 * figure-1: the send/receive example of RFC 7046, section 1.2.1. One name, whatever the technology: the source sends by
 * IPv4 and by IPv6; a receiver with either hears it, and one with both (R2) hears it once.
 *
 *   figure-1 MESSAGE...    the source S
 *   figure-1               a receiver: prints the messages, one a line
 */
#include <ham.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP "ham:opaque:news@cnn.com"

static void die(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    static char message[65536];
    uint32_t *ifs;
    size_t num_ifs, i;
    int m, n;

    /* Initialize multicast socket */
    if (createMSocket(&m, 0, NULL) == -1)
        die("createMSocket");

    /* Associate all available Interfaces */
    if (getInterfaces(HAM_ALL_INTERFACES, &num_ifs, &ifs) == -1)
        die("getInterfaces");
    for (i = 0; i < num_ifs; i++)
        if (addInterface(m, ifs[i]) == -1)
            perror("addInterface"); /* the others will do */
    free(ifs);

    /* Subscribe to Multicast Group */
    if (join(m, GROUP) == -1)
        die(GROUP);
    fprintf(stderr, "figure-1: joined %s\n", GROUP);

    /* Send to Multicast Group */
    for (i = 1; i < (size_t)argc; i++)
        if (send(m, GROUP, strlen(argv[i]), argv[i]) == -1)
            die(GROUP);

    if (argc == 1) {
        while ((n = receive(m, GROUP, sizeof message, message)) >= 0) {
            printf("%.*s\n", n, message);
            fflush(stdout);
        }
        die("receive");
    }
    return deleteMSocket(m) == -1;
}
