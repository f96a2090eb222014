/* Names of every namespace carry messages, over IPv4 and IPv6, each message once; ham_receive_from gives the joined name in normal
 * form, however it was spelled.
 * build: -lhamx
 */
#include "frame.h"

#include <sys/mount.h>

static const char *const names[][2] = {
    {"ham:opaque:news@cnn.com", "HAM:Opaque:n%65ws@cnn.com"},
    {"ham:opaque:news", "ham:opaque:news"},
    {"ham:opaque:b%C3%BCcher:5000", "ham:OPAQUE:b%c3%bccher:05000"},
    {"ham:sip:news@cnn.com", "ham:sip:news@CNN.com"},
    {"ham:sha-2:4qAIE2DHVCgMHnYQ9wiBcr6VUyBA98wSDGs8G3ayWyM", "ham:SHA-2:4qAIE2DHVCgMHnYQ9wiBcr6VUyBA98wSDGs8G3ayWyM"},
    {"ham:reload:1b0b5f0e@example.org", "ham:Reload:1b0b5f0e@Example.ORG"},
    {"ham:scribe:temperature@building-7:6001", "ham:Scribe:temperature@building-7:6001"},
};

#define NAMES (sizeof names / sizeof names[0])

int main(void)
{
    uint32_t lo = index_of("lo"), family[2];
    FILE *hosts = fopen("hosts", "w");
    char text[32];
    int s, t;

    begin(40);
    s = socket_on("lo");
    t = socket_on("lo");
    for (size_t i = 0; i < NAMES; i++)
        OK(join(s, names[i][1]));
    for (size_t i = 0; i < NAMES; i++) {
        snprintf(text, sizeof text, "message %zu", i);
        say(t, names[i][0], text);
        expect_as(s, text, names[i][0]);
        silent(s, 20);
        say(t, names[i][1], text);
        CHECK(readable(s, PATIENCE));
        CHECK(receive(s, names[i][0], sizeof test_buffer, test_buffer) == (int)strlen(text));
    }
    /* It came by IPv4 and by IPv6. */
    COUNTS(s, duplicates, 2 * NAMES);
    CHECK(counted(s).received == 2 * NAMES && counted(s).lost == 0 && counted(s).refused == 0);
    OK(deleteMSocket(t));

    /* By one family. */
    family[0] = HAM_IPV4(lo);
    family[1] = HAM_IPV6(lo);
    for (int i = 0; i < 2; i++) {
        OK(createMSocket(&t, 1, &family[i]));
        say(t, names[0][0], "one family");
        expect_as(s, "one family", names[0][0]);
        OK(deleteMSocket(t));
    }
    silent(s, 20);
    CHECK(counted(s).duplicates == 2 * NAMES);

    /* A name that was left, and one that was never joined. */
    t = socket_on("lo");
    OK(leave(s, names[0][1]));
    say(t, names[0][0], "left");
    say(t, "ham:opaque:other@cnn.com", "never joined");
    /* Nor the same without its instantiation, without its port, in another namespace or another case. */
    say(t, "ham:opaque:news:7046", "port");
    say(t, "ham:opaque:b%C3%BCcher", "no port");
    say(t, "ham:scribe:news", "namespace");
    say(t, "ham:opaque:News", "case");
    silent(s, 100);
    say(t, names[1][0], "still");
    expect_as(s, "still", names[1][0]);

    /* A name that DNS knows stays what it was: a group of IP. */
    CHECK(hosts != NULL && fputs("239.1.2.3 group.test\n", hosts) >= 0 && fclose(hosts) == 0);
    CHECK(mount("hosts", "/etc/hosts", "", MS_BIND, NULL) == 0);
    OK(join(s, "ham:ip:Group.test:5000"));
    bsd_say("239.1.2.3", 5000, "lo", NULL, "raw");
    expect_as(s, "raw", "ham:ip:group.test:5000");
    say(t, "ham:ip:group.test:5000", "by name");
    expect_as(s, "by name", "ham:ip:group.test:5000");
    return 0;
}
