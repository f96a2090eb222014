/* The plain BSD peer of the network tests.
 *
 *   bsd receive GROUP PORT INTERFACE [SOURCE]          prints "ready", then "heard TEXT" for each message, until it is ended
 *   bsd count GROUP PORT INTERFACE [SOURCE]            the same, but only counts: "count MESSAGES BYTES" two seconds after the last
 *   bsd send GROUP PORT INTERFACE TTL TEXT [SOURCE]    one message
 *   bsd burst GROUP PORT INTERFACE COUNT SIZE          many
 */
#include "bsd.h"

int main(int argc, char **argv)
{
    static char message[65536];
    const char *what = argc > 4 ? argv[1] : "";
    int port = argc > 4 ? atoi(argv[3]) : 0, fd;
    unsigned long heard = 0, bytes = 0;
    ssize_t n;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(what, "send") == 0 && argc > 6) {
        fd = bsd_sender(argv[2], argv[4], argc > 7 ? argv[7] : NULL, atoi(argv[5]));
        bsd_send(fd, argv[2], port, argv[6], strlen(argv[6]));
        return 0;
    }
    if (strcmp(what, "burst") == 0 && argc > 6) {
        fd = bsd_sender(argv[2], argv[4], NULL, 1);
        for (int i = 0; i < atoi(argv[5]); i++) {
            bsd_send(fd, argv[2], port, message, (size_t)atoi(argv[6]));
            usleep(200);
        }
        return 0;
    }
    if (strcmp(what, "receive") == 0 || strcmp(what, "count") == 0) {
        struct timeval forever = {0, 0}, two = {2, 0};
        int large = 4000000;

        fd = bsd_receiver(argv[2], port, argv[4], argc > 5 ? argv[5] : NULL);
        bsd_must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, what[0] == 'r' ? &forever : &two, sizeof two) == 0, "SO_RCVTIMEO");
        bsd_must(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof large) == 0, "SO_RCVBUF");
        printf("ready\n");
        while ((n = recv(fd, message, sizeof message, 0)) >= 0 || (errno == EAGAIN && heard == 0)) {
            if (n < 0)
                continue;
            heard++;
            bytes += (unsigned long)n;
            if (what[0] == 'r')
                printf("heard %.*s\n", (int)n, message);
        }
        printf("count %lu %lu\n", heard, bytes);
        return 0;
    }
    fprintf(stderr, "bsd: wrong arguments\n");
    return 2;
}
