/* The handle is readable in poll, select and epoll just when receive() has something: also when the message waits inside the
 * library, after a part of a backlog was read; and never when all was read.
 */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"
#define OTHER "ham:ip:239.1.2.4:5000"

static bool by_select(int s)
{
    struct timeval none = {0, 0};
    fd_set set;

    FD_ZERO(&set);
    FD_SET(s, &set);
    return select(s + 1, &set, NULL, NULL, &none) == 1;
}

static int watcher;

static bool by_epoll(int s)
{
    struct epoll_event event;
    int n = epoll_wait(watcher, &event, 1, 0);
    CHECK(n >= 0);
    return n == 1 && event.data.fd == s;
}

#define ALL(s, is) CHECK(readable(s, 0) == (is) && by_select(s) == (is) && by_epoll(s) == (is))

int main(void)
{
    struct epoll_event event = {EPOLLIN, {0}};
    int s;

    begin(30);
    s = socket_on("lo");
    watcher = epoll_create1(0);
    event.data.fd = s;
    CHECK(epoll_ctl(watcher, EPOLL_CTL_ADD, s, &event) == 0);
    ALL(s, false);
    OK(join(s, NAME));
    OK(join(s, OTHER));
    ALL(s, false);

    /* A backlog: readable after each message but the last. */
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 200; i++)
            say(s, i % 3 ? NAME : OTHER, "x");
        for (int i = 0; i < 200; i++) {
            ALL(s, true);
            expect(s, NULL, "x");
        }
        ALL(s, false);
        CHECK(!readable(s, 20));
    }

    /* Messages of one group passed by while another's were taken. */
    for (int i = 0; i < 100; i++) {
        say(s, NAME, "n");
        say(s, OTHER, "o");
    }
    for (int i = 0; i < 100; i++)
        expect(s, OTHER, "o");
    for (int i = 0; i < 100; i++) {
        ALL(s, true);
        expect(s, NULL, "n");
    }
    ALL(s, false);

    /* Left with messages inside: they are gone, and nothing is readable. */
    say(s, NAME, "x");
    say(s, NAME, "x");
    say(s, NAME, "x");
    expect(s, NULL, "x");
    OK(leave(s, NAME));
    silent(s, 20);
    ALL(s, false);
    say(s, OTHER, "y");
    ALL(s, true);
    expect(s, NULL, "y");
    return 0;
}
