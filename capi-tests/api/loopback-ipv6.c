/* join, send and receive on loopback over IPv6, in several scopes, with BSD sockets as the other end, both ways. */
#include "test.h"

static void scope(const char *group)
{
    char name[64];
    int a = socket_on("lo"), b = socket_on("lo"), fd;

    snprintf(name, sizeof name, "ham:ip:[%s]:5000", group);
    OK(join(a, name));
    OK(join(b, name));
    fd = bsd_receiver(group, 5000, "lo", NULL);

    say(a, name, "from a");
    expect(a, NULL, "from a");
    expect(b, name, "from a");
    bsd_expect(fd, "from a");

    bsd_say(group, 5000, "lo", NULL, "from BSD");
    expect(a, name, "from BSD");
    expect(b, NULL, "from BSD");
    bsd_expect(fd, "from BSD");

    OK(leave(b, name));
    say(b, name, "from outside");
    expect(a, NULL, "from outside");
    silent(b, 100);
    close(fd);
    OK(deleteMSocket(a));
    OK(deleteMSocket(b));
}

int main(void)
{
    begin(30);
    scope("ff11::1:2");
    scope("ff12::1:2");
    scope("ff15::1:2");
    scope("ff1e::1:2");
    return 0;
}
