/* The handle is readable exactly when receive would not block, for poll, select and epoll: with bundles, with fragments, with
 * two copies of each message, and with several groups of which one is asked for by name.
 * build: -lhamx
 */
#include "frame.h"

#define A "ham:opaque:readable-a"
#define B "ham:opaque:readable-b"

static int s, t, watch;

static bool by_epoll(int milliseconds)
{
    struct epoll_event event;
    return epoll_wait(watch, &event, 1, milliseconds) == 1;
}

static bool by_select(void)
{
    struct timeval none = {0, 0};
    fd_set set;

    FD_ZERO(&set);
    FD_SET(s, &set);
    return select(s + 1, &set, NULL, NULL, &none) == 1;
}

static void takes(const char *name, const char *text)
{
    int n;

    CHECK(readable(s, PATIENCE) && by_select() && by_epoll(0));
    /* It may have been for the other copy of an earlier message. */
    while ((n = receive(s, name, sizeof test_buffer, test_buffer)) == -1) {
        CHECK(errno == EAGAIN);
        CHECK(readable(s, PATIENCE));
    }
    CHECK(n == (int)strlen(text) && memcmp(test_buffer, text, strlen(text)) == 0);
}

/* Nothing more: receive says so, and after it the handle does. */
static void nothing(void)
{
    int64_t end = now_ms() + 100, late = now_ms() + PATIENCE;

    /* The other copy of the last message may be on its way. */
    do {
        FAILS(receive(s, NULL, sizeof test_buffer, test_buffer), EAGAIN);
        pause_ms(10);
    } while (now_ms() < end || (readable(s, 0) && now_ms() < late));
    CHECK(!readable(s, 0) && !by_select() && !by_epoll(0));
}

int main(void)
{
    static uint8_t large[60000], buffer[65507];
    struct epoll_event event = {EPOLLIN, {0}};

    begin(30);
    CHECK(setenv("HAM_BUNDLE", "5000", 1) == 0);
    s = socket_on("lo");
    t = socket_on("lo");
    watch = epoll_create1(EPOLL_CLOEXEC);
    CHECK(watch >= 0 && epoll_ctl(watch, EPOLL_CTL_ADD, s, &event) == 0);
    nonblocking(s, true);
    OK(join(s, A));
    OK(join(s, B));
    nothing();
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 5; i++) {
            say(t, A, "to a");
            say(t, B, "to b");
        }
        for (int i = 0; i < 5; i++)
            takes(A, "to a");
        if (round % 2 == 0) {
            /* Those of the other group keep it readable. */
            FAILS(receive(s, A, sizeof test_buffer, test_buffer), EAGAIN);
            CHECK(readable(s, PATIENCE));
        }
        for (int i = 0; i < 5; i++)
            takes(NULL, "to b");
        nothing();
        fill(large, sizeof large, (unsigned)round);
        OK(send(t, A, sizeof large, large));
        CHECK(readable(s, PATIENCE));
        /* On the way it may be readable for a fragment. */
        while (receive(s, NULL, sizeof buffer, buffer) == -1) {
            CHECK(errno == EAGAIN);
            CHECK(readable(s, PATIENCE));
        }
        CHECK(filled(buffer, sizeof large, (unsigned)round));
        nothing();
    }

    /* A bundle of which the application takes one message, then leaves the group: what is left goes with it. */
    for (int i = 0; i < 5; i++)
        say(t, A, "to a");
    takes(A, "to a");
    OK(leave(s, A));
    nothing();
    say(t, B, "to b");
    takes(NULL, "to b");
    nothing();
    return 0;
}
