/*
 * gateway: the gateway of RFC 7046, section 1.2.1. It takes the messages of a group from one Interface to every other one
 * where this host is the designated one (a querier or a router) and somebody listens.
 *
 *   gateway INTERFACE [GROUP]
 *
 * To the listeners it is a source of its own: one who also hears the first source hears everything twice.
 */
#include <ham.h>

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int has_receivers(uint32_t iface, const char *group)
{
    char *children;
    size_t num_children;

    if (childrenSet(iface, group, &num_children, &children) == -1)
        die("childrenSet");
    free(children);
    return num_children > 0;
}

int main(int argc, char **argv)
{
    static char message[65536];
    const char *group = argc > 2 ? argv[2] : "ham:opaque:news@cnn.com";
    uint32_t upstream, *ifs;
    size_t num_ifs, i;
    int from, m = -1, n;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: gateway INTERFACE [GROUP]\n");
        return 2;
    }
    if ((upstream = if_nametoindex(argv[1])) == 0)
        die(argv[1]);
    if (createMSocket(&from, 1, &upstream) == -1)
        die("createMSocket");
    if (join(from, group) == -1)
        die(group);

    if (getInterfaces(HAM_ALL_INTERFACES, &num_ifs, &ifs) == -1)
        die("getInterfaces");
    for (i = 0; i < num_ifs; i++) {
        /* (a) host is designated multicast node for this Interface, (b) receivers exist */
        if (ifs[i] == upstream || designatedHost(ifs[i], group) != 1 || !has_receivers(ifs[i], group))
            continue;
        /* With no Interface a multicast socket would take the default ones. */
        if ((m == -1 ? createMSocket(&m, 1, &ifs[i]) : addInterface(m, ifs[i])) == -1)
            die("addInterface");
        fprintf(stderr, "gateway: %s joined to Interface %u\n", group, (unsigned)ifs[i]);
    }
    free(ifs);
    if (m == -1) {
        fprintf(stderr, "gateway: nobody listens to %s where this host is the designated one\n", group);
        return 1;
    }

    while ((n = receive(from, group, sizeof message, message)) >= 0)
        if (send(m, group, (size_t)n, message) == -1)
            perror("send"); /* the network may be back for the next message */
    die("receive");
    return 1;
}
