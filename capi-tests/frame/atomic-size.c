/* Once a framed group is used, getAtomicMsgSize is 44 less, 60 with a sealed one; a message of that size is one datagram on the
 * wire, one of a byte more is two. A group of ip is raw: it changes nothing.
 * build: -lhamx
 * network: pair
 */
#include "frame.h"

#define NAME "ham:opaque:atomic"
#define KEYED "ham:opaque:atomic-sealed/aes-256-gcm;AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

/* How many datagrams a message of this size is, and the longest of them. */
static int datagrams(int s, int fd, const char *name, int size, size_t *longest)
{
    static uint8_t message[65507], frame[65536];
    size_t n;
    int count = 0;

    OK(send(s, name, (size_t)size, message));
    CHECK(readable(fd, PATIENCE));
    for (*longest = 0; (n = next_frame(fd, frame, sizeof frame)) > 0; count++)
        if (n > *longest)
            *longest = n;
    return count;
}

int main(void)
{
    struct timeval wait = {0, 300000};
    int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), s, plain, sealed, none;
    uint32_t eth0 = index_of("eth0"), four = HAM_IPV4(eth0);
    size_t longest;

    begin(30);
    configuration("[[map]]\nname = \"" NAME "\"\naddresses = [\"239.46.5.5:5000\", \"[ff15::5]:5000\"]\n"
                  "[[map]]\nname = \"ham:opaque:atomic-sealed\"\naddresses = [\"239.46.5.6:5000\", \"[ff15::6]:5000\"]\n");
    CHECK(here >= 0);
    enter("peer");
    plain = bsd_receiver("ff15::5", 5000, "eth0", NULL);
    sealed = bsd_receiver("ff15::6", 5000, "eth0", NULL);
    none = bsd_receiver("239.46.5.5", 5000, "eth0", NULL);
    CHECK(setsockopt(plain, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
    CHECK(setsockopt(sealed, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
    CHECK(setsockopt(none, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
    CHECK(setns(here, CLONE_NEWNET) == 0);

    OK(createMSocket(&s, 1, &eth0));
    CHECK(getAtomicMsgSize(s) == 1452);
    OK(join(s, "ham:ip:239.1.2.3:5000"));
    CHECK(getAtomicMsgSize(s) == 1452);
    OK(join(s, NAME));
    CHECK(getAtomicMsgSize(s) == 1452 - HEADER);
    CHECK(datagrams(s, plain, NAME, 1452 - HEADER, &longest) == 1 && longest == 1452);
    CHECK(datagrams(s, plain, NAME, 1452 - HEADER + 1, &longest) == 2 && longest <= 1452);
    CHECK(datagrams(s, plain, NAME, 0, &longest) == 1 && longest == HEADER);
    /* The first send is a use as well. */
    say(s, KEYED, "hello");
    CHECK(datagrams(s, sealed, KEYED, 0, &longest) >= 1);
    CHECK(getAtomicMsgSize(s) == 1452 - HEADER - SEAL);
    CHECK(datagrams(s, sealed, KEYED, 1452 - HEADER - SEAL, &longest) == 1 && longest == 1452);
    CHECK(datagrams(s, sealed, KEYED, 1452 - HEADER - SEAL + 1, &longest) == 2 && longest <= 1452);
    CHECK(getMaxMsgSize() == 65507);
    OK(deleteMSocket(s));

    /* IPv4 alone carries 20 bytes more. */
    OK(createMSocket(&s, 1, &four));
    OK(srcRegister(s, NAME, 0, NULL));
    CHECK(getAtomicMsgSize(s) == 1472 - HEADER);
    while (next_frame(none, (uint8_t *)test_buffer, sizeof test_buffer) > 0)
        ;
    CHECK(datagrams(s, none, NAME, 1472 - HEADER, &longest) == 1 && longest == 1472);
    CHECK(datagrams(s, none, NAME, 1472 - HEADER + 1, &longest) == 2 && longest <= 1472);
    return 0;
}
