/* The source address of IPv6 messages is always the one that a fresh BSD socket would have: also when a better address comes,
 * becomes usable, and goes.
 * network: pair
 */
#include "test.h"

#define NAME "ham:ip:[ff15::23]:5000"

static int heard;

/* The source of the next message. */
static void source(const char *text, char *out)
{
    struct sockaddr_in6 from;
    socklen_t length = sizeof from;
    ssize_t n = recvfrom(heard, test_buffer, sizeof test_buffer, 0, (struct sockaddr *)&from, &length);

    CHECK(n == (ssize_t)strlen(text) && memcmp(test_buffer, text, strlen(text)) == 0);
    CHECK(inet_ntop(AF_INET6, &from.sin6_addr, out, INET6_ADDRSTRLEN) != NULL);
}

/* Within its time both libham's source and that of a BSD socket are this address. */
static void becomes(int s, const char *wanted)
{
    char ours[INET6_ADDRSTRLEN], theirs[INET6_ADDRSTRLEN];
    int64_t end = now_ms() + PATIENCE;

    do {
        pause_ms(20);
        say(s, NAME, "ours");
        source("ours", ours);
        bsd_say("ff15::23", 5000, "eth0", NULL, "theirs");
        source("theirs", theirs);
    } while ((strcmp(ours, theirs) != 0 || strcmp(ours, wanted) != 0) && now_ms() < end);
    if (strcmp(ours, theirs) != 0 || strcmp(ours, wanted) != 0) {
        fprintf(stderr, "libham's source is %s, that of a BSD socket %s, wanted %s\n", ours, theirs, wanted);
        exit(1);
    }
}

int main(void)
{
    int here, s, t;

    begin(40);
    here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    CHECK(here >= 0);
    enter("peer");
    heard = bsd_receiver("ff15::23", 5000, "eth0", NULL);
    CHECK(setns(here, CLONE_NEWNET) == 0);

    s = socket_on("eth0");
    becomes(s, "fd46::1");
    /* An address with which nothing may be sent for three seconds, and a socket that is made meanwhile. */
    run("sysctl -qw net.ipv6.conf.all.accept_dad=1 net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=3");
    run("ip addr add 2001:db8::1/64 dev eth0");
    t = socket_on("eth0");
    becomes(t, "fd46::1");
    becomes(s, "fd46::1");
    run("for i in $(seq 100); do ip -6 addr show dev eth0 tentative | grep -q inet6 || exit 0; sleep 0.1; done; exit 1");
    becomes(t, "2001:db8::1");
    becomes(s, "2001:db8::1");
    run("ip addr del 2001:db8::1/64 dev eth0");
    becomes(s, "fd46::1");
    becomes(t, "fd46::1");
    return 0;
}
