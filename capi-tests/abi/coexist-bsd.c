/* BSD sockets beside libham, in a file that does not include ham.h: send is libc's here. */
#include "coexist.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

void bsd_connection(int fds[2]) {
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(listener >= 0);
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(fds[0], (struct sockaddr *)&address, sizeof address) == 0);
    fds[1] = accept(listener, NULL, NULL);
    CHECK(fds[1] >= 0);
    close(listener);
}

void bsd_exchange(int from, int to) {
    static char out[70000], in[sizeof out];
    size_t i, have = 0, want;
    ssize_t n;
    for (i = 0; i < sizeof out; i++)
        out[i] = (char)(i * 7);
    errno = 0;
    CHECK(send(from, "eight of", 8, 0) == 8);
    CHECK(send(from, "", 0, 0) == 0);
    CHECK(send(from, out, 1000, MSG_NOSIGNAL) == 1000);
    CHECK(errno == 0);
    /* More than getMaxMsgSize(). */
    n = send(from, out, sizeof out, MSG_NOSIGNAL | MSG_DONTWAIT);
    CHECK(n > 0);
    want = 8 + 1000 + (size_t)n;
    CHECK(recv(to, in, 8, MSG_WAITALL) == 8 && memcmp(in, "eight of", 8) == 0);
    CHECK(recv(to, in, 1000, MSG_WAITALL) == 1000 && memcmp(in, out, 1000) == 0);
    have = 1008;
    while (have < want) {
        ssize_t got = recv(to, in + have - 1008, want - have, 0);
        CHECK(got > 0);
        have += (size_t)got;
    }
    CHECK(memcmp(in, out, want - 1008) == 0);
    /* Until there is no more room: libc's own errno. */
    do
        n = send(from, out, sizeof out, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n > 0);
    CHECK(n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK));
    while (recv(to, in, sizeof in, MSG_DONTWAIT) > 0)
        ;
    /* Out-of-band data is a flag's doing. */
    CHECK(send(from, "!", 1, MSG_OOB | MSG_NOSIGNAL) == 1);
    usleep(20000);
    CHECK(recv(to, in, 1, MSG_OOB) == 1 && in[0] == '!');
}

void bsd_errors(void) {
    int fds[2];
    CHECK(send(-1, "x", 1, 0) == -1 && errno == EBADF);
    CHECK(pipe(fds) == 0);
    CHECK(send(fds[1], "x", 1, 0) == -1 && errno == ENOTSOCK);
    close(fds[0]);
    close(fds[1]);
    CHECK(send(fds[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == EBADF);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    close(fds[1]);
    CHECK(send(fds[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
    close(fds[0]);
}

void bsd_silence(int fd) {
    char byte;
    CHECK(recv(fd, &byte, 1, MSG_DONTWAIT) == -1 && (errno == EAGAIN || errno == EWOULDBLOCK));
}
