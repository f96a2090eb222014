/* Every size up to 65507 bytes passes, over loopback and over a link of 1500 bytes, IPv4 and IPv6, to and from BSD sockets.
 * network: pair
 */
#include "test.h"

static const size_t sizes[] = {1,    2,    63,   64,   255,  256,  511,  512,   1023,  1024,  1231,  1232,  1233,  1439,
                               1440, 1451, 1452, 1453, 1471, 1472, 1473, 1500,  2047,  2048,  4095,  4096,  8191,  8192,
                               8972, 9000, 16383, 16384, 16385, 32767, 32768, 60000, 65000, 65487, 65506, 65507};
static unsigned char message[65536];

static void fill(size_t size)
{
    for (size_t i = 0; i < size; i++)
        message[i] = (unsigned char)(i * 31 + size);
}

static void check(int n, size_t size, const char *where)
{
    fill(size);
    if (n != (int)size || memcmp(message, test_buffer, size) != 0) {
        fprintf(stderr, "%s: %zu bytes came as %d (%s)\n", where, size, n, strerror(errno));
        exit(1);
    }
}

/* A BSD peer on the other host: it sends back what it hears, on the next port. */
static void echo(const char *group, const int *ready)
{
    enter("peer");
    int in = bsd_receiver(group, 5000, "eth0", NULL), out = bsd_sender(group, "eth0", NULL, 1);
    tell_ready(ready);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ssize_t n = recv(in, test_buffer, sizeof test_buffer, 0);
        check((int)n, sizes[i], "the BSD peer");
        bsd_send(out, group, 5001, test_buffer, (size_t)n);
    }
    exit(0);
}

static void family(const char *group, const char *there, const char *back)
{
    int lo = socket_on("lo"), eth = socket_on("eth0"), ready[2];
    pid_t child;

    CHECK(pipe(ready) == 0);
    child = fork();
    if (child == 0) {
        begin(30);
        echo(group, ready);
    }
    wait_ready(ready);
    OK(join(lo, there));
    OK(join(eth, back));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fill(sizes[i]);
        OK(send(lo, there, sizes[i], message));
        CHECK(readable(lo, PATIENCE));
        check(receive(lo, NULL, sizes[i], test_buffer), sizes[i], "loopback");
        fill(sizes[i]);
        OK(send(eth, there, sizes[i], message));
        if (!readable(eth, PATIENCE))
            fprintf(stderr, "%zu bytes to %s do not come back\n", sizes[i], there);
        CHECK(readable(eth, 0));
        check(receive(eth, back, sizes[i], test_buffer), sizes[i], "the link");
    }
    finished(child);
    OK(deleteMSocket(lo));
    OK(deleteMSocket(eth));
}

int main(void)
{
    begin(50);
    family("239.1.2.3", "ham:ip:239.1.2.3:5000", "ham:ip:239.1.2.3:5001");
    family("ff15::23", "ham:ip:[ff15::23]:5000", "ham:ip:[ff15::23]:5001");
    return 0;
}
