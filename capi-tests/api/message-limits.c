/* getAtomicMsgSize follows the Interfaces and their MTU; getMaxMsgSize does not change. RFC 7046 §4.6.6, §4.7.8.
 * network: pair
 */
#include "test.h"

static bool becomes(int s, int size)
{
    for (int64_t end = now_ms() + PATIENCE; now_ms() < end; pause_ms(20))
        if (getAtomicMsgSize(s) == size)
            return true;
    fprintf(stderr, "getAtomicMsgSize is %d, not %d\n", getAtomicMsgSize(s), size);
    return false;
}

int main(void)
{
    uint32_t eth, v4, v6;
    int s, a, b;

    begin(30);
    CHECK(getMaxMsgSize() == 65507);
    eth = index_of("eth0");
    v4 = HAM_IPV4(eth);
    v6 = HAM_IPV6(eth);
    s = socket_on("eth0");
    OK(createMSocket(&a, 1, &v4));
    OK(createMSocket(&b, 1, &v6));
    /* Without IPv4 (20) or IPv6 (40) header, and UDP's (8). */
    CHECK(becomes(s, 1452));
    CHECK(becomes(a, 1472));
    CHECK(becomes(b, 1452));
    OK(addInterface(s, index_of("lo")));
    CHECK(becomes(s, 1452));
    run("ip link set eth0 mtu 1400");
    CHECK(becomes(s, 1352));
    CHECK(becomes(a, 1372));
    CHECK(becomes(b, 1352));
    run("ip link set eth0 mtu 9000");
    CHECK(becomes(s, 8952));
    CHECK(becomes(a, 8972));
    OK(delInterface(s, eth));
    CHECK(getAtomicMsgSize(s) <= 65507 && getAtomicMsgSize(s) > 60000);
    CHECK(getMaxMsgSize() == 65507);

    /* What is atomic is not fragmented: with fragments dropped, it arrives. */
    run("ip link set eth0 mtu 1500 && ip netns exec peer nft 'add table inet t; add chain inet t c { type filter hook prerouting "
        "priority -450; }; add rule inet t c ip frag-off & 0x3fff != 0 drop; add rule inet t c exthdr frag exists drop'");
    CHECK(becomes(a, 1472) && becomes(b, 1452));
    for (int family = 0; family < 2; family++) {
        static char message[2000];
        const char *group = family ? "ff15::23" : "239.1.2.3", *name = family ? "ham:ip:[ff15::23]:5000" : "ham:ip:239.1.2.3:5000";
        int from = family ? b : a, size = getAtomicMsgSize(from);
        int ready[2];
        pid_t child;

        CHECK(pipe(ready) == 0);
        child = fork();
        if (child == 0) {
            int fd;
            enter("peer");
            fd = bsd_receiver(group, 5000, "eth0", NULL);
            tell_ready(ready);
            CHECK(recv(fd, test_buffer, sizeof test_buffer, 0) == size);
            CHECK(recv(fd, test_buffer, sizeof test_buffer, 0) == 3);
            exit(0);
        }
        wait_ready(ready);
        OK(send(from, name, (size_t)size, message));
        OK(send(from, name, (size_t)size + 1, message));
        OK(send(from, name, 3, "end"));
        finished(child);
    }
    return 0;
}
