/* A DNS name as group, or as source, is resolved at join. */
#include "test.h"

#include <sys/mount.h>

static void hosts(const char *text)
{
    FILE *file = fopen("hosts", "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

int main(void)
{
    int s, t;
    int64_t start;

    begin(30);
    hosts("127.0.0.1 localhost\n239.1.2.3 group.test\nff15::23 six.test\n10.0.0.1 host.test\n127.0.0.2 source.test\n"
          "127.0.0.9 source.test\n");
    /* The sandbox has mounts of its own. */
    CHECK(mount("hosts", "/etc/hosts", NULL, MS_BIND, NULL) == 0);
    s = socket_on("lo");
    OK(join(s, "ham:ip:group.test:5000"));
    OK(join(s, "ham:ip:SIX.test:5000"));
    bsd_say("239.1.2.3", 5000, "lo", NULL, "by name");
    expect(s, "ham:ip:Group.Test:5000", "by name");
    bsd_say("ff15::23", 5000, "lo", NULL, "six");
    expect(s, "ham:ip:six.test:5000", "six");

    /* Resolved once: the membership and the sends stay as they were when the file changes. */
    {
        FILE *file = fopen("/etc/hosts", "w");
        CHECK(file != NULL && fputs("239.1.2.77 group.test\n", file) >= 0 && fclose(file) == 0);
    }
    say(s, "ham:ip:group.test:5000", "once");
    expect(s, "ham:ip:group.test:5000", "once");
    OK(leave(s, "ham:ip:group.test:5000"));
    run("! ip maddr show dev lo | grep -q 239.1.2.3");

    t = socket_on("lo");
    hosts("239.1.2.3 group.test\n10.0.0.1 host.test\n127.0.0.2 source.test\n");
    OK(join(t, "ham:ip:232.1.2.3@source.test:5000"));
    bsd_say("232.1.2.3", 5000, "lo", "127.0.0.1", "wrong source");
    bsd_say("232.1.2.3", 5000, "lo", "127.0.0.2", "right source");
    expect(t, NULL, "right source");
    silent(t, 50);

    /* A name of a host that is no group; a name that does not exist. */
    errno = 0;
    CHECK(join(t, "ham:ip:host.test:5000") == -1 && (errno == EINVAL || errno == EADDRNOTAVAIL));
    start = now_ms();
    CHECK(join(t, "ham:ip:nowhere.invalid:5000") == -1 && errno != 0);
    CHECK(now_ms() - start < 20000);
    return 0;
}
