/*
 * chat: everybody in a group reads what anybody types.
 *
 *   chat GROUP NAME
 *   chat ham:ip:239.1.2.3:5000 alice
 *
 * There is no server. What you type comes back to you too, as the group got it: loopback is on by default.
 */
#define _POSIX_C_SOURCE 200809L

#include <ham.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    struct pollfd fds[2];
    int s;

    if (argc != 3) {
        fprintf(stderr, "usage: chat GROUP NAME\n");
        return 2;
    }
    if (createMSocket(&s, 0, NULL) == -1)
        die("createMSocket");
    if (join(s, argv[1]) == -1)
        die(argv[1]);
    fprintf(stderr, "chat: in %s as %s\n", argv[1], argv[2]);
    setvbuf(stdin, NULL, _IONBF, 0); /* so that no line waits in stdio, where poll does not see it */

    /* The handle of a multicast socket is a descriptor like any other. What wakes poll may be a second copy of a message,
     * by another Interface: then receive has nothing, and is not to wait. */
    fcntl(s, F_SETFL, O_NONBLOCK);
    fds[0].fd = STDIN_FILENO;
    fds[1].fd = s;
    fds[0].events = fds[1].events = POLLIN;

    for (;;) {
        if (poll(fds, 2, -1) == -1) {
            if (errno == EINTR)
                continue;
            die("poll");
        }
        if (fds[1].revents) {
            char message[65536];
            int length = receive(s, NULL, sizeof message, message);

            if (length == -1 && errno != EAGAIN)
                die("receive");
            if (length >= 0) {
                printf("%.*s\n", length, message);
                fflush(stdout);
            }
        }
        if (fds[0].revents) {
            char line[1000], message[1100];

            if (fgets(line, sizeof line, stdin) == NULL)
                break;
            snprintf(message, sizeof message, "%.64s: %.*s", argv[2], (int)strcspn(line, "\n"), line);
            if (send(s, argv[1], strlen(message), message) == -1)
                perror("send"); /* the network may be back for the next line */
        }
    }
    return deleteMSocket(s) == -1;
}
