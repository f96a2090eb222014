/* setTTL and getTTL: 1 unless set; for all Interfaces or some; getTTL gives the largest; the packets carry it. RFC 7046 §4.6.4, §4.6.5.
 * network: pair
 */
#include "test.h"

static const char *const groups[] = {"239.1.2.3", "ff15::23"};
static const char *const names[] = {"ham:ip:239.1.2.3:5000", "ham:ip:[ff15::23]:5000"};

/* The TTL of the next packet, or -1. */
static int heard(int fd)
{
    char data[100], control[256];
    struct iovec part = {data, sizeof data};
    struct msghdr message = {0};

    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(fd, &message, 0) == -1)
        return -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
        int ttl;
        memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
        if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) || (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT))
            return ttl;
    }
    return -1;
}

static int listener(int family, const char *ifname)
{
    int fd = bsd_receiver(groups[family], 5000, ifname, NULL), on = 1, off = 0;
    if (family == 0) {
        CHECK(setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on) == 0);
        CHECK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off) == 0);
    } else {
        CHECK(setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on) == 0);
        CHECK(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off) == 0);
    }
    return fd;
}

int main(void)
{
    uint32_t lo, eth, ifs[2], wrong = 4000;
    uint8_t ttl = 0;
    int s, fd[2], on_lo;

    begin(30);
    lo = index_of("lo");
    eth = index_of("eth0");
    fd[0] = listener(0, "eth0");
    fd[1] = listener(1, "eth0");

    s = socket_on("eth0");
    OK(getTTL(s, &ttl));
    CHECK(ttl == 1);
    for (int family = 0; family < 2; family++) {
        static const uint8_t values[] = {1, 2, 64, 255};
        for (size_t i = 0; i < sizeof values; i++) {
            OK(setTTL(s, values[i], 0, NULL));
            OK(getTTL(s, &ttl));
            CHECK(ttl == values[i]);
            say(s, names[family], "x");
            CHECK(heard(fd[family]) == values[i]);
        }
    }

    /* Each Interface its own. */
    OK(addInterface(s, lo));
    OK(setTTL(s, 1, 0, NULL));
    ifs[0] = eth;
    OK(setTTL(s, 9, 1, ifs));
    OK(getTTL(s, &ttl));
    CHECK(ttl == 9);
    on_lo = listener(0, "lo");
    say(s, names[0], "x");
    CHECK(heard(fd[0]) == 9);
    CHECK(heard(on_lo) == 1);
    ifs[0] = lo;
    ifs[1] = eth;
    OK(setTTL(s, 4, 2, ifs));
    say(s, names[0], "x");
    CHECK(heard(fd[0]) == 4);
    CHECK(heard(on_lo) == 4);

    /* An Interface that is added later gets what was set for all. */
    OK(setTTL(s, 33, 0, NULL));
    OK(delInterface(s, eth));
    OK(addInterface(s, eth));
    say(s, names[0], "x");
    CHECK(heard(fd[0]) == 33);

    /* 0: nothing leaves the host, IPv6 neither; members on the host hear it. */
    OK(setTTL(s, 0, 0, NULL));
    for (int family = 0; family < 2; family++) {
        int ready[2];
        pid_t child;

        CHECK(pipe(ready) == 0);
        child = fork();
        if (child == 0) {
            struct timeval wait = {2, 0};
            int out;
            enter("peer");
            out = bsd_receiver(groups[family], 5000, "eth0", NULL);
            CHECK(setsockopt(out, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
            tell_ready(ready);
            exit(recv(out, test_buffer, sizeof test_buffer, 0) == -1 ? 0 : 3);
        }
        wait_ready(ready);
        say(s, names[family], "x");
        finished(child);
    }

    FAILS(setTTL(s, 1, 1, &wrong), ENODEV);
    FAILS(setTTL(s, 1, 1, NULL), EINVAL);
    FAILS(getTTL(s, NULL), EINVAL);
    return 0;
}
