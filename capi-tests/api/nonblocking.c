/* O_NONBLOCK, set by fcntl() on the handle, is honoured: EAGAIN when nothing is there; and it can be taken back. */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"

int main(void)
{
    char c[8];
    int s;
    int64_t start, shortest = PATIENCE;

    begin(30);
    s = socket_on("lo");
    nonblocking(s, true);
    FAILS(receive(s, NULL, sizeof c, c), EAGAIN);
    OK(join(s, NAME));
    /* The machine may be busy elsewhere for a while, but not each time. */
    for (int i = 0; i < 10 && shortest >= 500; i++) {
        start = now_ms();
        FAILS(receive(s, NULL, sizeof c, c), EAGAIN);
        FAILS(receive(s, NAME, sizeof c, c), EAGAIN);
        if (now_ms() - start < shortest)
            shortest = now_ms() - start;
    }
    CHECK(shortest < 500);
    say(s, NAME, "one");
    expect(s, NULL, "one");
    FAILS(receive(s, NULL, sizeof c, c), EAGAIN);

    /* Taken back: it waits again. */
    nonblocking(s, false);
    start = now_ms();
    {
        pid_t child = fork();
        if (child == 0) {
            pause_ms(300);
            bsd_say("239.1.2.3", 5000, "lo", NULL, "two");
            _exit(0);
        }
        CHECK(receive(s, NULL, sizeof c, c) == 3);
        CHECK(now_ms() - start >= 250);
        finished(child);
    }
    return 0;
}
