/* No message of a foreign group on a socket with very many groups, either, where the library has to filter them itself.
 * timeout: 90
 */
#include "test.h"

int main(void)
{
    char name[64], group[32];
    int s, fd;

    begin(60);
    s = socket_on("lo");
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "ham:ip:239.2.%d.%d:5000", i / 250, i % 250);
        OK(join(s, name));
    }
    /* Foreign: not joined at all, joined by others on the same port, left by us. */
    fd = bsd_receiver("239.9.9.9", 5000, "lo", NULL);
    OK(leave(s, "ham:ip:239.2.0.7:5000"));
    bsd_receiver("239.2.0.7", 5000, "lo", NULL);
    bsd_say("239.9.9.9", 5000, "lo", "127.0.0.1", "foreign");
    bsd_say("239.2.0.7", 5000, "lo", "127.0.0.1", "left");
    bsd_say("239.2.0.8", 5001, "lo", "127.0.0.1", "other port");
    bsd_say("127.0.0.1", 5000, "lo", "127.0.0.1", "unicast");
    silent(s, 200);
    bsd_expect(fd, "foreign");

    for (int i = 0; i < 500; i++) {
        if (i == 7)
            continue;
        snprintf(group, sizeof group, "239.2.%d.%d", i / 250, i % 250);
        bsd_say(group, 5000, "lo", "127.0.0.1", group);
        expect(s, NULL, group);
    }
    /* By name, too. */
    bsd_say("239.2.1.1", 5000, "lo", "127.0.0.1", "one");
    bsd_say("239.2.1.2", 5000, "lo", "127.0.0.1", "two");
    expect(s, "ham:ip:239.2.1.2:5000", "two");
    expect(s, "ham:ip:239.2.1.1:5000", "one");
    silent(s, 50);
    OK(deleteMSocket(s));
    return 0;
}
