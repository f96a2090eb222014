/* A message that is longer than the buffer stays: EMSGSIZE, then the whole of it with a larger buffer; fragmented and bundled
 * ones too, and those behind it keep their order.
 * build: -lhamx
 */
#include "frame.h"

#define NAME "ham:opaque:long"

int main(void)
{
    static uint8_t large[50000], buffer[65507];
    struct ham_message info;
    char small[8];
    int s, t;

    begin(30);
    CHECK(setenv("HAM_BUNDLE", "2000", 1) == 0);
    s = socket_on("lo");
    t = socket_on("lo");
    OK(join(s, NAME));
    for (int round = 0; round < 10; round++) {
        fill(large, sizeof large, (unsigned)round);
        say(t, NAME, "first of the bundle");
        say(t, NAME, "second");
        say(t, NAME, "");
        OK(send(t, NAME, sizeof large, large));
        say(t, NAME, "last");
        CHECK(readable(s, PATIENCE));
        FAILS(receive(s, NULL, sizeof small, small), EMSGSIZE);
        FAILS(receive(s, NAME, 0, NULL), EMSGSIZE);
        FAILS(ham_receive_from(s, NULL, 5, small, &info), EMSGSIZE);
        CHECK(readable(s, 0));
        expect(s, NULL, "first of the bundle");
        CHECK(receive(s, NULL, sizeof small, small) == 6 && memcmp(small, "second", 6) == 0);
        CHECK(receive(s, NULL, 0, NULL) == 0);
        CHECK(readable(s, PATIENCE));
        FAILS(receive(s, NAME, sizeof large - 1, buffer), EMSGSIZE);
        FAILS(receive(s, NULL, 1000, buffer), EMSGSIZE);
        CHECK(receive(s, NULL, sizeof large, buffer) == sizeof large && filled(buffer, sizeof large, (unsigned)round));
        expect(s, NULL, "last");
        silent(s, 20);
    }
    CHECK(counted(s).received == 50 && counted(s).lost == 0);
    return 0;
}
