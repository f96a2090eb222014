/* HAM_IPV4 and HAM_IPV6 make an Interface of one family only; the plain index is both. */
#include "test.h"

#define V4 "ham:ip:239.1.2.3:5000"
#define V6 "ham:ip:[ff15::23]:5000"

int main(void)
{
    uint32_t lo, only4, only6, *ifs;
    size_t n;
    int a, b, both;

    begin(30);
    lo = index_of("lo");
    only4 = HAM_IPV4(lo);
    only6 = HAM_IPV6(lo);
    CHECK(only4 != lo && only6 != lo && only4 != only6);
    OK(createMSocket(&a, 1, &only4));
    OK(createMSocket(&b, 1, &only6));
    both = socket_on("lo");
    OK(getInterfaces(a, &n, &ifs));
    CHECK(n == 1 && ifs[0] == only4);
    free(ifs);

    OK(join(a, V4));
    OK(join(b, V6));
    OK(join(both, V4));
    OK(join(both, V6));
    FAILS(join(a, V6), EADDRNOTAVAIL);
    FAILS(join(b, V4), EADDRNOTAVAIL);
    FAILS(send(a, V6, 1, "x"), EADDRNOTAVAIL);
    FAILS(send(b, V4, 1, "x"), EADDRNOTAVAIL);
    say(a, V4, "four");
    say(b, V6, "six");
    expect(a, NULL, "four");
    expect(b, NULL, "six");
    expect(both, V6, "six");
    expect(both, V4, "four");
    silent(both, 50);
    return 0;
}
