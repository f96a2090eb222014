/*
 * HAM's send, libc's send and libcurl in one process: coexist URL EXPECTED [LIBRARY]. Compiled as C or C++; with
 * -DBY_DLOPEN the functions of RFC 7046 come from the library in the third argument, with -DHAMX libhamx takes part too.
 */
#include <sys/socket.h>
#ifndef BY_DLOPEN
#include <ham.h>
#endif
#ifdef HAMX
#include <hamx.h>
#endif
#include "coexist.h"
#include <net/if.h>
#include <stdint.h>
#include <unistd.h>

#ifdef BY_DLOPEN
#include <dlfcn.h>

/* Their pointers have their names, apart from send, which is libc's in this file. */
static int (*createMSocket)(int *, size_t, const uint32_t *);
static int (*deleteMSocket)(int);
static int (*join)(int, const char *);
static int (*group_send)(int, const char *, size_t, const void *);
static int (*receive)(int, const char *, size_t, void *);

static void load(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(library != NULL);
    *(void **)&createMSocket = dlsym(library, "createMSocket");
    *(void **)&deleteMSocket = dlsym(library, "deleteMSocket");
    *(void **)&join = dlsym(library, "join");
    *(void **)&group_send = dlsym(library, "send");
    *(void **)&receive = dlsym(library, "receive");
    CHECK(createMSocket && deleteMSocket && join && group_send && receive);
    CHECK(group_send != dlsym(RTLD_DEFAULT, "send"));
}
#else
#define group_send send
#endif

static const char group[] = "ham:ip:239.255.70.46:7701";
static char message[] = "said to the group";

static void to_group(int s) {
    static char in[100];
    errno = 0;
    CHECK(group_send(s, group, sizeof message, message) == 0);
    CHECK(group_send(s, group, 0, NULL) == 0);
    CHECK(errno == 0);
    CHECK(receive(s, NULL, sizeof in, in) == (int)sizeof message);
    CHECK(memcmp(in, message, sizeof message) == 0);
    CHECK(receive(s, group, sizeof in, in) == 0);
}

int main(int argc, char **argv) {
    int s, stale, fds[2];
    uint32_t lo = if_nametoindex("lo");
    alarm(50);
    CHECK(argc >= 3 && lo > 0);
#ifdef BY_DLOPEN
    CHECK(argc == 4);
    load(argv[3]);
#endif
    bsd_errors();
    bsd_connection(fds);
    bsd_exchange(fds[0], fds[1]);
    CHECK(createMSocket(&s, 1, &lo) == 0);
    CHECK(join(s, group) == 0);
    to_group(s);

    /* libc's send in the file that includes ham.h. */
    CHECK(send(fds[0], message, sizeof message, 0) == (ssize_t)sizeof message);
    {
        char in[sizeof message];
        CHECK(recv(fds[1], in, sizeof in, MSG_WAITALL) == (ssize_t)sizeof in);
        CHECK(memcmp(in, message, sizeof in) == 0);
    }
    bsd_exchange(fds[0], fds[1]);
    curl_get(argv[1], argv[2]);
    to_group(s);

    /* A message for a deleted multicast socket does not go to the stranger that has its number now. */
    stale = s;
    CHECK(deleteMSocket(s) == 0);
    if (fds[0] != stale) {
        CHECK(dup2(fds[0], stale) == stale);
        close(fds[0]);
        fds[0] = stale;
    }
    errno = 0;
    CHECK(group_send(stale, group, sizeof message, message) == -1 && errno == EBADF);
    usleep(20000);
    bsd_silence(fds[1]);
    bsd_exchange(fds[0], fds[1]);

#ifdef HAMX
    {
        /* A multicast socket of one library is none of the other's. */
        int x;
        CHECK(createMSocket(&s, 1, &lo) == 0);
        CHECK(ham_createMSocket(&x, 1, &lo) == 0);
        CHECK(ham_send(x, group, sizeof message, message) == 0);
        CHECK(ham_join(s, group) == -1 && errno == EBADF);
        CHECK(join(x, group) == -1 && errno == EBADF);
        CHECK(deleteMSocket(s) == 0 && ham_deleteMSocket(x) == 0);
    }
#endif
    close(fds[0]);
    close(fds[1]);
    puts("right");
    return 0;
}
