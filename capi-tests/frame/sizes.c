/* Messages of every size around the limits of a fragment come whole, by IPv4, by IPv6 and by both, on loopback and over a link of
 * 1500 bytes.
 * build: -lhamx
 * network: pair
 * timeout: 90
 */
#include "frame.h"

#define NAME "ham:opaque:sizes"
#define BIGGEST 65507

static uint8_t message[BIGGEST + 1], buffer[BIGGEST + 1];
static int sizes[1000], count;

static void add(int size)
{
    if (size >= 0 && size <= BIGGEST && count < 1000)
        sizes[count++] = size;
}

/* Around every multiple of what a fragment can hold when `atomic` bytes travel in one frame. */
static void choose(int atomic)
{
    int fragment = atomic - (FRAGMENT_HEADER - HEADER), i, d;

    for (i = 0; i < 4; i++)
        add(i);
    for (d = -3; d <= 3; d++)
        add(atomic + d);
    for (i = 1; i * fragment <= BIGGEST; i = i < 4 ? i + 1 : i * 2)
        for (d = -1; d <= 1; d++) {
            add(i * fragment + d);
            add(i * (fragment - 1) + d);
        }
    for (i = 0; i < 40; i++)
        add(rand() % BIGGEST);
    add(BIGGEST - 1);
    add(BIGGEST);
}

static void hear(int r, int size, unsigned seed)
{
    int n;

    CHECK(readable(r, PATIENCE));
    n = receive(r, NAME, sizeof buffer, buffer);
    if (n != size || !filled(buffer, (size_t)n, seed)) {
        fprintf(stderr, "of %d bytes: %d bytes came, %s\n", size, n, n == size ? "damaged" : strerror(errno));
        exit(1);
    }
}

/* Each size, to a receiver in the other namespace or on this host. */
static void by(const char *ifname, uint32_t family)
{
    int ready[2], wanted[2], heard[2], s, r, i, size, atomic;
    uint32_t interface;
    pid_t child;
    char byte;

    CHECK(pipe(ready) == 0 && pipe(wanted) == 0 && pipe(heard) == 0);
    child = fork();
    begin(60);
    if (child == 0) {
        if (strcmp(ifname, "lo") != 0)
            enter("peer");
        interface = index_of(ifname) | family;
        OK(createMSocket(&r, 1, &interface));
        OK(join(r, NAME));
        CHECK(write(ready[1], "x", 1) == 1);
        close(wanted[1]);
        for (i = 0; read(wanted[0], &size, sizeof size) == sizeof size; i++) {
            hear(r, size, (unsigned)i);
            CHECK(write(heard[1], "x", 1) == 1);
        }
        silent(r, 50);
        CHECK(counted(r).lost == 0 && counted(r).refused == 0 && counted(r).received == (uint64_t)i);
        exit(0);
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    interface = index_of(ifname) | family;
    OK(createMSocket(&s, 1, &interface));
    OK(srcRegister(s, NAME, 0, NULL));
    atomic = getAtomicMsgSize(s);
    CHECK(atomic > 1000);
    choose(atomic);
    for (i = 0; i < count; i++) {
        fill(message, (size_t)sizes[i], (unsigned)i);
        CHECK(write(wanted[1], &sizes[i], sizeof size) == sizeof size);
        OK(send(s, NAME, (size_t)sizes[i], message));
        CHECK(read(heard[0], &byte, 1) == 1);
    }
    close(wanted[1]);
    FAILS(send(s, NAME, BIGGEST + 1, message), EMSGSIZE);
    finished(child);
    printf("%s %#x: atomic %d, %d sizes\n", ifname, family, atomic, count);
    OK(deleteMSocket(s));
    exit(0);
}

int main(void)
{
    static const uint32_t families[] = {0, HAM_IPV4(0), HAM_IPV6(0)};
    pid_t child;

    begin(80);
    for (int i = 0; i < 6; i++) {
        child = fork();
        if (child == 0)
            by(i < 3 ? "lo" : "eth0", families[i % 3]);
        finished(child);
    }
    return 0;
}
