/* A message longer than the buffer is EMSGSIZE and stays, whole, for a larger one. */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"
#define OTHER "ham:ip:239.1.2.4:5000"

int main(void)
{
    char small[10], guard[16];
    int s;

    begin(30);
    s = socket_on("lo");
    OK(join(s, NAME));
    OK(join(s, OTHER));
    say(s, NAME, "0123456789A");
    say(s, NAME, "second");
    for (int i = 0; i < 3; i++) {
        CHECK(readable(s, PATIENCE));
        memset(guard, '#', sizeof guard);
        FAILS(receive(s, NULL, 4, guard), EMSGSIZE);
        for (size_t k = 4; k < sizeof guard; k++)
            CHECK(guard[k] == '#');
        FAILS(receive(s, NAME, sizeof small, small), EMSGSIZE);
        FAILS(receive(s, NULL, 0, NULL), EMSGSIZE);
    }
    /* Another group's message passes it by. */
    say(s, OTHER, "other");
    expect(s, OTHER, "other");
    FAILS(receive(s, NAME, sizeof small, small), EMSGSIZE);
    expect(s, NAME, "0123456789A");
    /* A buffer that just fits. */
    CHECK(receive(s, NAME, 6, small) == 6 && memcmp(small, "second", 6) == 0);
    silent(s, 50);

    /* The same without O_NONBLOCK off, and in a socket that is deleted with such a message inside. */
    say(s, NAME, "0123456789A");
    nonblocking(s, true);
    CHECK(readable(s, PATIENCE));
    FAILS(receive(s, NULL, 3, small), EMSGSIZE);
    CHECK(readable(s, 0));
    OK(deleteMSocket(s));
    return 0;
}
