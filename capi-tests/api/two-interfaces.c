/* One socket on two Interfaces: a message goes out at both; what comes in at either is heard; the same message that comes in at
 * both is heard twice, as BSD does.
 * network: pair
 */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"
#define NAME6 "ham:ip:[ff15::23]:5000"

static void peer(const char *group, const char *ifname, const char *wanted, const char *answer, const int *ready)
{
    int fd;

    begin(20);
    enter("peer");
    fd = bsd_receiver(group, 5000, ifname, NULL);
    if (strchr(group, ':') == NULL) {
        int off = 0;
        CHECK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off) == 0);
    }
    tell_ready(ready);
    bsd_expect(fd, wanted);
    bsd_say(group, 5001, ifname, NULL, answer);
    exit(0);
}

static void family(const char *group, const char *name, const char *back)
{
    uint32_t both[2] = {index_of("eth0"), index_of("eth1")};
    pid_t children[2];
    int s, n = 0, ready[2];
    bool zero = false, one = false;

    OK(createMSocket(&s, 2, both));
    OK(join(s, back));
    CHECK(pipe(ready) == 0);
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0)
            peer(group, i ? "eth1" : "eth0", "to both", i ? "from 1" : "from 0", ready);
    }
    wait_ready(ready);
    wait_ready(ready);
    say(s, name, "to both");
    for (int i = 0; i < 2; i++) {
        CHECK(readable(s, PATIENCE));
        n = receive(s, back, sizeof test_buffer, test_buffer);
        CHECK(n == 6 && memcmp(test_buffer, "from ", 5) == 0);
        zero |= test_buffer[5] == '0';
        one |= test_buffer[5] == '1';
    }
    CHECK(zero && one);
    finished(children[0]);
    finished(children[1]);
    /* Still there at one when the other is taken away. */
    OK(delInterface(s, both[0]));
    children[0] = fork();
    if (children[0] == 0) {
        enter("peer");
        bsd_say(group, 5001, "eth0", NULL, "not heard");
        bsd_say(group, 5001, "eth1", NULL, "heard");
        exit(0);
    }
    finished(children[0]);
    expect(s, NULL, "heard");
    silent(s, 50);
    OK(deleteMSocket(s));
}

int main(void)
{
    begin(40);
    run("ip link add eth1 type veth peer name eth1 netns peer && ip addr add 10.47.0.1/24 dev eth1 && ip -6 addr add fd47::1/64 dev "
        "eth1 nodad && ip link set eth1 up && ip netns exec peer ip addr add 10.47.0.2/24 dev eth1 && ip netns exec peer ip -6 addr "
        "add fd47::2/64 dev eth1 nodad && ip netns exec peer ip link set eth1 up");
    run("bash -c '. \"$HAM_ROOT/testbed/lib.sh\"; wait_until 20 usable \"\" eth1 && wait_until 20 usable peer eth1'");
    family("239.1.2.3", NAME, "ham:ip:239.1.2.3:5001");
    family("ff15::23", NAME6, "ham:ip:[ff15::23]:5001");
    return 0;
}
