/* The libham peer of the network tests: a multicast socket on the Interfaces that are its arguments (the default ones without),
 * which obeys commands from standard input and prints what it hears.
 *
 *   join NAME, leave NAME, register NAME, send NAME TEXT, burst NAME COUNT SIZE, ttl N, add INTERFACE, del INTERFACE,
 *   atomic, interfaces, quiet, count, quit
 *
 * It prints "ready", "heard TEXT" for a message, "error N ERRNO" when command number N failed, and "done N" after each.
 */
#include <ham.h>
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int s;
static bool quiet, over;
static unsigned long heard, bytes;

static int burst(const char *name, int count, size_t size)
{
    static char message[65507];
    int failed = 0;

    for (int i = 0; i < count; i++) {
        if (send(s, name, size, message) != 0)
            failed = -1;
        usleep(200);
    }
    return failed;
}

static int obey(char *line)
{
    char *word = strtok(line, " "), *name = strtok(NULL, " "), *rest = strtok(NULL, "");
    uint32_t *ifs;
    size_t n;

    if (word == NULL)
        return 0;
    if (strcmp(word, "join") == 0)
        return join(s, name);
    if (strcmp(word, "leave") == 0)
        return leave(s, name);
    if (strcmp(word, "register") == 0)
        return srcRegister(s, name, 0, NULL);
    if (strcmp(word, "send") == 0)
        return send(s, name, strlen(rest), rest);
    if (strcmp(word, "burst") == 0)
        return burst(name, atoi(rest), (size_t)atoi(strchr(rest, ' ')));
    if (strcmp(word, "ttl") == 0)
        return setTTL(s, (uint8_t)atoi(name), 0, NULL);
    if (strcmp(word, "add") == 0)
        return addInterface(s, if_nametoindex(name));
    if (strcmp(word, "del") == 0)
        return delInterface(s, if_nametoindex(name));
    if (strcmp(word, "quiet") == 0)
        return quiet = true, 0;
    if (strcmp(word, "quit") == 0)
        return over = true, 0;
    if (strcmp(word, "count") == 0)
        return printf("count %lu %lu\n", heard, bytes), 0;
    if (strcmp(word, "atomic") == 0)
        return printf("atomic %d\n", getAtomicMsgSize(s)), 0;
    if (strcmp(word, "interfaces") == 0) {
        if (getInterfaces(s, &n, &ifs) != 0)
            return -1;
        printf("interfaces");
        for (size_t i = 0; i < n; i++)
            printf(" %u", ifs[i]);
        printf("\n");
        free(ifs);
        return 0;
    }
    printf("unknown command %s\n", word);
    errno = ENOSYS;
    return -1;
}

static void hear(void)
{
    static char message[65507];
    int n;

    while ((n = receive(s, NULL, sizeof message, message)) >= 0) {
        heard++;
        bytes += (unsigned long)n;
        if (!quiet)
            printf("heard %.*s\n", n, message);
    }
    if (errno != EAGAIN && errno != EINTR) {
        perror("receive");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    uint32_t ifs[16];
    struct pollfd fds[2];

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++)
        ifs[i - 1] = if_nametoindex(argv[i]);
    if (createMSocket(&s, (size_t)argc - 1, argc > 1 ? ifs : NULL) != 0 || fcntl(s, F_SETFL, O_NONBLOCK) != 0) {
        perror("createMSocket");
        return 1;
    }
    printf("ready\n");
    fds[0] = (struct pollfd){0, POLLIN, 0};
    fds[1] = (struct pollfd){s, POLLIN, 0};
    while (!over) {
        if (poll(fds, 2, -1) == -1 && errno != EINTR)
            return 1;
        if (fds[1].revents != 0)
            hear();
        if (fds[0].revents != 0 && !commands(obey))
            break;
    }
    if (deleteMSocket(s) != 0) {
        perror("deleteMSocket");
        return 1;
    }
    return 0;
}
