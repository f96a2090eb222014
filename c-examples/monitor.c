/*
 * monitor: the Interfaces of this host, the groups on each, and the membership events of the next seconds.
 *
 *   monitor [SECONDS]
 */
#define _POSIX_C_SOURCE 200809L

#include <ham.h>

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Called from a thread of the library; every call of the API is allowed here. */
static void on_event(int type, uint32_t iface, const char *group_uri)
{
    static const char *const names[] = {"join", "leave", "new source"};

    printf("event: %s %s at Interface %u\n", type >= 0 && type <= HAM_NEW_SOURCE_EVENT ? names[type] : "?", group_uri,
           (unsigned)iface);
    fflush(stdout);
}

static void print_groups(uint32_t iface)
{
    static const char *const states[] = {"listener", "sender", "sender and listener"};
    GroupSet *groups;
    size_t i, num_groups;

    if (groupSet(iface, &num_groups, &groups) == -1)
        die("groupSet");
    for (i = 0; i < num_groups; i++)
        printf("    %s (%s)\n", groups[i].group_uri, states[groups[i].type]);
    free(groups); /* one block, strings included */
}

static void print_neighbours(uint32_t iface)
{
    char *uris;
    const char *uri;
    size_t num_uris;

    if (neighborSet(iface, NULL, &num_uris, &uris) == -1)
        die("neighborSet");
    for (uri = uris; num_uris > 0; num_uris--, uri = HAM_NEXT_URI(uri))
        printf("    neighbour %s\n", uri);
    free(uris);
}

int main(int argc, char **argv)
{
    unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
    uint32_t *ifs;
    size_t i, num_ifs;

    if (getInterfaces(HAM_ALL_INTERFACES, &num_ifs, &ifs) == -1)
        die("getInterfaces");
    for (i = 0; i < num_ifs; i++) {
        char name[IF_NAMESIZE] = "?";

        if_indextoname(ifs[i], name);
        printf("Interface %u (%s)\n", (unsigned)ifs[i], name);
        print_groups(ifs[i]);
        print_neighbours(ifs[i]);
    }
    free(ifs);
    fflush(stdout);

    if (seconds > 0) {
        if (registerEventCallback(on_event) == -1 || enableEvents() == -1)
            die("enableEvents");
        sleep(seconds);
        disableEvents();
    }
    return 0;
}
