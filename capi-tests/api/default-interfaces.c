/* Without Interfaces of its own a socket takes the default ones: where the kernel's multicast routes lead, in each family;
 * loopback only when there is nothing else. RFC 7046 §4.4.1.
 */
#include "test.h"

static void has(const char *what, size_t count, uint32_t first, uint32_t second)
{
    uint32_t *ifs = NULL;
    size_t n = 99;
    int s = -1;
    bool right;

    OK(createMSocket(&s, 0, NULL));
    OK(getInterfaces(s, &n, &ifs));
    right = n == count && ((ifs[0] == first && (count == 1 || ifs[1] == second)) || (count == 2 && ifs[0] == second && ifs[1] == first));
    if (!right) {
        fprintf(stderr, "%s:", what);
        for (size_t i = 0; i < n; i++)
            fprintf(stderr, " %#x", ifs[i]);
        fprintf(stderr, ", wanted %#x %#x\n", first, second);
        exit(1);
    }
    free(ifs);
    OK(deleteMSocket(s));
}

int main(void)
{
    begin(30);
    has("loopback alone", 1, index_of("lo"), 0);

    run("ip netns add away && ip -n away link set lo up");
    run("ip link add eth0 type veth peer name eth0 netns away && ip link add eth1 type veth peer name eth1 netns away");
    run("ip addr add 10.1.0.1/24 dev eth1 && ip -6 addr add fd01::1/64 dev eth1 nodad");
    run("ip addr add 10.0.0.1/24 dev eth0 && ip -6 addr add fd00::1/64 dev eth0 nodad");
    run("ip -6 route del local ff00::/8 dev lo table local");
    run("ip -n away link set eth1 up && ip link set eth1 up && sleep 0.3");
    has("one real device that is up", 1, index_of("eth1"), 0);

    run("ip -n away link set eth0 up && ip link set eth0 up && sleep 0.3");
    run("ip route add 224.0.0.0/4 dev eth0");
    run("ip -6 route del multicast ff00::/8 dev eth1 table local");
    has("both families by eth0", 1, index_of("eth0"), 0);

    run("ip route replace 224.0.0.0/4 dev eth1");
    has("IPv4 by eth1, IPv6 by eth0", 2, HAM_IPV4(index_of("eth1")), HAM_IPV6(index_of("eth0")));
    return 0;
}
