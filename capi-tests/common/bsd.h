/* Plain BSD multicast sockets: the other end in the tests. It uses no function of libham. */
#ifndef BSD_H
#define BSD_H

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static inline void bsd_must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "BSD peer: %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static inline socklen_t bsd_address(struct sockaddr_storage *out, const char *address, int port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return sizeof *v4;
    }
    bsd_must(inet_pton(AF_INET6, address, &v6->sin6_addr) == 1, address);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    return sizeof *v6;
}

/* A socket bound to the port that joined the group at the Interface; source-specific with a source. Reads wait twenty seconds. */
static inline int bsd_receiver(const char *group, int port, const char *ifname, const char *source)
{
    struct sockaddr_storage address;
    socklen_t length = bsd_address(&address, group, port);
    int v6 = address.ss_family == AF_INET6, on = 1;
    int fd = socket(address.ss_family, SOCK_DGRAM, 0);
    struct timeval wait = {20, 0};

    bsd_must(fd >= 0, "socket");
    bsd_must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0, "SO_REUSEADDR");
    bsd_must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0, "SO_RCVTIMEO");
    /* A link's groups mean something on that link only. */
    if (v6)
        ((struct sockaddr_in6 *)&address)->sin6_scope_id = if_nametoindex(ifname);
    bsd_must(bind(fd, (struct sockaddr *)&address, length) == 0, "bind");
    if (source != NULL) {
        struct group_source_req request;
        memset(&request, 0, sizeof request);
        request.gsr_interface = if_nametoindex(ifname);
        bsd_address(&request.gsr_group, group, 0);
        bsd_address(&request.gsr_source, source, 0);
        bsd_must(setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &request, sizeof request) == 0,
                 "MCAST_JOIN_SOURCE_GROUP");
    } else {
        struct group_req request;
        memset(&request, 0, sizeof request);
        request.gr_interface = if_nametoindex(ifname);
        bsd_address(&request.gr_group, group, 0);
        bsd_must(setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof request) == 0,
                 "MCAST_JOIN_GROUP");
    }
    return fd;
}

/* A socket that sends by the Interface, from the source address if one is given. */
static inline int bsd_sender(const char *family_of, const char *ifname, const char *source, int ttl)
{
    struct sockaddr_storage address;
    socklen_t length;
    int fd;

    bsd_address(&address, family_of, 0);
    fd = socket(address.ss_family, SOCK_DGRAM, 0);
    bsd_must(fd >= 0, "socket");
    if (address.ss_family == AF_INET) {
        struct ip_mreqn request;
        memset(&request, 0, sizeof request);
        request.imr_ifindex = (int)if_nametoindex(ifname);
        bsd_must(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) == 0, "IP_MULTICAST_IF");
        bsd_must(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl) == 0, "IP_MULTICAST_TTL");
    } else {
        int index = (int)if_nametoindex(ifname);
        bsd_must(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index) == 0, "IPV6_MULTICAST_IF");
        bsd_must(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &ttl, sizeof ttl) == 0, "IPV6_MULTICAST_HOPS");
    }
    if (source != NULL) {
        length = bsd_address(&address, source, 0);
        bsd_must(bind(fd, (struct sockaddr *)&address, length) == 0, "bind to the source");
    }
    return fd;
}

static inline void bsd_send(int fd, const char *group, int port, const void *message, size_t length)
{
    struct sockaddr_storage address;
    socklen_t address_length = bsd_address(&address, group, port);

    bsd_must(sendto(fd, message, length, 0, (struct sockaddr *)&address, address_length) == (ssize_t)length, "sendto");
}

/* One message from a fresh socket. */
static inline void bsd_say(const char *group, int port, const char *ifname, const char *source, const char *text)
{
    int fd = bsd_sender(group, ifname, source, 1);

    bsd_send(fd, group, port, text, strlen(text));
    close(fd);
}

#endif
