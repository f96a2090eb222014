/* A source-specific Group Name brings the messages of that source only, IPv4. */
#include "test.h"

#define FROM_1 "ham:ip:232.1.2.3@127.0.0.1:5000"
#define FROM_2 "ham:ip:232.1.2.3@127.0.0.2:5000"

static void say_from(const char *source, const char *text)
{
    bsd_say("232.1.2.3", 5000, "lo", source, text);
}

int main(void)
{
    int s, both, any;

    begin(30);
    s = socket_on("lo");
    OK(join(s, FROM_1));
    say_from("127.0.0.2", "wrong source");
    say_from("127.0.0.3", "wrong source");
    say_from("127.0.0.1", "first");
    expect(s, FROM_1, "first");
    silent(s, 100);

    /* Two sources of one group on one socket. */
    both = socket_on("lo");
    OK(join(both, FROM_1));
    OK(join(both, FROM_2));
    say_from("127.0.0.2", "second");
    say_from("127.0.0.1", "third");
    expect(both, FROM_1, "third");
    expect(both, FROM_2, "second");
    expect(s, NULL, "third");
    silent(s, 100);
    OK(leave(both, FROM_1));
    say_from("127.0.0.1", "fourth");
    say_from("127.0.0.2", "fifth");
    expect(both, NULL, "fifth");
    silent(both, 100);
    expect(s, NULL, "fourth");

    /* The group from any source and from one source, on one socket: two names, each with its own messages. */
    any = socket_on("lo");
    OK(join(any, "ham:ip:232.1.2.3:5000"));
    OK(join(any, FROM_2));
    say_from("127.0.0.1", "sixth");
    say_from("127.0.0.2", "seventh");
    expect(any, FROM_2, "seventh");
    expect(any, "ham:ip:232.1.2.3:5000", "sixth");
    expect(any, "ham:ip:232.1.2.3:5000", "seventh");
    silent(any, 100);
    return 0;
}
