/* With TTL 0 nothing is seen on the wire, of IPv4 and of IPv6, also when no program on the host has joined the group.
 * network: pair
 */
#include "test.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>

static const char *const names[] = {"ham:ip:239.1.2.3:5000", "ham:ip:[ff15::23]:5000", "ham:ip:[ff02::77]:5000"};

/* Everything that arrives at the other end of the wire. */
static int wiretap(void)
{
    struct sockaddr_ll address = {0};
    struct timeval wait = {20, 0};
    int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd;

    CHECK(here >= 0);
    enter("peer");
    fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    CHECK(fd >= 0);
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = (int)index_of("eth0");
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
    CHECK(setns(here, CLONE_NEWNET) == 0);
    close(here);
    return fd;
}

static bool holds(const char *packet, ssize_t length, const char *text)
{
    return memmem(packet, (size_t)length, text, strlen(text)) != NULL;
}

/* Reads up to the packet with TTL 1; true when one with TTL 0 came before it. */
static bool leaked(int fd)
{
    bool found = false;
    for (;;) {
        ssize_t n = recv(fd, test_buffer, sizeof test_buffer, 0);
        CHECK(n > 0);
        found = found || holds(test_buffer, n, "not for the wire");
        if (holds(test_buffer, n, "for everyone"))
            return found;
    }
}

int main(void)
{
    int s, fd;

    begin(30);
    fd = wiretap();
    s = socket_on("eth0");
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 3; i++) {
            OK(setTTL(s, 0, 0, NULL));
            say(s, names[i], "not for the wire");
            pause_ms(50);
            OK(setTTL(s, 1, 0, NULL));
            say(s, names[i], "for everyone");
            CHECK(!leaked(fd));
        }
        /* Then with a local member, who hears it. */
        if (round == 1)
            for (size_t i = 0; i < 3; i++)
                OK(join(s, names[i]));
    }
    for (size_t i = 0; i < 3; i++) {
        expect(s, names[i], "not for the wire");
        expect(s, names[i], "for everyone");
    }
    return 0;
}
