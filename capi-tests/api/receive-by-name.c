/* receive() with a Group Name takes only that group's messages; the others stay, in order. Several groups on one socket. */
#include "test.h"

#define A "ham:ip:239.1.2.3:5000"
#define B "ham:ip:239.1.2.4:5000"
#define C "ham:ip:[ff15::23]:5000"

int main(void)
{
    char c;
    int s;

    begin(30);
    s = socket_on("lo");
    OK(join(s, A));
    OK(join(s, B));
    OK(join(s, C));
    say(s, A, "a1");
    say(s, B, "b1");
    say(s, C, "c1");
    say(s, A, "a2");
    say(s, B, "b2");
    expect(s, B, "b1");
    expect(s, C, "c1");
    expect(s, B, "b2");
    nonblocking(s, true);
    FAILS(receive(s, B, 1, &c), EAGAIN);
    FAILS(receive(s, C, 1, &c), EAGAIN);
    nonblocking(s, false);
    CHECK(readable(s, 0));
    expect(s, NULL, "a1");
    expect(s, A, "a2");
    CHECK(!readable(s, 50));

    /* Any spelling of the name will do; one that is not joined will not. */
    say(s, A, "a3");
    expect(s, "HAM:IP:239.1.2.3:05000", "a3");
    FAILS(receive(s, "ham:ip:239.1.2.9:5000", 1, &c), EADDRNOTAVAIL);

    /* A blocked receive for one group is not woken by another's message. */
    {
        pid_t child = fork();
        if (child == 0) {
            pause_ms(200);
            bsd_say("239.1.2.4", 5000, "lo", NULL, "b3");
            pause_ms(200);
            bsd_say("239.1.2.3", 5000, "lo", NULL, "a4");
            _exit(0);
        }
        CHECK(receive(s, A, sizeof test_buffer, test_buffer) == 2 && memcmp(test_buffer, "a4", 2) == 0);
        finished(child);
        expect(s, NULL, "b3");
    }
    return 0;
}
