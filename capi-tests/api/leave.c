/* leave() ends the subscription of that name alone; leaving what is not joined is EADDRNOTAVAIL. RFC 7046 §4.4.4. */
#include "test.h"

#define A "ham:ip:239.1.2.3:5000"
#define B "ham:ip:239.1.2.4:5000"
#define A_PORT "ham:ip:239.1.2.3:5001"
#define A_SOURCE "ham:ip:239.1.2.3@127.0.0.1:5000"

int main(void)
{
    int s, t;

    begin(30);
    s = socket_on("lo");
    t = socket_on("lo");
    FAILS(leave(s, A), EADDRNOTAVAIL);
    OK(join(s, A));
    OK(join(t, A));
    OK(join(s, B));
    FAILS(leave(s, A_PORT), EADDRNOTAVAIL);
    FAILS(leave(s, A_SOURCE), EADDRNOTAVAIL);
    FAILS(leave(t, B), EADDRNOTAVAIL);
    FAILS(leave(s, "ham:ip:[ff15::23]:5000"), EADDRNOTAVAIL);
    OK(leave(s, A));
    FAILS(leave(s, A), EADDRNOTAVAIL);
    say(s, A, "a");
    say(s, B, "b");
    expect(s, NULL, "b");
    silent(s, 50);
    expect(t, NULL, "a");
    /* The same group on two ports: two names. */
    OK(join(s, A));
    OK(join(s, A_PORT));
    OK(leave(s, A));
    say(s, A, "a");
    say(s, A_PORT, "port");
    expect(s, NULL, "port");
    silent(s, 50);
    /* The kernel's membership goes with the last of them. */
    OK(leave(t, A));
    run("ip maddr show dev lo | grep -q 239.1.2.3");
    OK(leave(s, A_PORT));
    run("! ip maddr show dev lo | grep -q 239.1.2.3");
    OK(deleteMSocket(s));
    run("! ip maddr show dev lo | grep -q 239.1.2.4");
    /* In any spelling. */
    OK(join(t, "ham:ip:[FF15:0:0::23]:5000"));
    OK(leave(t, "HAM:ip:[ff15::0023]:05000"));
    FAILS(leave(t, "ham:ip:[ff15::23]:5000"), EADDRNOTAVAIL);
    return 0;
}
