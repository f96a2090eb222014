/* A multicast socket is made and removed, and leaves nothing behind. RFC 7046 §4.4.1, §4.4.2. */
#include "test.h"

int main(void)
{
    char path[64], target[64] = "";
    uint32_t lo, wrong = 4000;
    uint8_t ttl;
    int s = -1, before, *nowhere = NULL;
    uint32_t *no_list = NULL;

    begin(30);
    lo = index_of("lo");
    before = open_descriptors();

    OK(createMSocket(&s, 1, &lo));
    CHECK(s >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", s);
    CHECK(readlink(path, target, sizeof target - 1) > 0);
    CHECK(strcmp(target, "anon_inode:[eventpoll]") == 0);
    CHECK(fcntl(s, F_GETFD) == FD_CLOEXEC);
    OK(join(s, "ham:ip:239.1.2.3:5000"));
    OK(send(s, "ham:ip:239.1.2.3:5000", 1, "x"));
    OK(deleteMSocket(s));
    CHECK(fcntl(s, F_GETFD) == -1);

    FAILS(deleteMSocket(s), EBADF);
    FAILS(join(s, "ham:ip:239.1.2.3:5000"), EBADF);
    FAILS(leave(s, "ham:ip:239.1.2.3:5000"), EBADF);
    FAILS(send(s, "ham:ip:239.1.2.3:5000", 1, "x"), EBADF);
    FAILS(receive(s, NULL, 1, path), EBADF);
    FAILS(addInterface(s, lo), EBADF);
    FAILS(delInterface(s, lo), EBADF);
    FAILS(setTTL(s, 1, 0, NULL), EBADF);
    FAILS(getTTL(s, &ttl), EBADF);
    FAILS(getAtomicMsgSize(s), EBADF);
    FAILS(srcRegister(s, "ham:ip:239.1.2.3:5000", 0, NULL), EBADF);
    FAILS(srcDeregister(s, "ham:ip:239.1.2.3:5000", 0, NULL), EBADF);

    s = -7;
    FAILS(createMSocket(nowhere, 1, &lo), EINVAL);
    FAILS(createMSocket(&s, 1, no_list), EINVAL);
    FAILS(createMSocket(&s, 1, &wrong), ENODEV);
    wrong = 0;
    FAILS(createMSocket(&s, 1, &wrong), ENODEV);
    FAILS(deleteMSocket(-1), EBADF);
    FAILS(deleteMSocket(0), EBADF);
    CHECK(fcntl(0, F_GETFD) != -1);

    /* What the library keeps for the process may be there after the first round, but may not grow. */
    before = open_descriptors() > before ? open_descriptors() : before;
    for (int round = 0; round < 200; round++) {
        s = socket_on("lo");
        OK(join(s, "ham:ip:239.1.2.3:5000"));
        OK(join(s, "ham:ip:[ff15::5]:5000"));
        OK(send(s, "ham:ip:239.1.2.4:5000", 1, "x"));
        OK(deleteMSocket(s));
    }
    CHECK(open_descriptors() == before);
    return 0;
}
