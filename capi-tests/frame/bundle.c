/* Bundles: with bundle_us small messages of one group share a datagram; their order is kept; a bundle goes out when it is full,
 * after the delay, before a message that does not fit, and when the socket is deleted.
 * build: -lhamx
 */
#include "frame.h"

#define A "ham:opaque:bundle-a"
#define B "ham:opaque:bundle-b"
#define MAP                                                                                                                \
    "[[map]]\nname = \"" A "\"\naddresses = [\"239.46.6.1:5000\"]\n"                                                        \
    "[[map]]\nname = \"" B "\"\naddresses = [\"239.46.6.2:5000\"]\n"

static int s, r, fd;

static void start(const char *frame_keys)
{
    char text[1024];
    struct timeval wait = {0, 300000};

    begin(20);
    snprintf(text, sizeof text, "[frame]\n%s\n" MAP, frame_keys);
    configuration(text);
    s = socket_on("lo");
    r = socket_on("lo");
    fd = bsd_receiver("239.46.6.1", 5000, "lo", NULL);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
    OK(join(r, A));
    OK(join(r, B));
}

/* `count` messages of 64 bytes; the first byte tells which. */
static void sends(const char *name, int from, int count)
{
    uint8_t message[64];

    for (int i = from; i < from + count; i++) {
        fill(message, sizeof message, (unsigned)i);
        OK(send(s, name, sizeof message, message));
    }
}

static void hears(const char *name, int from, int count)
{
    uint8_t message[64];

    for (int i = from; i < from + count; i++) {
        CHECK(readable(r, PATIENCE));
        CHECK(receive(r, name, sizeof message, message) == sizeof message && filled(message, sizeof message, (unsigned)i));
    }
}

/* How many datagrams came for A, and the length of the longest. */
static int datagrams(size_t *longest)
{
    static uint8_t frame[65536];
    size_t n;
    int count = 0;

    for (*longest = 0; (n = next_frame(fd, frame, sizeof frame)) > 0; count++) {
        CHECK(n > HEADER && frame[0] == 1 && (frame[1] & ~(BUNDLE | FRAGMENT)) == 0);
        if (n > *longest)
            *longest = n;
    }
    return count;
}

static void by_size(void)
{
    size_t longest;

    /* A second of delay: what is here at once was full. */
    start("bundle_us = 1000000\nbundle_size = 660");
    sends(A, 0, 30);
    hears(A, 0, 30);
    /* Nine of 64 bytes with their lengths and the header are one datagram. */
    CHECK(datagrams(&longest) == 4);
    CHECK(longest == HEADER + 9 * 66);
    CHECK(counted(s).sent == 30 && counted(r).received == 30 && counted(r).lost == 0);
}

static void by_delay(void)
{
    size_t longest;

    start("bundle_us = 20000");
    sends(A, 0, 10);
    sends(B, 0, 10);
    /* Nothing else is sent: the delay has to end. */
    hears(A, 0, 10);
    hears(B, 0, 10);
    for (int i = 0; i < 50; i++)
        sends(A, i * 10, 10);
    hears(A, 0, 500);
    CHECK(datagrams(&longest) < 60);
    CHECK(longest > HEADER + 9 * 66);
    silent(r, 50);
    CHECK(counted(r).lost == 0 && counted(r).duplicates == 0 && counted(r).received == 520);
}

static void in_order(void)
{
    static uint8_t large[60000], buffer[65507];
    static const size_t sizes[] = {64, 0, 1, 60000, 5, 5, 1400, 64, 30000, 0, 2000};

    start("bundle_us = 50000\nbundle_size = 1000");
    for (int round = 0; round < 20; round++) {
        for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            fill(large, sizes[i], i);
            OK(send(s, A, sizes[i], large));
        }
        for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            CHECK(readable(r, PATIENCE));
            CHECK(receive(r, A, sizeof buffer, buffer) == (int)sizes[i] && filled(buffer, sizes[i], i));
        }
    }
    silent(r, 60);
}

static void by_delete(void)
{
    start("bundle_us = 1000000");
    sends(A, 0, 5);
    sends(B, 7, 3);
    OK(deleteMSocket(s));
    hears(A, 0, 5);
    hears(B, 7, 3);
}

static void *sender(void *name)
{
    sends(name, 0, 2000);
    return NULL;
}

/* Threads of their own for two groups; a third thread makes and leaves memberships meanwhile. */
static void from_threads(void)
{
    pthread_t a, b;

    start("bundle_us = 1000");
    CHECK(pthread_create(&a, NULL, sender, A) == 0 && pthread_create(&b, NULL, sender, B) == 0);
    for (int i = 0; i < 50; i++) {
        OK(join(s, "ham:opaque:other"));
        OK(leave(s, "ham:opaque:other"));
    }
    hears(A, 0, 2000);
    hears(B, 0, 2000);
    CHECK(pthread_join(a, NULL) == 0 && pthread_join(b, NULL) == 0);
    silent(r, 20);
}

static void off(void)
{
    size_t longest;

    start("bundle_us = 0");
    sends(A, 0, 10);
    hears(A, 0, 10);
    CHECK(datagrams(&longest) == 10 && longest == HEADER + 64);
}

int main(void)
{
    static void (*const parts[])(void) = {by_size, by_delay, in_order, by_delete, from_threads, off};
    pid_t child;

    begin(50);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        child = fork();
        if (child == 0) {
            parts[i]();
            exit(0);
        }
        finished(child);
        printf("part %zu: as it should be\n", i);
    }
    return 0;
}
