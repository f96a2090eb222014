/* The peer of the overlay tests: a program with multicast sockets that obeys commands, prints what it hears and what becomes of
 * groups.
 *
 *   open INTERFACE..., close            a multicast socket (several may be open; the last one is used)
 *   join, leave, register, deregister NAME
 *   send NAME TEXT, burst NAME COUNT SIZE, sizes NAME      numbers in the first bytes of a burst; every size of a list
 *   ttl N
 *   groups INTERFACE, neighbors|parents|children|designated INTERFACE [NAME]
 *   events, statistics, quiet, count, fork NAME, threads, quit
 *
 * INTERFACE is a device's name or a number. It prints "pid ID" and "ready"; "heard TEXT" for a message; "event TYPE INTERFACE NAME"; "error N
 * ERRNO" when command number N failed, and "done N" after each. Binary messages (bursts, sizes) are only counted: "count MESSAGES
 * BYTES WRONG".
 */
#include <hamx.h>
#include "../common/commands.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIGGEST 65507

static int sockets[16], count;
static bool quiet, over;
static unsigned long heard, bytes, wrong;
static unsigned char message[BIGGEST + 1];

static const int sizes[] = {0, 1, 63, 64, 1399, 1400, 1401, 8900, 60000, 65463, 65464, 65506, 65507};

static uint32_t interface(const char *word)
{
    uint32_t index = word == NULL ? 0 : if_nametoindex(word);

    return index != 0 || word == NULL ? index : (uint32_t)strtoul(word, NULL, 0);
}

static void on_event(int type, uint32_t iface, const char *name)
{
    static const char *const types[] = {"join", "leave", "source"};
    char device[IF_NAMESIZE] = "";

    if (if_indextoname(iface, device) == NULL)
        snprintf(device, sizeof device, "%#x", iface);
    printf("event %s %s %s\n", types[type], device, name);
}

/* A burst's message: its number, and then bytes that follow from its length. */
static void fill(int size)
{
    message[0] = 0xff;
    for (int i = 1; i < size; i++)
        message[i] = (unsigned char)(size + i * 7);
}

static bool filled(int size)
{
    for (int i = 1; i < size; i++)
        if (message[i] != (unsigned char)(size + i * 7))
            return false;
    return true;
}

static int burst(const char *name, int messages, int size)
{
    int failed = 0;

    for (int i = 0; i < messages; i++) {
        fill(size);
        /* A full link takes the next one. */
        if (ham_send(sockets[count], name, (size_t)size, message) != 0 && errno != ENOBUFS)
            failed = -1;
        /* So fast as a busy machine can follow. */
        if (i % 8 == 7 || size > 10000)
            usleep(size > 10000 ? 1000 : 500);
    }
    return failed;
}

static int every_size(const char *name)
{
    int failed = 0;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (burst(name, 1, sizes[i]) != 0)
            failed = -1;
    return failed;
}

static int groups(uint32_t iface)
{
    GroupSet *set;
    size_t n;

    if (ham_groupSet(iface, &n, &set) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        printf("group %s %d\n", set[i].group_uri, set[i].type);
    free(set);
    return 0;
}

static int nodes(char which, uint32_t iface, const char *name)
{
    char *block = NULL, *uri;
    size_t n = 0;
    int r;

    if (which == 'n')
        r = ham_neighborSet(iface, name, &n, &block);
    else if (which == 'c')
        r = ham_childrenSet(iface, name, &n, &block);
    else
        r = ham_parentSet(iface, name, &n, &block);
    uri = block;
    for (size_t i = 0; r == 0 && i < n; i++, uri = HAM_NEXT_URI(uri))
        printf("node %s\n", uri);
    free(block);
    return r;
}

/* What a forked child can do with the socket: nothing, and at once. */
static int child_sends(const char *name)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        int own;
        uint32_t carrier = 0x10000000;

        signal(SIGALRM, SIG_DFL);
        alarm(5);
        if (ham_send(sockets[count], name, 1, "x") == 0 || errno != EADDRNOTAVAIL)
            _exit(1);
        if (ham_createMSocket(&own, 1, &carrier) == 0) {
            if (ham_join(own, name) == 0 || ham_send(own, name, 1, "x") == 0)
                _exit(2);
            if (ham_deleteMSocket(own) != 0)
                _exit(3);
        }
        if (ham_deleteMSocket(sockets[count]) != 0)
            _exit(4);
        exit(0);
    }
    waitpid(child, &status, 0);
    printf("child %#x\n", (unsigned)status);
    return child < 0 || status != 0 ? -1 : 0;
}

static void threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int n = 0;

    while (readdir(tasks) != NULL)
        n++;
    closedir(tasks);
    printf("threads %d\n", n - 2);
}

