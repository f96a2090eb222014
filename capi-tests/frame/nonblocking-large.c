/* With O_NONBLOCK and a full link a message of many fragments goes out as a whole or, with EAGAIN, not at all: what send took
 * arrives, what it did not take does not, and no half ever.
 * build: -lhamx
 * network: pair
 * root: yes
 */
#include "frame.h"

#include <endian.h>

#define NAME "ham:opaque:nonblocking"
#define TRIES 400

static uint8_t message[65507];

/* Of every message of which anything was on the wire, all fragments were. */
static void no_halves(int fd)
{
    static uint8_t frame[65536];
    static unsigned here[TRIES + 1];
    struct timeval wait = {2, 0};
    uint64_t sequence;
    uint32_t length;
    size_t n;

    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
    while ((n = next_frame(fd, frame, sizeof frame)) > 0) {
        CHECK(n > FRAGMENT_HEADER && (frame[1] & FRAGMENT));
        memcpy(&sequence, frame + 36, sizeof sequence);
        sequence = be64toh(sequence);
        memcpy(&length, frame + 44, sizeof length);
        CHECK(sequence <= TRIES);
        here[sequence] += (unsigned)(n - FRAGMENT_HEADER);
        CHECK(here[sequence] <= ntohl(length));
        if (here[sequence] == ntohl(length))
            here[sequence] = 0;
    }
    for (sequence = 0; sequence <= TRIES; sequence++)
        if (here[sequence] != 0) {
            fprintf(stderr, "number %d ends after %u bytes\n", (int)sequence, here[sequence]);
            exit(1);
        }
}

static void receiver(int ready, int numbers)
{
    static uint8_t buffer[65507];
    uint32_t four;
    int r, fd, n, number = 0, wanted = 0, large = 100000000;

    begin(30);
    enter("peer");
    four = HAM_IPV4(index_of("eth0"));
    OK(createMSocket(&r, 1, &four));
    OK(join(r, NAME));
    fd = bsd_receiver("239.46.4.4", 5000, "eth0", NULL);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large) == 0 ||
          setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof large) == 0);
    CHECK(write(ready, "x", 1) == 1);
    /* In the order of what the sender says that it has sent. */
    while (read(numbers, &wanted, sizeof wanted) == sizeof wanted) {
        CHECK(readable(r, PATIENCE));
        n = receive(r, NULL, sizeof buffer, buffer);
        memcpy(&number, buffer, sizeof number);
        if (number != wanted || !filled(buffer + 4, (size_t)n - 4, (unsigned)number)) {
            fprintf(stderr, "message %d of %d bytes, wanted %d\n", number, n, wanted);
            exit(1);
        }
    }
    silent(r, 100);
    no_halves(fd);
    /* An attempt that failed leaves no hole in the numbers, which would be counted as a loss. */
    CHECK(counted(r).refused == 0 && counted(r).duplicates == 0);
    printf("%llu lost\n", (unsigned long long)counted(r).lost);
    CHECK(counted(r).lost == 0);
    exit(0);
}

/* Sends more than the link carries. Slower ones take longer than any send may wait for the rest of a message. */
static void over(const char *rate, int tries, int pause)
{
    uint32_t four = HAM_IPV4(index_of("eth0"));
    int ready[2], numbers[2], s, sent = 0, refused = 0;
    size_t size;
    pid_t child;
    char byte;

    begin(40);
    configuration("[[map]]\nname = \"" NAME "\"\naddresses = [\"239.46.4.4:5000\"]\n");
    CHECK(pipe(ready) == 0 && pipe(numbers) == 0);
    child = fork();
    if (child == 0) {
        close(numbers[1]);
        receiver(ready[1], numbers[0]);
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    run("tc qdisc replace dev eth0 root tbf rate %s burst 20k limit 20m", rate);
    CHECK(setenv("HAM_SEND_BUFFER", "4096", 1) == 0);
    OK(createMSocket(&s, 1, &four));
    nonblocking(s, true);
    for (int i = 0; i < tries; i++) {
        size = i % 3 == 0 ? 65507 : i % 3 == 1 ? 60000 : 5000;
        fill(message + 4, size - 4, (unsigned)i);
        memcpy(message, &i, sizeof i);
        errno = 0;
        if (send(s, NAME, size, message) == 0) {
            sent++;
            CHECK(write(numbers[1], &i, sizeof i) == sizeof i);
        } else {
            CHECK(errno == EAGAIN);
            refused++;
            pause_ms(pause);
        }
    }
    printf("%s: %d sent, %d EAGAIN\n", rate, sent, refused);
    CHECK(sent > 0 && refused > 0);
    CHECK(counted(s).sent == (uint64_t)sent);
    close(numbers[1]);
    finished(child);
    exit(0);
}

int main(void)
{
    pid_t child;

    begin(50);
    if (system("tc qdisc replace dev eth0 root tbf rate 1gbit burst 20k limit 20m") != 0)
        skip("the kernel has no tbf");
    for (int i = 0; i < 2; i++) {
        child = fork();
        if (child == 0)
            over(i == 0 ? "400mbit" : "3mbit", i == 0 ? TRIES : 100, i == 0 ? 1 : 20);
        finished(child);
    }
    return 0;
}
