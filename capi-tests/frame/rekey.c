/* A group that is joined again with other credentials has the new key from then on; the old one opens nothing any more.
 * build: -lhamx
 */
#include "frame.h"

#define NAME "ham:sip:keys@cnn.com"
#define OLD NAME "/chacha20-poly1305;AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define NEW NAME "/chacha20-poly1305;ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"

int main(void)
{
    uint64_t refused;
    int s, t, u;

    begin(30);
    s = socket_on("lo");
    t = socket_on("lo");
    u = socket_on("lo");
    OK(join(s, OLD));
    OK(join(u, OLD));
    say(t, OLD, "old");
    expect_as(s, "old", NAME);
    expect_as(u, "old", NAME);

    /* What waits is still opened with the key that it was read with, or refused; it never is a wrong message. */
    OK(join(s, NEW));
    refused = counted(s).refused;
    say(t, OLD, "old after the change");
    expect_as(u, "old after the change", NAME);
    silent(s, 100);
    CHECK(counted(s).refused > refused);
    say(t, NEW, "new");
    expect_as(s, "new", NAME);
    silent(u, 100);
    OK(join(u, NEW));
    for (int i = 0; i < 50; i++) {
        say(t, NEW, "both again");
        expect_as(s, "both again", NAME);
        expect_as(u, "both again", NAME);
    }

    /* Joined without credentials it is a plain group again, and the other way round. */
    OK(join(s, NAME));
    say(t, NEW, "sealed");
    expect_as(u, "sealed", NAME);
    silent(s, 100);
    say(t, NAME, "plain");
    expect_as(s, "plain", NAME);
    OK(join(s, OLD));
    say(t, NAME, "plain to sealed");
    silent(s, 100);
    say(t, OLD, "old once more");
    expect_as(s, "old once more", NAME);
    OK(leave(s, NAME));
    FAILS(leave(s, NEW), EADDRNOTAVAIL);
    say(t, OLD, "left");
    silent(s, 100);
    return 0;
}
