/*
 * A plain host on the link, for the benchmark; it knows nothing of libham. It obeys lines, as role.c does:
 *
 *   join ADDRESS, leave ADDRESS            as a BSD program; answers when the kernel's IGMPv3 report went out
 *   reports RATE MILLISECONDS CHANGING     sends so many IGMPv3 reports a second, of 1000 hosts in turn, of which each is in a
 *                                          group of its own, and says so again; CHANGING 1: each joins, and leaves the next time.
 *                                          Answers the count and the nanoseconds
 *
 * Times are nanoseconds of CLOCK_REALTIME.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HOSTS 1000
#define HEADER 24 /* IP with the router alert */
#define REPORT 16 /* with one record */
enum { IS_EXCLUDE = 2, TO_INCLUDE = 3, TO_EXCLUDE = 4 };

static int link_socket, device;
static struct sockaddr_ll all_reporters = {.sll_family = AF_PACKET, .sll_halen = 6, .sll_addr = {1, 0, 0x5e, 0, 0, 22}};

static void fail(const char *what) {
    fprintf(stderr, "bench: host: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void open_link(void) {
    struct timeval limit = {.tv_sec = 10};
    int on = 1;
    all_reporters.sll_ifindex = device;
    all_reporters.sll_protocol = htons(ETH_P_ALL);
    link_socket = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
    if (link_socket < 0 || bind(link_socket, (struct sockaddr *)&all_reporters, sizeof all_reporters) != 0 ||
        setsockopt(link_socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0 ||
        setsockopt(link_socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
        fail("packet socket");
    all_reporters.sll_protocol = htons(ETH_P_IP);
}

/* Waits for this host's own report with such a record of the group. */
static long long reported(int kind, struct in_addr group) {
    unsigned char packet[2048];
    for (;;) {
        union {
            struct cmsghdr align;
            char space[CMSG_SPACE(sizeof(struct timespec))];
        } control;
        struct sockaddr_ll from;
        struct iovec data = {packet, sizeof packet};
        struct msghdr message = {&from, sizeof from, &data, 1, &control, sizeof control, 0};
        ssize_t length = recvmsg(link_socket, &message, 0);
        struct cmsghdr *header = length < 0 ? NULL : CMSG_FIRSTHDR(&message);
        struct timespec at;
        if (length < 0)
            fail("no report");
        if (from.sll_pkttype != PACKET_OUTGOING || length < HEADER + REPORT || packet[9] != IPPROTO_IGMP || !header)
            continue;
        for (unsigned char *record = packet + HEADER + 8; record + 8 <= packet + length; record += 8 + 4 * record[3])
            if (record[0] == kind && memcmp(record + 4, &group, 4) == 0) {
                memcpy(&at, CMSG_DATA(header), sizeof at);
                return at.tv_sec * 1000000000ll + at.tv_nsec;
            }
    }
}

static void discard(void) {
    char byte;
    while (recv(link_socket, &byte, 1, MSG_DONTWAIT) >= 0)
        ;
}

static long long change(int option, const char *address) {
    static int member = -1;
    struct ip_mreqn request = {.imr_ifindex = device};
    if (member < 0)
        member = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, address, &request.imr_multiaddr) != 1)
        fail(address);
    discard();
    if (setsockopt(member, IPPROTO_IP, option, &request, sizeof request) != 0)
        fail(address);
    return reported(option == IP_ADD_MEMBERSHIP ? TO_EXCLUDE : TO_INCLUDE, request.imr_multiaddr);
}

static void put_checksum(unsigned char *data, size_t length, size_t at) {
    uint32_t sum = 0;
    data[at] = data[at + 1] = 0;
    for (size_t i = 0; i < length; i += 2)
        sum += (uint32_t)(data[i] << 8 | data[i + 1]);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    data[at] = (unsigned char)(~sum >> 8);
    data[at + 1] = (unsigned char)~sum;
}

static void send_report(unsigned host, int kind) {
    unsigned char packet[HEADER + REPORT] = {0x46, 0xc0, 0, HEADER + REPORT, 0, 0, 0, 0, 1, IPPROTO_IGMP, 0, 0,
                                             10, 72, (unsigned char)(host >> 8), (unsigned char)host, 224, 0, 0, 22, 0x94, 4, 0, 0,
                                             0x22, 0, 0, 0, 0, 0, 0, 1,
                                             (unsigned char)kind, 0, 0, 0, 239, 72, (unsigned char)(host >> 8), (unsigned char)host};
    put_checksum(packet, HEADER, 10);
    put_checksum(packet + HEADER, REPORT, 2);
    if (sendto(link_socket, packet, sizeof packet, 0, (struct sockaddr *)&all_reporters, sizeof all_reporters) < 0)
        fail("sendto");
}

/* At times by chance, one within each interval. */
static void send_reports(unsigned rate, unsigned milliseconds, int changing) {
    static unsigned sent;
    uint64_t interval = 1000000000u / rate, begin = now();
    unsigned count = rate * milliseconds / 1000;
    for (unsigned i = 0; i < count; i++, sent++) {
        uint64_t at = begin + i * interval + (uint64_t)random() % interval;
        struct timespec until = {(time_t)(at / 1000000000u), (long)(at % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        send_report(1 + sent % HOSTS, !changing ? IS_EXCLUDE : sent / HOSTS % 2 ? TO_INCLUDE : TO_EXCLUDE);
    }
    discard();
    printf("ok %u %llu\n", count, (unsigned long long)(now() - begin));
}

int main(int argc, char **argv) {
    char line[128], address[32];
    unsigned rate, milliseconds;
    int changing;
    if (argc != 2 || (device = (int)if_nametoindex(argv[1])) == 0)
        fail("device");
    open_link();
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("ok");
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "join %31s", address) == 1)
            printf("ok %lld\n", change(IP_ADD_MEMBERSHIP, address));
        else if (sscanf(line, "leave %31s", address) == 1)
            printf("ok %lld\n", change(IP_DROP_MEMBERSHIP, address));
        else if (sscanf(line, "reports %u %u %d", &rate, &milliseconds, &changing) == 3 && rate > 0)
            send_reports(rate, milliseconds, changing);
        else {
            errno = EINVAL;
            fail(line);
        }
    }
    return 0;
}
