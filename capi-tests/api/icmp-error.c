/* An ICMP error that somebody answers a message with makes no later send() fail and loses no message, IPv4 and IPv6.
 * network: pair
 */
#include "test.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>

static const char *const names[] = {"ham:ip:239.1.2.3:5000", "ham:ip:[ff15::23]:5000"};
static const char *const our_address[] = {"10.46.0.1", "fd46::1"};

static uint16_t checksum(const unsigned char *data, size_t length)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++)
        sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

/* The next packet with the text, as the wire carries it. */
static size_t captured(int tap, const char *text)
{
    for (;;) {
        ssize_t n = recv(tap, test_buffer, sizeof test_buffer, 0);
        CHECK(n > 0);
        if (memmem(test_buffer, (size_t)n, text, strlen(text)) != NULL)
            return (size_t)n;
    }
}

int main(void)
{
    struct timeval wait = {20, 0};
    int here, tap, raw[2], s;

    begin(30);
    here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    CHECK(here >= 0);
    enter("peer");
    tap = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
    raw[0] = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    raw[1] = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    CHECK(tap >= 0 && raw[0] >= 0 && raw[1] >= 0);
    CHECK(setsockopt(tap, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
    CHECK(setns(here, CLONE_NEWNET) == 0);

    s = socket_on("eth0");
    for (int round = 0; round < 10; round++) {
        int v6 = round % 2;
        unsigned char error[8 + 1280] = {0};
        struct sockaddr_storage to;
        socklen_t to_length = bsd_address(&to, our_address[v6], 0);
        size_t n;
        uint16_t sum;
        char text[32];

        snprintf(text, sizeof text, "message %d", round);
        say(s, names[v6], text);
        n = captured(tap, text);
        /* Port unreachable; ICMPv6's checksum is the kernel's work. */
        error[0] = v6 ? 1 : 3;
        error[1] = v6 ? 4 : 3;
        CHECK(n < 1280);
        memcpy(error + 8, test_buffer, n);
        if (!v6) {
            sum = checksum(error, 8 + n);
            memcpy(error + 2, &sum, 2);
        }
        for (int i = 0; i < 1 + round / 2; i++)
            CHECK(sendto(raw[v6], error, 8 + n, 0, (struct sockaddr *)&to, to_length) == (ssize_t)(8 + n));
        pause_ms(50);
        for (int i = 0; i < 3; i++) {
            snprintf(text, sizeof text, "after %d, %d", round, i);
            say(s, names[v6], text);
            captured(tap, text);
        }
    }
    return 0;
}
