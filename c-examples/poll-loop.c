/*
 * poll-loop: a group in an ordinary poll loop, beside TCP sockets.
 *
 *   poll-loop GROUP TCP-PORT
 *   poll-loop ham:ip:239.1.2.3:5000 8000        and then: nc localhost 8000
 *
 * Every message of the group goes to every TCP client; what a client sends goes to the group.
 *
 * `send` is the name of two functions here. With <sys/socket.h> before <ham.h> the fourth argument tells them apart:
 * flags, an int, for BSD's; the message, a pointer, for RFC 7046's.
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <ham.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_CLIENTS 32
#define FIRST_CLIENT 2 /* in the poll list, after the multicast socket and the listening one */

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int listen_on(int port)
{
    struct sockaddr_in address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)port);
    if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) == -1 || listen(fd, 16) == -1)
        die("TCP-PORT");
    return fd;
}

/* Takes every message that waits, until EAGAIN: one poll for many messages. */
static void from_group(int s, const struct pollfd *clients, int num_clients)
{
    static char message[65537];
    int i, length;

    while ((length = receive(s, NULL, sizeof message - 1, message)) >= 0) {
        message[length] = '\n';
        for (i = 0; i < num_clients; i++)
            if (send(clients[i].fd, message, (size_t)length + 1, MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
                perror("a TCP client"); /* it is slow or gone; poll says which */
    }
    if (errno != EAGAIN && errno != EINTR)
        die("receive");
}

/* False when the client has gone. */
static int from_client(int s, const char *group, int client)
{
    char bytes[2048];
    ssize_t length = recv(client, bytes, sizeof bytes, 0);

    if (length <= 0)
        return 0;
    while (length > 0 && bytes[length - 1] == '\n')
        length--;
    if (send(s, group, (size_t)length, bytes) == -1)
        perror(group);
    return 1;
}

int main(int argc, char **argv)
{
    struct pollfd fds[FIRST_CLIENT + MAX_CLIENTS];
    int s, i, num_fds = FIRST_CLIENT;

    if (argc != 3) {
        fprintf(stderr, "usage: poll-loop GROUP TCP-PORT\n");
        return 2;
    }
    if (createMSocket(&s, 0, NULL) == -1)
        die("createMSocket");
    if (join(s, argv[1]) == -1)
        die(argv[1]);
    if (fcntl(s, F_SETFL, O_NONBLOCK) == -1)
        die("fcntl");

    fds[0].fd = s;
    fds[1].fd = listen_on(atoi(argv[2]));
    fds[0].events = fds[1].events = POLLIN;
    fprintf(stderr, "poll-loop: in %s, and on TCP port %s\n", argv[1], argv[2]);

    for (;;) {
        if (poll(fds, (nfds_t)num_fds, -1) == -1 && errno != EINTR)
            die("poll");
        if (fds[0].revents)
            from_group(s, fds + FIRST_CLIENT, num_fds - FIRST_CLIENT);
        for (i = num_fds - 1; i >= FIRST_CLIENT; i--)
            if (fds[i].revents && !from_client(s, argv[1], fds[i].fd)) {
                close(fds[i].fd);
                fds[i] = fds[--num_fds];
            }
        if (fds[1].revents) {
            int client = accept(fds[1].fd, NULL, NULL);

            if (client != -1 && num_fds == FIRST_CLIENT + MAX_CLIENTS) {
                close(client);
            } else if (client != -1) {
                fds[num_fds].fd = client;
                fds[num_fds].revents = 0;
                fds[num_fds++].events = POLLIN;
            }
        }
    }
}
