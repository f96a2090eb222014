/*
 * monitor: a live table of the groups at each Interface of this host, and of who takes part in them.
 *
 *   monitor [SECONDS]      until Ctrl-C, or for so long; 0: the table once
 *
 * On a terminal the table is drawn anew at each change; elsewhere a line is printed for each membership event, and the
 * table at the end. Other hosts are seen with CAP_NET_RAW: sudo setcap cap_net_raw+ep monitor
 */
#define _POSIX_C_SOURCE 200809L

#include <ham.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int changes[2]; /* a pipe: the callback writes to it, the main thread draws */
static int terminal;
static volatile sig_atomic_t ended;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

/* Called from a thread of the library; every call of the API is allowed here. */
static void on_event(int type, uint32_t iface, const char *group_uri)
{
    static const char *const names[] = {"join", "leave", "new source"};
    char device[IF_NAMESIZE] = "?";

    if (!terminal) {
        if_indextoname(iface, device);
        printf("event: %s %s at %s\n", type >= 0 && type <= HAM_NEW_SOURCE_EVENT ? names[type] : "?", group_uri, device);
        fflush(stdout);
    }
    if (write(changes[1], "", 1) == -1 && errno != EAGAIN)
        die("write");
}

/* Prints what childrenSet, parentSet or neighborSet gives, as addresses. */
static void print_nodes(int (*nodes)(uint32_t, const char *, size_t *, char **), uint32_t iface, const char *group)
{
    size_t num;
    char *uris;
    const char *uri;

    if (nodes(iface, group, &num, &uris) == -1)
        return;
    for (uri = uris; num > 0; num--, uri = HAM_NEXT_URI(uri))
        printf(" %s", strncmp(uri, "ham:ip:", 7) == 0 ? uri + 7 : uri);
    free(uris); /* one block, strings included */
}

static void print_interface(uint32_t iface)
{
    static const char *const states[] = {"listener", "sender", "both"};
    char device[IF_NAMESIZE] = "?";
    GroupSet *groups;
    size_t i, num_groups;

    if_indextoname(iface, device);
    if (groupSet(iface, &num_groups, &groups) == -1)
        return; /* it is gone */
    printf("Interface %s (%u)%s, neighbours:", device, (unsigned)iface, designatedHost(iface, NULL) == 1 ? ", designated" : "");
    print_nodes(neighborSet, iface, NULL);
    printf("\n");
    for (i = 0; i < num_groups; i++) {
        printf("    %-44s %-9s listeners:", groups[i].group_uri, states[groups[i].type]);
        print_nodes(childrenSet, iface, groups[i].group_uri);
        printf("\n");
    }
    free(groups);
}

static void print_table(void)
{
    uint32_t *ifs;
    size_t i, num_ifs;

    if (getInterfaces(HAM_ALL_INTERFACES, &num_ifs, &ifs) == -1)
        die("getInterfaces");
    if (terminal)
        printf("\033[H\033[2J");
    for (i = 0; i < num_ifs; i++)
        print_interface(ifs[i]);
    free(ifs);
    fflush(stdout);
}

/* Waits for a change, and a moment for more of them, at most until `end`. */
static void wait_for_change(time_t end)
{
    struct pollfd waiting = {0, POLLIN, 0};
    const struct timespec moment = {0, 100 * 1000 * 1000};
    char marks[512];

    waiting.fd = changes[0];
    /* Hosts that only fall silent or change without an event are seen within the second, too. */
    if (poll(&waiting, 1, 1000) > 0 && time(NULL) < end)
        nanosleep(&moment, NULL);
    while (read(changes[0], marks, sizeof marks) == (ssize_t)sizeof marks)
        ;
}

int main(int argc, char **argv)
{
    const long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000000;
    const time_t end = time(NULL) + seconds;
    struct sigaction action;

    terminal = isatty(STDOUT_FILENO);
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (pipe(changes) == -1)
        die("pipe");
    fcntl(changes[0], F_SETFL, O_NONBLOCK);
    fcntl(changes[1], F_SETFL, O_NONBLOCK);
    if (seconds > 0 && (registerEventCallback(on_event) == -1 || enableEvents() == -1))
        die("enableEvents");
    while (!ended && time(NULL) < end) {
        if (terminal)
            print_table();
        wait_for_change(end);
    }
    disableEvents();
    print_table();
    return 0;
}
