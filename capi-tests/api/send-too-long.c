/* A message above getMaxMsgSize() is EMSGSIZE, and nothing of it is sent. */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"

int main(void)
{
    static char message[100000];
    int s, longest = getMaxMsgSize();

    begin(30);
    CHECK(longest == 65507);
    s = socket_on("lo");
    OK(join(s, NAME));
    FAILS(send(s, NAME, (size_t)longest + 1, message), EMSGSIZE);
    FAILS(send(s, NAME, sizeof message, message), EMSGSIZE);
    FAILS(send(s, NAME, SIZE_MAX, message), EMSGSIZE);
    FAILS(send(s, NAME, (size_t)1 << 32, message), EMSGSIZE);
    FAILS(send(s, "ham:ip:[ff15::23]:5000", (size_t)longest + 1, message), EMSGSIZE);
    silent(s, 100);
    say(s, NAME, "after");
    expect(s, NULL, "after");
    return 0;
}
