/* getInterfaces, addInterface and delInterface. RFC 7046 §4.3.1, §4.6.1 to §4.6.3.
 * network: pair
 */
#include "test.h"

static bool has(int s, size_t count, uint32_t first, uint32_t second)
{
    uint32_t *ifs = NULL;
    size_t n = 99;
    bool right;

    OK(getInterfaces(s, &n, &ifs));
    right = n == count && (ifs == NULL) == (count == 0);
    if (right && count > 0)
        right = (ifs[0] == first && (count == 1 || ifs[1] == second)) || (count == 2 && ifs[0] == second && ifs[1] == first);
    free(ifs);
    return right;
}

int main(void)
{
    uint32_t lo, eth, *ifs = NULL, two[2];
    size_t n = 0;
    int s, fd;

    begin(30);
    lo = index_of("lo");
    eth = index_of("eth0");
    CHECK(has(HAM_ALL_INTERFACES, 1, eth, 0));

    s = socket_on("lo");
    CHECK(has(s, 1, lo, 0));
    OK(addInterface(s, eth));
    CHECK(has(s, 2, lo, eth));
    OK(delInterface(s, lo));
    CHECK(has(s, 1, eth, 0));
    FAILS(delInterface(s, lo), EADDRNOTAVAIL);
    FAILS(addInterface(s, 4000), ENODEV);
    FAILS(addInterface(s, 0), ENODEV);
    FAILS(addInterface(s, 0x10000000), ENODEV);
    FAILS(getInterfaces(s, NULL, &ifs), EINVAL);
    FAILS(getInterfaces(s, &n, NULL), EINVAL);
    OK(deleteMSocket(s));
    FAILS(getInterfaces(s, &n, &ifs), EBADF);

    two[0] = lo;
    two[1] = eth;
    OK(createMSocket(&s, 2, two));
    CHECK(has(s, 2, lo, eth));
    OK(deleteMSocket(s));
    two[1] = 4000;
    FAILS(createMSocket(&s, 2, two), ENODEV);

    /* What was joined before is joined at an Interface that comes later, and left at one that goes. */
    s = socket_on("eth0");
    OK(join(s, "ham:ip:239.1.2.3:5000"));
    OK(addInterface(s, lo));
    fd = bsd_sender("239.1.2.3", "lo", NULL, 1);
    bsd_send(fd, "239.1.2.3", 5000, "on lo", 5);
    expect(s, NULL, "on lo");
    run("ip maddr show dev lo | grep -q 239.1.2.3");
    OK(delInterface(s, lo));
    bsd_send(fd, "239.1.2.3", 5000, "gone", 4);
    silent(s, 100);
    run("! ip maddr show dev lo | grep -q 239.1.2.3");
    run("ip maddr show dev eth0 | grep -q 239.1.2.3");

    /* A socket without any: nothing to send by. */
    OK(delInterface(s, eth));
    CHECK(has(s, 0, 0, 0));
    FAILS(send(s, "ham:ip:239.1.2.3:5000", 1, "x"), EADDRNOTAVAIL);
    OK(addInterface(s, lo));
    bsd_send(fd, "239.1.2.3", 5000, "back", 4);
    expect(s, NULL, "back");
    OK(deleteMSocket(s));
    return 0;
}
