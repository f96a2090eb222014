/* A group whose messages never end does not keep those of a quiet group from being received. */
#include "test.h"

static void hears_quiet(const char *busy, const char *quiet)
{
    int s = socket_on("lo"), n, received = 0;

    OK(join(s, busy));
    OK(join(s, quiet));
    for (int i = 0; i < 3; i++)
        say(s, busy, "busy");
    expect(s, NULL, "busy");
    /* There is always a message of the busy group, too. */
    for (int round = 0; round < 3; round++) {
        say(s, quiet, "quiet");
        received = 0;
        do {
            say(s, busy, "busy");
            n = receive(s, NULL, sizeof test_buffer, test_buffer);
            CHECK(n == 4 || n == 5);
            CHECK(++received < 5000);
        } while (n != 5);
    }
    OK(deleteMSocket(s));
}

int main(void)
{
    begin(30);
    hears_quiet("ham:ip:239.1.2.3:5000", "ham:ip:239.1.2.4:5000");
    hears_quiet("ham:ip:239.1.2.4:5000", "ham:ip:239.1.2.3:5001");
    hears_quiet("ham:ip:[ff15::23]:5000", "ham:ip:239.1.2.3:5000");
    hears_quiet("ham:ip:239.1.2.3:5000", "ham:ip:[ff15::23]:5000");
    return 0;
}