static int statistics(void)
{
    struct ham_statistics stats;

    if (ham_statistics(sockets[count], &stats) != 0)
        return -1;
    printf("statistics sent %lu failures %lu received %lu dropped %lu duplicates %lu lost %lu refused %lu\n", (unsigned long)stats.sent,
           (unsigned long)stats.send_failures, (unsigned long)stats.received,
           (unsigned long)(stats.dropped_by_kernel + stats.dropped_by_library), (unsigned long)stats.duplicates,
           (unsigned long)stats.lost, (unsigned long)stats.refused);
    return 0;
}

static int open_socket(char *name, char *rest)
{
    uint32_t ids[16];
    size_t n = 0;

    for (; name != NULL && n < 16; name = strtok(rest, " "), rest = NULL)
        ids[n++] = interface(name);
    if (ham_createMSocket(&sockets[count + 1], n, ids) != 0)
        return -1;
    return fcntl(sockets[++count], F_SETFL, O_NONBLOCK);
}

static int obey(char *line)
{
    char *word = strtok(line, " "), *name = strtok(NULL, " "), *rest = strtok(NULL, "");
    int s = sockets[count];

    if (word == NULL)
        return 0;
    if (strcmp(word, "open") == 0)
        return open_socket(name, rest);
    if (strcmp(word, "close") == 0)
        return ham_deleteMSocket(sockets[count--]);
    if (strcmp(word, "join") == 0)
        return ham_join(s, name);
    if (strcmp(word, "leave") == 0)
        return ham_leave(s, name);
    if (strcmp(word, "register") == 0)
        return ham_srcRegister(s, name, 0, NULL);
    if (strcmp(word, "deregister") == 0)
        return ham_srcDeregister(s, name, 0, NULL);
    if (strcmp(word, "send") == 0)
        return ham_send(s, name, strlen(rest), rest);
    if (strcmp(word, "burst") == 0)
        return burst(name, atoi(rest), atoi(strchr(rest, ' ')));
    if (strcmp(word, "sizes") == 0)
        return every_size(name);
    if (strcmp(word, "ttl") == 0)
        return ham_setTTL(s, (uint8_t)atoi(name), 0, NULL);
    if (strcmp(word, "groups") == 0)
        return groups(interface(name));
    if (strcmp(word, "neighbors") == 0 || strcmp(word, "children") == 0 || strcmp(word, "parents") == 0)
        return nodes(word[0], interface(name), rest);
    if (strcmp(word, "designated") == 0)
        return printf("designated %d\n", ham_designatedHost(interface(name), rest)), 0;
    if (strcmp(word, "events") == 0)
        return ham_registerEventCallback(on_event) | ham_enableEvents();
    if (strcmp(word, "statistics") == 0)
        return statistics();
    if (strcmp(word, "quiet") == 0)
        return quiet = true, 0;
    if (strcmp(word, "count") == 0)
        return printf("count %lu %lu %lu\n", heard, bytes, wrong), heard = bytes = wrong = 0, 0;
    if (strcmp(word, "fork") == 0)
        return child_sends(name);
    if (strcmp(word, "threads") == 0)
        return threads(), 0;
    if (strcmp(word, "quit") == 0)
        return over = true, 0;
    errno = ENOSYS;
    return -1;
}

/* What is not negative is no failure. */
static int obeyed(char *line)
{
    return obey(line) < 0 ? -1 : 0;
}

static void hear(int s)
{
    int n;

    while ((n = ham_receive(s, NULL, sizeof message, message)) >= 0) {
        heard++;
        bytes += (unsigned long)n;
        if (n == 0 || message[0] == 0xff)
            wrong += !filled(n);
        else if (!quiet)
            printf("heard %.*s\n", n, (char *)message);
    }
}

int main(int argc, char **argv)
{
    char ids[256] = "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 2; i < argc; i++) {
        strcat(ids, argv[i]);
        strcat(ids, " ");
    }
    if (argc > 1 && open_socket(argv[1], ids) != 0) {
        printf("error 0 %s: %s\n", strerror(errno), ham_last_error());
        return 1;
    }
    printf("pid %d\nready\n", (int)getpid());
    while (!over) {
        struct pollfd fds[17] = {{0, POLLIN, 0}};

        for (int i = 1; i <= count; i++)
            fds[i] = (struct pollfd){sockets[i], POLLIN, 0};
        if (poll(fds, (nfds_t)count + 1, -1) == -1)
            continue;
        for (int i = 1; i <= count; i++)
            if (fds[i].revents != 0)
                hear(sockets[i]);
        if (fds[0].revents != 0 && !commands(obeyed))
            break;
    }
    while (count > 0)
        if (ham_deleteMSocket(sockets[count--]) != 0)
            return 1;
    return 0;
}
