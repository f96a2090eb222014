/* join, send and receive on loopback over IPv4, with BSD sockets as the other end, both ways. RFC 7046 §4.4.3, §4.5. */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"

int main(void)
{
    int a, b, fd;

    begin(30);
    a = socket_on("lo");
    b = socket_on("lo");
    OK(join(a, NAME));
    OK(join(b, NAME));
    fd = bsd_receiver("239.1.2.3", 5000, "lo", NULL);

    say(a, NAME, "from a");
    expect(a, NULL, "from a");
    expect(b, NAME, "from a");
    bsd_expect(fd, "from a");

    bsd_say("239.1.2.3", 5000, "lo", "127.0.0.1", "from BSD");
    expect(a, NAME, "from BSD");
    expect(b, NULL, "from BSD");
    bsd_expect(fd, "from BSD");

    /* A sender need not be a member. */
    OK(leave(b, NAME));
    say(b, NAME, "from outside");
    expect(a, NULL, "from outside");
    bsd_expect(fd, "from outside");
    silent(b, 100);

    for (int i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        say(b, NAME, text);
        expect(a, NULL, text);
    }
    OK(deleteMSocket(a));
    OK(deleteMSocket(b));
    return 0;
}
