/* A source-specific Group Name brings the messages of that source only, IPv6. */
#include "test.h"

#define FROM_1 "ham:ip:[ff35::4321]@[fd00::1]:5000"
#define FROM_2 "ham:ip:[ff35::4321]@[fd00::2]:5000"

static void say_from(const char *source, const char *text)
{
    bsd_say("ff35::4321", 5000, "lo", source, text);
}

int main(void)
{
    int s, both, any;

    begin(30);
    run("ip -6 addr add fd00::1 dev lo nodad && ip -6 addr add fd00::2 dev lo nodad && ip -6 addr add fd00::3 dev lo nodad");
    s = socket_on("lo");
    OK(join(s, FROM_1));
    say_from("fd00::2", "wrong source");
    say_from("fd00::3", "wrong source");
    say_from("fd00::1", "first");
    expect(s, FROM_1, "first");
    silent(s, 100);

    both = socket_on("lo");
    OK(join(both, FROM_1));
    OK(join(both, FROM_2));
    say_from("fd00::2", "second");
    say_from("fd00::1", "third");
    expect(both, FROM_1, "third");
    expect(both, FROM_2, "second");
    expect(s, NULL, "third");
    OK(leave(both, FROM_1));
    say_from("fd00::1", "fourth");
    say_from("fd00::2", "fifth");
    expect(both, NULL, "fifth");
    silent(both, 100);
    expect(s, NULL, "fourth");

    any = socket_on("lo");
    OK(join(any, "ham:ip:[ff35::4321]:5000"));
    OK(join(any, FROM_2));
    say_from("fd00::1", "sixth");
    say_from("fd00::2", "seventh");
    expect(any, FROM_2, "seventh");
    expect(any, "ham:ip:[ff35::4321]:5000", "sixth");
    expect(any, "ham:ip:[ff35::4321]:5000", "seventh");
    silent(any, 100);
    return 0;
}
