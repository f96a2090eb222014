/* Technology ip cannot tell all groups of a namespace: to join or send to `*` gives EADDRNOTAVAIL, with a sentence, and leaves
 * nothing.
 * build: -lhamx
 */
#include "frame.h"

int main(void)
{
    static const char *const names[] = {"ham:opaque:*", "ham:sip:*@cnn.com", "ham:ip:*", "ham:sha-2:*", "ham:scribe:*:5000"};
    int s, t;

    begin(20);
    s = socket_on("lo");
    t = socket_on("lo");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        FAILS(join(s, names[i]), EADDRNOTAVAIL);
        CHECK(strstr(ham_last_error(), names[i]) != NULL);
        FAILS(send(s, names[i], 5, "hello"), EADDRNOTAVAIL);
        FAILS(leave(s, names[i]), EADDRNOTAVAIL);
    }
    /* An asterisk that is encoded is a name like any other. */
    OK(join(s, "ham:opaque:%2A"));
    say(t, "ham:opaque:%2a", "an asterisk");
    expect_as(s, "an asterisk", "ham:opaque:%2A");
    say(t, "ham:opaque:other", "another group");
    silent(s, 50);
    return 0;
}
