/* The yardstick: BSD multicast sockets, written the way a careful program does it, one system call per message. */
#define _GNU_SOURCE
#include "transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int senders[MAX_DEVICES];
static unsigned num_senders;
static struct sockaddr_storage *destinations; /* per group, scope set per device */
static socklen_t address_size;
static int receiver = -1;
static uint32_t first_joined; /* network byte order */
static unsigned num_joined;   /* 0: one group, the receiver is bound to it */
static int poll_first, spin;

static void set_option(int fd, int level, int name, const void *value, socklen_t size, const char *what) {
    if (setsockopt(fd, level, name, value, size) != 0)
        fail(what);
}

/* Past the system's limit when privileged, as libham does it. */
static void set_buffer(int fd, int force, int plain, int bytes, const char *what) {
    if (setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof bytes) != 0)
        set_option(fd, SOL_SOCKET, plain, &bytes, sizeof bytes, what);
}

static void fill_address(struct sockaddr_storage *to, const struct group_range *range, unsigned nth) {
    unsigned char address[16];
    group_address(range, nth, address);
    memset(to, 0, sizeof *to);
    if (range->family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)to;
        in->sin_family = AF_INET;
        in->sin_port = htons(range->port);
        memcpy(&in->sin_addr, address, 4);
    } else {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(range->port);
        memcpy(&in6->sin6_addr, address, 16);
    }
}

static int open_sender(int family, unsigned device, int buffer) {
    int on = 1;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail("socket");
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, buffer, "SO_SNDBUF");
    if (family == AF_INET) {
        struct ip_mreqn request = {.imr_ifindex = (int)device};
        set_option(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request, "IP_MULTICAST_IF");
        set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, &on, sizeof on, "IP_MULTICAST_TTL");
        set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof on, "IP_MULTICAST_LOOP");
    } else {
        set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &device, sizeof device, "IPV6_MULTICAST_IF");
        set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &on, sizeof on, "IPV6_MULTICAST_HOPS");
        set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &on, sizeof on, "IPV6_MULTICAST_LOOP");
    }
    return fd;
}

static void add_membership(int fd, const struct sockaddr_storage *group, unsigned device) {
    if (group->ss_family == AF_INET) {
        struct ip_mreqn request = {.imr_multiaddr = ((const struct sockaddr_in *)group)->sin_addr, .imr_ifindex = (int)device};
        set_option(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request, "IP_ADD_MEMBERSHIP");
    } else {
        struct ipv6_mreq request = {.ipv6mr_multiaddr = ((const struct sockaddr_in6 *)group)->sin6_addr,
                                    .ipv6mr_interface = device};
        set_option(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request, "IPV6_JOIN_GROUP");
    }
}

static int open_receiver(const struct sockaddr_storage *address, int all, int buffer) {
    int on = 1;
    int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail("socket");
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on, "SO_REUSEADDR");
    set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, buffer, "SO_RCVBUF");
    if (address->ss_family == AF_INET)
        set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, &all, sizeof all, "IP_MULTICAST_ALL");
    else
        set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &all, sizeof all, "IPV6_MULTICAST_ALL");
    if (bind(fd, (const struct sockaddr *)address, address_size) != 0)
        fail("bind");
    return fd;
}

/* A socket bound to the Group Address, as BSD programs have it. */
static void join_one(const struct settings *s) {
    struct sockaddr_storage group;
    fill_address(&group, &s->receive, 0);
    receiver = open_receiver(&group, 0, s->receive_buffer);
    for (unsigned i = 0; i < s->num_devices; i++)
        add_membership(receiver, &group, s->devices[i]);
}

/* Many IPv4 groups: memberships on sockets that only hold them, 20 each, and one receiver that looks at each message's destination. */
static void join_many(const struct settings *s) {
    struct sockaddr_storage address;
    int on = 1, holder = -1;
    unsigned held = 0;
    if (s->receive.family != AF_INET) {
        errno = EAFNOSUPPORT;
        fail("many raw groups");
    }
    fill_address(&address, &s->receive, 0);
    ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_ANY);
    receiver = open_receiver(&address, 1, s->receive_buffer);
    set_option(receiver, IPPROTO_IP, IP_PKTINFO, &on, sizeof on, "IP_PKTINFO");
    memcpy(&first_joined, s->receive.first, sizeof first_joined);
    num_joined = s->receive.count;
    for (unsigned nth = 0; nth < s->receive.count; nth++) {
        fill_address(&address, &s->receive, nth);
        for (unsigned i = 0; i < s->num_devices; i++) {
            if (held++ % 20 == 0 && (holder = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
                fail("socket");
            add_membership(holder, &address, s->devices[i]);
        }
    }
}

static ssize_t receive_of_many(void *buffer, size_t size) {
    for (;;) {
        union {
            struct cmsghdr align;
            char space[CMSG_SPACE(sizeof(struct in_pktinfo))];
        } control;
        struct iovec data = {.iov_base = buffer, .iov_len = size};
        struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t length = recvmsg(receiver, &message, 0);
        struct cmsghdr *header;
        struct in_pktinfo info;
        if (length < 0)
            return length;
        header = CMSG_FIRSTHDR(&message);
        if (!header || header->cmsg_type != IP_PKTINFO)
            continue;
        memcpy(&info, CMSG_DATA(header), sizeof info);
        if (ntohl(info.ipi_addr.s_addr) - ntohl(first_joined) < num_joined)
            return length;
    }
}

void transport_open(const struct settings *s) {
    int family = s->send.family ? s->send.family : s->receive.family;
    address_size = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    poll_first = s->poll;
    spin = s->spin;
    if (s->send.family) {
        destinations = calloc(s->send.count, sizeof *destinations);
        if (!destinations)
            fail("calloc");
        for (unsigned i = 0; i < s->send.count; i++)
            fill_address(&destinations[i], &s->send, i);
        for (; num_senders < s->num_devices; num_senders++)
            senders[num_senders] = open_sender(family, s->devices[num_senders], s->send_buffer);
    }
    if (s->receive.family)
        (s->receive.count == 1 ? join_one : join_many)(s);
}

int transport_receive_buffer(void) {
    int bytes = 0;
    socklen_t size = sizeof bytes;
    if (receiver >= 0 && getsockopt(receiver, SOL_SOCKET, SO_RCVBUF, &bytes, &size) != 0)
        fail("SO_RCVBUF");
    return bytes;
}

int transport_send(unsigned nth, const void *message, size_t length) {
    int result = 0;
    for (unsigned i = 0; i < num_senders; i++)
        if (sendto(senders[i], message, length, 0, (struct sockaddr *)&destinations[nth], address_size) !=
            (ssize_t)length) {
            if (errno != ENOBUFS)
                fail("sendto");
            result = -1;
        }
    return result;
}

long transport_receive(void *buffer, size_t size) {
    ssize_t length;
    if (poll_first) {
        struct pollfd wait = {.fd = receiver, .events = POLLIN};
        if (poll(&wait, 1, -1) != 1)
            fail("poll");
    }
    do
        length = num_joined ? receive_of_many(buffer, size)
                            : recvfrom(receiver, buffer, size, spin ? MSG_DONTWAIT : 0, NULL, NULL);
    while (length < 0 && spin && errno == EAGAIN);
    if (length < 0 && errno != EINTR)
        fail("recvfrom");
    return (long)length;
}
