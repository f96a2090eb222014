/* The handle is closed by mistake and its number used again: no call acts on the stranger, be it a file, a socket or an epoll
 * descriptor.
 */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"

/* Every call on s may fail or still reach the multicast socket behind it, but has no effect on the stranger. */
static void all_calls(int s)
{
    char buffer[100];
    uint8_t ttl;
    uint32_t *ifs = NULL;
    size_t n = 0;
    int flags = fcntl(s, F_GETFL);

    nonblocking(s, true);
    (void)send(s, NAME, 5, "hello");
    (void)send(s, "ham:ip:239.1.2.7:5000", 5, "hello");
    for (int i = 0; i < 5; i++) {
        (void)receive(s, NULL, sizeof buffer, buffer);
        (void)receive(s, NAME, sizeof buffer, buffer);
    }
    CHECK(receive(s, NULL, sizeof buffer, buffer) == -1);
    (void)join(s, "ham:ip:239.1.2.4:5000");
    (void)leave(s, NAME);
    (void)srcRegister(s, NAME, 0, NULL);
    (void)srcDeregister(s, NAME, 0, NULL);
    (void)setTTL(s, 5, 0, NULL);
    (void)getTTL(s, &ttl);
    (void)addInterface(s, index_of("lo"));
    (void)delInterface(s, index_of("lo"));
    (void)getInterfaces(s, &n, &ifs);
    free(ifs);
    (void)getAtomicMsgSize(s);
    (void)deleteMSocket(s);
    CHECK(fcntl(s, F_GETFD) != -1);
    CHECK(fcntl(s, F_SETFL, flags) == 0);
    /* After that the number is no multicast socket. */
    FAILS(deleteMSocket(s), EBADF);
    FAILS(receive(s, NULL, sizeof buffer, buffer), EBADF);
    FAILS(send(s, NAME, 5, "hello"), EBADF);
    CHECK(fcntl(s, F_GETFD) != -1);
}

/* A multicast socket whose handle was closed by mistake: the number. */
static int closed(void)
{
    int s = socket_on("lo");
    OK(join(s, NAME));
    say(s, NAME, "inside");
    CHECK(readable(s, PATIENCE));
    CHECK(close(s) == 0);
    return s;
}

static void becomes(int fd, int s)
{
    if (fd != s) {
        CHECK(dup2(fd, s) == s);
        close(fd);
    }
}

int main(void)
{
    char buffer[100];
    struct stat file;
    struct epoll_event event = {EPOLLIN, {0}}, got;
    int s, pair[2], pipes[2];

    begin(30);

    /* Just closed, not used again. */
    s = closed();
    (void)receive(s, NULL, sizeof buffer, buffer);
    FAILS(receive(s, NULL, sizeof buffer, buffer), EBADF);
    (void)send(s, NAME, 5, "hello");
    (void)deleteMSocket(s);
    FAILS(deleteMSocket(s), EBADF);

    /* A file. */
    s = closed();
    becomes(open("stranger", O_RDWR | O_CREAT, 0600), s);
    CHECK(write(s, "mine", 4) == 4);
    all_calls(s);
    CHECK(fstat(s, &file) == 0 && file.st_size == 4);
    CHECK(pread(s, buffer, sizeof buffer, 0) == 4 && memcmp(buffer, "mine", 4) == 0);
    close(s);

    /* A socket, with a message inside. */
    s = closed();
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    if (pair[1] == s) {
        pair[1] = pair[0];
        pair[0] = s;
    } else {
        becomes(pair[0], s);
    }
    CHECK(sendto(pair[1], "mine", 4, 0, NULL, 0) == 4);
    all_calls(s);
    CHECK(recv(s, buffer, sizeof buffer, MSG_DONTWAIT) == 4);
    CHECK(recv(pair[1], buffer, sizeof buffer, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    close(s);

    /* An epoll descriptor, which looks most like a handle. */
    s = closed();
    becomes(epoll_create1(0), s);
    CHECK(pipe(pipes) == 0);
    event.data.u64 = 0x1122334455667788u;
    CHECK(epoll_ctl(s, EPOLL_CTL_ADD, pipes[0], &event) == 0);
    all_calls(s);
    CHECK(epoll_wait(s, &got, 1, 0) == 0);
    CHECK(write(pipes[1], "x", 1) == 1);
    CHECK(epoll_wait(s, &got, 1, 1000) == 1 && got.data.u64 == event.data.u64);
    close(s);

    /* A new multicast socket gets the number: it is that one, with nothing of the old one. */
    s = closed();
    CHECK(socket_on("lo") == s);
    silent(s, 50);
    FAILS(leave(s, NAME), EADDRNOTAVAIL);
    OK(join(s, NAME));
    say(s, NAME, "new");
    expect(s, NULL, "new");
    silent(s, 50);
    OK(deleteMSocket(s));
    return 0;
}
