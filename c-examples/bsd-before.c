/*
 * bsd-before: sends a message to a group, and prints what the group says. Plain BSD sockets, no libham.
 *
 *   bsd-before GROUP-ADDRESS PORT INTERFACE COUNT [MESSAGE]
 *   bsd-before 239.1.2.3 5000 eth0 10 hello
 *
 * ported.c is the same program on RFC 7046's calls; both understand each other.
 */
#define _DEFAULT_SOURCE

#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void option(int fd, int level, int name, const void *value, socklen_t size, const char *what)
{
    if (setsockopt(fd, level, name, value, size) == -1)
        die(what);
}

int main(int argc, char **argv)
{
    static char message[65536];
    struct addrinfo hints, *group;
    struct group_req membership;
    unsigned interface;
    int fd, error, count, on = 1, off = 0, ttl = 1;

    if (argc < 5 || argc > 6) {
        fprintf(stderr, "usage: bsd-before GROUP-ADDRESS PORT INTERFACE COUNT [MESSAGE]\n");
        return 2;
    }

    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    if ((error = getaddrinfo(argv[1], argv[2], &hints, &group)) != 0) {
        fprintf(stderr, "%s: %s\n", argv[1], gai_strerror(error));
        return 1;
    }
    if ((interface = if_nametoindex(argv[3])) == 0)
        die(argv[3]);
    count = atoi(argv[4]);

    if ((fd = socket(group->ai_family, SOCK_DGRAM, 0)) == -1)
        die("socket");
    option(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on, "SO_REUSEADDR");
    if (group->ai_family == AF_INET) {
        struct ip_mreqn out;

        memset(&out, 0, sizeof out);
        out.imr_ifindex = (int)interface;
        option(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out, "IP_MULTICAST_IF");
        option(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl, "IP_MULTICAST_TTL");
        option(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off, "IP_MULTICAST_ALL");
    } else {
        struct sockaddr_in6 *address = (struct sockaddr_in6 *)group->ai_addr;

        if (IN6_IS_ADDR_MC_LINKLOCAL(&address->sin6_addr))
            address->sin6_scope_id = interface;
        option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface, sizeof interface, "IPV6_MULTICAST_IF");
        option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &ttl, sizeof ttl, "IPV6_MULTICAST_HOPS");
    }
    if (bind(fd, group->ai_addr, group->ai_addrlen) == -1)
        die("bind");

    memset(&membership, 0, sizeof membership);
    membership.gr_interface = interface;
    memcpy(&membership.gr_group, group->ai_addr, group->ai_addrlen);
    option(fd, group->ai_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, MCAST_JOIN_GROUP, &membership,
           sizeof membership, "MCAST_JOIN_GROUP");
    fprintf(stderr, "bsd-before: joined %s\n", argv[1]);

    if (argc > 5 && sendto(fd, argv[5], strlen(argv[5]), 0, group->ai_addr, group->ai_addrlen) == -1)
        die("sendto");

    for (; count > 0; count--) {
        ssize_t length = recvfrom(fd, message, sizeof message, 0, NULL, NULL);

        if (length == -1)
            die("recvfrom");
        printf("%.*s\n", (int)length, message);
        fflush(stdout);
    }
    freeaddrinfo(group);
    return 0;
}
