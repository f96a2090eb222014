/* ham_receive_from tells the Group Name, the Interface and the sender of each message (libhamx).
 * build: -lhamx
 * network: pair
 */
#include "test.h"

#include <hamx.h>

static void is(int s, const char *name, const char *text, const char *group, const char *interface, const char *from)
{
    struct ham_message info;

    CHECK(readable(s, PATIENCE));
    memset(&info, '#', sizeof info);
    CHECK(ham_receive_from(s, name, sizeof test_buffer, test_buffer, &info) == (int)strlen(text));
    CHECK(memcmp(test_buffer, text, strlen(text)) == 0);
    if (strcmp(info.group_uri, group) != 0 || info.iface != index_of(interface) || strncmp(info.from, from, strlen(from)) != 0) {
        fprintf(stderr, "%s: group %s, Interface %u, from %s\n", text, info.group_uri, info.iface, info.from);
        exit(1);
    }
}

int main(void)
{
    uint32_t both[2];
    struct ham_message info;
    pid_t child;
    int s, fd;

    begin(30);
    both[0] = index_of("lo");
    both[1] = index_of("eth0");
    OK(ham_createMSocket(&s, 2, both));
    OK(ham_join(s, "HAM:ip:239.1.2.3:05000"));
    OK(ham_join(s, "ham:ip:[FF15:0::23]:5000"));
    OK(ham_join(s, "ham:ip:232.1.2.3@127.0.0.2:5000"));
    OK(ham_join(s, "ham:ip:239.1.2.9"));
    fd = bsd_sender("239.1.2.3", "lo", "127.0.0.1", 1);
    bsd_send(fd, "239.1.2.3", 5000, "one", 3);
    is(s, NULL, "one", "ham:ip:239.1.2.3:5000", "lo", "127.0.0.1:");
    {
        struct sockaddr_in me;
        socklen_t length = sizeof me;
        char from[32];
        CHECK(getsockname(fd, (struct sockaddr *)&me, &length) == 0);
        snprintf(from, sizeof from, "127.0.0.1:%d", ntohs(me.sin_port));
        bsd_send(fd, "239.1.2.3", 5000, "exactly", 7);
        CHECK(readable(s, PATIENCE));
        CHECK(ham_receive_from(s, NULL, sizeof test_buffer, test_buffer, &info) == 7);
        CHECK(strcmp(info.from, from) == 0);
    }
    bsd_say("232.1.2.3", 5000, "lo", "127.0.0.2", "source");
    is(s, NULL, "source", "ham:ip:232.1.2.3@127.0.0.2:5000", "lo", "127.0.0.2:");
    bsd_say("239.1.2.9", 7046, "lo", "127.0.0.1", "default port");
    is(s, NULL, "default port", "ham:ip:239.1.2.9", "lo", "127.0.0.1:");
    child = fork();
    if (child == 0) {
        enter("peer");
        bsd_say("ff15::23", 5000, "eth0", "fd46::2", "six");
        bsd_say("239.1.2.3", 5000, "eth0", "10.46.0.2", "four");
        exit(0);
    }
    finished(child);
    is(s, "ham:ip:239.1.2.3:5000", "four", "ham:ip:239.1.2.3:5000", "eth0", "10.46.0.2:");
    is(s, NULL, "six", "ham:ip:[ff15::23]:5000", "eth0", "[fd46::2]:");
    FAILS(ham_receive_from(s, NULL, sizeof test_buffer, test_buffer, NULL), EINVAL);
    return 0;
}
