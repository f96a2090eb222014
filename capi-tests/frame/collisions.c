/* Two names at one address and port never hear each other; nor do they suffer from many groups that share a receiver, nor from
 * a BSD program that sends what is no frame.
 * build: -lhamx
 * timeout: 60
 */
#include "frame.h"

#define A "ham:opaque:a"
#define B "ham:opaque:b"
#define MANY 100

int main(void)
{
    char name[64], text[64];
    uint64_t refused;
    int s, t, u;

    begin(50);
    configuration("[[map]]\nname = \"" A "\"\naddresses = [\"239.46.9.9:5000\", \"[ff15::9]:5000\"]\n"
                  "[[map]]\nname = \"" B "\"\naddresses = [\"239.46.9.9:5000\", \"[ff15::9]:5000\"]\n"
                  "[[map]]\nprefix = \"ham:opaque:many\"\naddresses = [\"239.46.9.10:5000\"]\n");
    s = socket_on("lo");
    t = socket_on("lo");
    u = socket_on("lo");
    OK(join(s, A));
    say(u, B, "for b");
    silent(s, 100);
    say(u, A, "for a");
    expect_as(s, "for a", A);

    /* Both at one socket, and each at one. */
    OK(join(s, B));
    OK(join(t, B));
    for (int i = 0; i < 20; i++) {
        say(u, A, "a again");
        expect_as(s, "a again", A);
        say(u, B, "b again");
        expect_as(s, "b again", B);
        expect_as(t, "b again", B);
    }
    silent(s, 50);
    silent(t, 50);
    CHECK(counted(s).refused == 0 && counted(t).refused == 0 && counted(s).lost == 0 && counted(t).lost == 0);
    OK(leave(s, A));
    say(u, A, "left");
    say(u, B, "stays");
    expect_as(s, "stays", B);
    silent(s, 50);
    OK(join(s, A));
    say(u, A, "back");
    expect_as(s, "back", A);
    say(u, B, "and b");
    expect_as(s, "and b", B);
    expect_as(t, "stays", B);
    expect_as(t, "and b", B);

    /* A BSD program: refused, counted, and no harm. */
    refused = counted(s).refused;
    bsd_say("239.46.9.9", 5000, "lo", NULL, "this is no frame of anybody, but it is long enough to hold the header of one");
    bsd_say("239.46.9.9", 5000, "lo", NULL, "short");
    bsd_say("239.46.9.9", 5000, "lo", NULL, "");
    silent(s, 100);
    silent(t, 100);
    CHECK(counted(s).refused > refused);
    CHECK(counted(t).refused == 3);
    say(u, A, "unharmed");
    expect_as(s, "unharmed", A);

    /* So many groups that they share a receiver: all at one address and port. */
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "ham:opaque:many-%d", i);
        OK(join(t, name));
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "ham:opaque:many-%d", i);
        snprintf(text, sizeof text, "text %d", i);
        say(u, name, text);
        expect_as(t, text, name);
    }
    say(u, "ham:opaque:many-x", "not joined");
    say(u, A, "not joined");
    silent(t, 100);
    say(u, B, "among many");
    expect_as(t, "among many", B);
    OK(deleteMSocket(t));

    /* And at addresses of their own. */
    t = socket_on("lo");
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "ham:opaque:own-%d", i);
        OK(join(t, name));
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "ham:opaque:own-%d", i);
        say(u, name, name);
        expect_as(t, name, name);
    }
    silent(t, 50);
    CHECK(counted(t).duplicates == MANY && counted(t).refused == 0);
    return 0;
}
