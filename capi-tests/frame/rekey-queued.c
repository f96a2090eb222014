/* What waits in the library when a group is joined again with credentials was not sealed with them, and does not come any more.
 * build: -lhamx
 */
#include "frame.h"

#define NAME "ham:opaque:queued"

int main(void)
{
    int s, t;

    begin(20);
    CHECK(setenv("HAM_BUNDLE", "20000", 1) == 0);
    s = socket_on("lo");
    t = socket_on("lo");
    OK(join(s, NAME));
    for (int i = 0; i < 3; i++)
        say(t, NAME, "plain");
    expect(s, NULL, "plain");
    CHECK(readable(s, 0));
    OK(join(s, NAME "/chacha20-poly1305;AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"));
    silent(s, 100);
    CHECK(!readable(s, 0));
    return 0;
}
