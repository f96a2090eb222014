/*
 * Garbage into every argument of every function: each gives the errno of the documentation, stores nothing, and harms
 * nobody. At the end the multicast socket still works.
 */
#include <sys/socket.h>
#include <ham.h>
#include "garbage.h"
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

static const char group[] = "ham:ip:239.255.70.46:7710";
static const char other[] = "ham:ip:239.255.70.47:7710";
static uint32_t lo;

/* No multicast sockets. */
static void bad_handle(int s) {
    char byte = 'x', buffer[16] = "untouched";
    size_t n = 77;
    uint32_t ifs[2] = {5, 5}, *list = ifs;
    uint8_t ttl = 77;
    FAILS(deleteMSocket(s), EBADF);
    FAILS(join(s, group), EBADF);
    FAILS(join(s, NULL), EBADF);
    FAILS(leave(s, group), EBADF);
    FAILS(srcRegister(s, group, 2, ifs), EBADF);
    FAILS(srcDeregister(s, group, 2, ifs), EBADF);
    FAILS(send(s, group, 1, &byte), EBADF);
    FAILS(send(s, group, SIZE_MAX, &byte), EBADF);
    FAILS(receive(s, NULL, sizeof buffer, buffer), EBADF);
    FAILS(receive(s, group, sizeof buffer, buffer), EBADF);
    if (s != HAM_ALL_INTERFACES)
        FAILS(getInterfaces(s, &n, &list), EBADF);
    FAILS(addInterface(s, lo), EBADF);
    FAILS(delInterface(s, lo), EBADF);
    FAILS(setTTL(s, 1, 0, NULL), EBADF);
    FAILS(setTTL(s, 1, 2, ifs), EBADF);
    FAILS(getTTL(s, &ttl), EBADF);
    FAILS(getAtomicMsgSize(s), EBADF);
    HOLDS(n == 77 && list == ifs && ifs[0] == 5 && ifs[1] == 5 && ttl == 77 && strcmp(buffer, "untouched") == 0);
}

static void handles(int mine) {
    static const int numbers[] = {INT_MIN, INT_MIN + 1, -65536, -2, -1, INT_MAX, INT_MAX - 1, 1 << 20, (1 << 20) - 1,
                                  1 << 24, 0x7fff0000, 19999, 0, 1, 2};
    size_t i;
    int fds[2], stale, strangers[8], received;
    char byte;
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
        bad_handle(numbers[i]);

    HOLDS(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0);
    strangers[0] = fds[0];
    strangers[1] = fds[1];
    strangers[2] = eventfd(0, 0);
    strangers[3] = epoll_create1(0);
    strangers[4] = socket(AF_INET, SOCK_DGRAM, 0);
    strangers[5] = socket(AF_INET6, SOCK_STREAM, 0);
    strangers[6] = open("/dev/null", O_RDWR);
    strangers[7] = open("/", O_RDONLY);
    for (i = 0; i < 8; i++) {
        HOLDS(strangers[i] >= 0);
        bad_handle(strangers[i]);
        HOLDS(fcntl(strangers[i], F_GETFD) >= 0);
    }
    /* Nothing went to them. */
    received = (int)recv(fds[1], &byte, 1, MSG_DONTWAIT);
    HOLDS(received == -1 && errno == EAGAIN);
    for (i = 0; i < 8; i++)
        close(strangers[i]);

    /* Deleted, twice, and with its number in somebody else's hands. */
    GIVES(createMSocket(&stale, 1, &lo), 0);
    GIVES(join(stale, group), 0);
    GIVES(deleteMSocket(stale), 0);
    bad_handle(stale);
    HOLDS(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0);
    if (fds[0] != stale) {
        HOLDS(dup2(fds[0], stale) == stale);
        close(fds[0]);
    }
    bad_handle(stale);
    received = (int)recv(fds[1], &byte, 1, MSG_DONTWAIT);
    HOLDS(received == -1 && errno == EAGAIN);
    HOLDS(write(stale, "y", 1) == 1 && read(fds[1], &byte, 1) == 1 && byte == 'y');
    close(stale);
    close(fds[1]);
    /* A copy of a handle is none. */
    stale = dup(mine);
    bad_handle(stale);
    close(stale);
}

static void create(void) {
    int s = 77;
    static uint32_t many[70000];
    uint32_t none = 0x00fffff0, zero = 0, high = 0x10000000, all = UINT32_MAX, odd = HAM_IPV4(lo) | 0x01000000u;
    uint32_t mixed[3];
    size_t i;
    FAILS(createMSocket(NULL, 0, NULL), EINVAL);
    FAILS(createMSocket(NULL, 1, &lo), EINVAL);
    FAILS(createMSocket((int *)(void *)((char *)&many[0] + 1), 1, &lo), EINVAL);
    FAILS(createMSocket(&s, 1, NULL), EINVAL);
    HOLDS(s == -1);
    FAILS(createMSocket(&s, SIZE_MAX, NULL), EINVAL);
    FAILS(createMSocket(&s, SIZE_MAX, &lo), EINVAL);
    FAILS(createMSocket(&s, SIZE_MAX / 4, &lo), EINVAL);
    FAILS(createMSocket(&s, (size_t)1 << 63, &lo), EINVAL);
    FAILS(createMSocket(&s, 65537, many), EINVAL);
    FAILS(createMSocket(&s, 1, (uint32_t *)(void *)((char *)many + 2)), EINVAL);
    FAILS(createMSocket(&s, 1, &none), ENODEV);
    FAILS(createMSocket(&s, 1, &zero), ENODEV);
    FAILS(createMSocket(&s, 1, &high), ENODEV);
    FAILS(createMSocket(&s, 1, &all), ENODEV);
    FAILS(createMSocket(&s, 1, &odd), ENODEV);
    mixed[0] = mixed[1] = lo;
    mixed[2] = none;
    FAILS(createMSocket(&s, 3, mixed), ENODEV);
    for (i = 0; i < 65536; i++)
        many[i] = lo;
    GIVES(createMSocket(&s, 65536, many), 0);
    GIVES(deleteMSocket(s), 0);
    HOLDS(s >= 0);
}

/* No Group Names. */
static const char *const malformed[] = {
    "", "h", "ham", "ham:", "ham::", "ham:ip", "ham:ip:", "ham:ip::", "ham:ip:@", "ham:ip:@10.0.0.1", "ham:ip:/",
    "http://224.1.2.3/", "224.1.2.3", "224.1.2.3:5000", "ham:ip:224.1.2.3:", "ham:ip:224.1.2.3:x", "ham:ip:224.1.2.3:-1",
    "ham:ip:224.1.2.3:65536", "ham:ip:224.1.2.3:99999999999999999999999999", "ham:ip:224.1.2.3:5000:5000",
    "ham:ip:224.1.2.3@", "ham:ip:224.1.2.3@:5000", "ham:ip:224.1.2.3@10.0.0.1@10.0.0.2", "ham:ip:224.1.2.3/",
    "ham:ip:224.1.2.3/alg", "ham:ip:224.1.2.3/;val", "ham:ip:224.1.2.3/alg;", "ham:ip:[ff15::1", "ham:ip:ff15::1]",
    "ham:ip:[]", "ham:ip:[ff15::1]x", "ham:ip:[ff15::1::2]", "ham:ip:[224.1.2.3]", "ham:ip:10.0.0.1:5000",
    "ham:ip:[fe80::1]:5000", "ham:ip:232.1.2.3@232.1.2.4:5000", "ham:ip:224.1.2.3@[fe80::1]:5000",
    "ham:ip:[ff35::1]@10.0.0.1:5000", "ham:1p:224.1.2.3", "ham:i p:224.1.2.3", "ham:ip:224.1.2.3 ", " ham:ip:224.1.2.3",
    "ham:ip:224.1.2.3:5000\n", "ham:ip:a b", "ham:opaque:a%", "ham:opaque:a%4", "ham:opaque:a%zz", "ham:opaque:a%00%", "ham:\xff\xfe",
    "ham:ip:\x80\x81\x82", "ham:opaque:\xc3\x28", "ham:opaque:\xf0\x28\x8c\xbc", "ham:opaque:\x01", "\xff\xff\xff\xff",
    "%s%n%s%n", "ham:ip:%s%s%s%n", "ham:opaque:a#b", "ham:opaque:a?b", "ham:opaque:<a>", "ham:sha-2:", "ham:sip:", "ham:reload:",
};

static void names(int s) {
    static char endless[5000], longest[HAM_URI_MAX], unended[HAM_URI_MAX];
    char byte = 'x';
    size_t i, n = 77;
    char *uris = NULL;
    memset(endless, 'a', sizeof endless - 1);
    memcpy(endless, "ham:opaque:", 11);
    memcpy(longest, endless, sizeof longest - 1);
    memcpy(unended, endless, sizeof unended);
    for (i = 0; i < 3 + sizeof malformed / sizeof *malformed; i++) {
        const char *uri = i == 0 ? NULL : i == 1 ? endless : i == 2 ? unended : malformed[i - 3];
        int before = faults;
        uint32_t ifs[2] = {5, 5};
        FAILS(join(s, uri), EINVAL);
        FAILS(leave(s, uri), EINVAL);
        FAILS(srcRegister(s, uri, 2, ifs), EINVAL);
        HOLDS(ifs[0] == 0 && ifs[1] == 0);
        FAILS(srcDeregister(s, uri, 0, NULL), EINVAL);
        FAILS(send(s, uri, 1, &byte), EINVAL);
        if (uri != NULL) {
            FAILS(receive(s, uri, 1, &byte), EINVAL);
            FAILS(neighborSet(lo, uri, &n, &uris), EINVAL);
            FAILS(childrenSet(lo, uri, &n, &uris), EINVAL);
            FAILS(parentSet(lo, uri, &n, &uris), EINVAL);
            FAILS(designatedHost(lo, uri), EINVAL);
        }
        if (faults != before)
            printf("    with %.60s\n", uri == NULL ? "NULL" : uri);
    }
    HOLDS(n == 77 && uris == NULL && byte == 'x');
    /* Of the right form, but for no Interface of this socket. */
    FAILS(join(s, "ham:sip:*"), EADDRNOTAVAIL);
    FAILS(send(s, "ham:opaque:*", 1, &byte), EADDRNOTAVAIL);
    FAILS(srcRegister(s, "ham:x-new:*", 0, NULL), EADDRNOTAVAIL);
    GIVES(join(s, longest), 0);
    GIVES(leave(s, longest), 0);
    FAILS(join(s, "ham:ip:239.255.70.46:7710/alg;val"), EACCES);
    FAILS(send(s, "ham:ip:239.255.70.46:7710/alg;val", 1, &byte), EACCES);
    FAILS(srcRegister(s, "ham:ip:239.255.70.46:7710/alg;val", 0, NULL), EACCES);
    FAILS(join(s, "ham:opaque:news/aes-256-gcm;AAAA"), EACCES);
    FAILS(send(s, "ham:opaque:news/chacha20-poly1305;!", 1, &byte), EINVAL);
    FAILS(join(s, "ham:opaque:news/key;nobody"), EACCES);
    /* Not there. */
    FAILS(leave(s, other), EADDRNOTAVAIL);
    FAILS(srcDeregister(s, other, 0, NULL), EADDRNOTAVAIL);
    FAILS(receive(s, other, 1, &byte), EADDRNOTAVAIL);
    /* The names that sound alike are one. */
    GIVES(join(s, "HAM:IP:239.255.70.48:7710"), 0);
    GIVES(join(s, "ham:ip:239.255.70.48:07710"), 0);
    GIVES(leave(s, "ham:Ip:239.255.70.48:7710"), 0);
    FAILS(leave(s, "ham:ip:239.255.70.48:7710"), EADDRNOTAVAIL);
}

static void sources(int s) {
    static uint32_t many[70000];
    FAILS(srcRegister(s, group, 1, NULL), EINVAL);
    FAILS(srcRegister(s, group, SIZE_MAX, many), EINVAL);
    FAILS(srcRegister(s, group, 65537, many), EINVAL);
    FAILS(srcRegister(s, group, 1, (uint32_t *)(void *)((char *)many + 1)), EINVAL);
    FAILS(srcDeregister(s, group, 1, NULL), EINVAL);
    FAILS(srcDeregister(s, group, SIZE_MAX, many), EINVAL);
    /* None of them registered anything. */
    FAILS(srcDeregister(s, group, 0, NULL), EADDRNOTAVAIL);
    many[0] = many[1] = many[65535] = 5;
    many[65536] = 5;
    GIVES(srcRegister(s, group, 65536, many), 0);
    HOLDS(many[0] == 0 && many[1] == 0 && many[65535] == 0 && many[65536] == 5);
    GIVES(srcDeregister(s, group, 0, NULL), 0);
}

static void messages(int s) {
    static char big[70000];
    GIVES(join(s, group), 0);
    FAILS(send(s, group, 1, NULL), EINVAL);
    FAILS(send(s, group, 65507, NULL), EINVAL);
    FAILS(send(s, group, 65508, big), EMSGSIZE);
    FAILS(send(s, group, 70000, big), EMSGSIZE);
    FAILS(send(s, group, SIZE_MAX, big), EMSGSIZE);
    FAILS(send(s, group, (size_t)1 << 63, big), EMSGSIZE);
    FAILS(send(s, group, (size_t)1 << 32, big), EMSGSIZE);
    FAILS(send(s, NULL, 1, big), EINVAL);
    FAILS(send(s, NULL, 0, NULL), EINVAL);
    FAILS(receive(s, NULL, 1, NULL), EINVAL);
    FAILS(receive(s, group, SIZE_MAX, NULL), EINVAL);
    /* Nothing has been sent so far. */
    FAILS(receive(s, NULL, sizeof big, big), EAGAIN);
    FAILS(receive(s, NULL, 0, NULL), EAGAIN);
    GIVES(send(s, group, 0, NULL), 0);
    GIVES(receive(s, NULL, 0, NULL), 0);
    GIVES(send(s, group, 0, big), 0);
    GIVES(receive(s, group, 0, big), 0);
    GIVES(send(s, group, 4, "four"), 0);
    FAILS(receive(s, NULL, 0, NULL), EMSGSIZE);
    FAILS(receive(s, NULL, 3, big), EMSGSIZE);
    /* A size beyond all messages, where the buffer is large enough for this one. */
    GIVES(receive(s, NULL, SIZE_MAX, big), 4);
    HOLDS(memcmp(big, "four", 5) == 0);
    GIVES(send(s, group, 65507, big), 0);
    GIVES(receive(s, NULL, sizeof big, big), 65507);
}

static void interfaces(int s) {
    static const uint32_t nowhere[] = {0, 0x00fffff0, 0x00ffffff, 0x01000001, 0x04000000, 0x06000000, 0x05000001,
                                       0x0fffffff, 0x10000000, 0x10000001, 0x7fffffff, 0x80000001, UINT32_MAX};
    static uint32_t many[70000];
    size_t i, n = 77;
    uint32_t *ifs = many, *list;
    uint8_t ttl = 77;
    FAILS(getInterfaces(s, NULL, &ifs), EINVAL);
    FAILS(getInterfaces(s, &n, NULL), EINVAL);
    FAILS(getInterfaces(s, NULL, NULL), EINVAL);
    FAILS(getInterfaces(HAM_ALL_INTERFACES, NULL, &ifs), EINVAL);
    FAILS(getInterfaces(HAM_ALL_INTERFACES, &n, NULL), EINVAL);
    HOLDS(n == 77 && ifs == many);
    FAILS(setTTL(s, 9, 1, NULL), EINVAL);
    FAILS(setTTL(s, 9, SIZE_MAX, many), EINVAL);
    FAILS(setTTL(s, 9, 65537, many), EINVAL);
    FAILS(setTTL(s, 9, 1, (uint32_t *)(void *)((char *)many + 1)), EINVAL);
    FAILS(getTTL(s, NULL), EINVAL);
    for (i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
        uint32_t both[2];
        GroupSet *groups = NULL;
        char *uris = NULL;
        int before = faults;
        both[0] = lo;
        both[1] = nowhere[i];
        FAILS(addInterface(s, nowhere[i]), ENODEV);
        FAILS(delInterface(s, nowhere[i]), ENODEV);
        FAILS(setTTL(s, 9, 1, &both[1]), ENODEV);
        FAILS(setTTL(s, 9, 2, both), ENODEV);
        FAILS(groupSet(nowhere[i], &n, &groups), ENODEV);
        FAILS(neighborSet(nowhere[i], NULL, &n, &uris), ENODEV);
        FAILS(childrenSet(nowhere[i], group, &n, &uris), ENODEV);
        FAILS(parentSet(nowhere[i], group, &n, &uris), ENODEV);
        FAILS(designatedHost(nowhere[i], group), ENODEV);
        FAILS(designatedHost(nowhere[i], NULL), ENODEV);
        HOLDS(groups == NULL && uris == NULL && n == 77);
        if (faults != before)
            printf("    with Interface %#x\n", (unsigned)nowhere[i]);
    }
    GIVES(getTTL(s, &ttl), 0);
    HOLDS(ttl == 1);
    GIVES(setTTL(s, 255, 0, NULL), 0);
    GIVES(setTTL(s, 0, 1, &lo), 0);
    GIVES(setTTL(s, 1, 0, (uint32_t *)(void *)3), 0);
    GIVES(addInterface(s, lo), 0);
    GIVES(getInterfaces(s, &n, &list), 0);
    HOLDS(n == 1 && list != NULL && list[0] == lo);
    free(list);
    GIVES(delInterface(s, lo), 0);
    FAILS(delInterface(s, lo), EADDRNOTAVAIL);
    FAILS(setTTL(s, 9, 1, &lo), EADDRNOTAVAIL);
    FAILS(getAtomicMsgSize(s), EADDRNOTAVAIL);
    FAILS(send(s, group, 1, "x"), EADDRNOTAVAIL);
    list = many;
    GIVES(getInterfaces(s, &n, &list), 0);
    HOLDS(n == 0 && list == NULL);
    GIVES(addInterface(s, lo), 0);
}

static void service(void) {
    size_t n = 77;
    GroupSet *groups = NULL;
    char *uris = NULL;
    FAILS(groupSet(lo, NULL, &groups), EINVAL);
    FAILS(groupSet(lo, &n, NULL), EINVAL);
    FAILS(groupSet(lo, NULL, NULL), EINVAL);
    FAILS(neighborSet(lo, NULL, NULL, &uris), EINVAL);
    FAILS(neighborSet(lo, NULL, &n, NULL), EINVAL);
    FAILS(childrenSet(lo, group, NULL, &uris), EINVAL);
    FAILS(childrenSet(lo, group, &n, NULL), EINVAL);
    FAILS(parentSet(lo, group, NULL, &uris), EINVAL);
    FAILS(parentSet(lo, group, &n, NULL), EINVAL);
    FAILS(groupSet(lo, (size_t *)(void *)((char *)&n + 1), &groups), EINVAL);
    HOLDS(n == 77 && groups == NULL && uris == NULL);
    GIVES(registerEventCallback(NULL), 0);
    GIVES(disableEvents(), 0);
    GIVES(disableEvents(), 0);
    GIVES(enableEvents(), 0);
    GIVES(enableEvents(), 0);
    GIVES(disableEvents(), 0);
    GIVES(getMaxMsgSize(), 65507);
}

/* Any argument with any other: whatever happens is one of the documented ends. */
static void everything(int s, unsigned rounds) {
    static char bytes[70000];
    static uint32_t ids[70000];
    static const char *const uris[] = {NULL, "", group, other, "ham:ip:[ff15::46]:7710", "ham:ip:232.1.2.3@127.0.0.1:7710",
                                       "ham:ip:*", "ham:opaque:x", "ham:ip:10.0.0.1", "\xff", "ham:ip:224.0.0.1:99999"};
    static const size_t sizes[] = {0, 1, 2, 100, 65507, 65508, 65536, 65537, SIZE_MAX, (size_t)1 << 63};
    const int allowed[] = {EBADF, EINVAL, ENODEV, EADDRNOTAVAIL, EMSGSIZE, EAGAIN, EINTR, EACCES, EMFILE, ENOBUFS, ENOMEM,
                           ENETUNREACH, ENETDOWN};
    int numbers[12] = {-1, -2, 0, 1, 2, INT_MAX, INT_MIN, 500};
    unsigned i;
    srand(46);
    numbers[8] = numbers[9] = numbers[10] = numbers[11] = s;
    for (i = 0; i < rounds; i++) {
        int fd = numbers[rand() % 12], result, created = -1, what = rand() % 22;
        const char *uri = uris[rand() % 11];
        size_t size = sizes[rand() % 10], n = 0, count = size > 65536 ? size : size % 3;
        uint32_t id = rand() % 3 ? lo : (uint32_t)rand() * 2654435761u, *list = NULL;
        uint32_t *array = rand() % 4 ? ids : NULL;
        char *buffer = rand() % 4 ? bytes : NULL, *strings = NULL;
        uint8_t ttl;
        GroupSet *groups = NULL;
        size_t *number = rand() % 8 ? &n : NULL;
        ids[0] = ids[1] = lo;
        /* A libc call on the terminal's descriptors is not what is tested here. */
        if (what == 6 && buffer == NULL && fd != s)
            continue;
        errno = 0;
        switch (what) {
        case 0: result = createMSocket(rand() % 8 ? &created : NULL, count, array); break;
        case 1: result = fd == s ? 0 : deleteMSocket(fd); break;
        case 2: result = join(fd, uri); break;
        case 3: result = leave(fd, uri); break;
        case 4: result = srcRegister(fd, uri, count, array); break;
        case 5: result = srcDeregister(fd, uri, count, array); break;
        case 6: result = send(fd, uri, size, buffer); break;
        case 7: result = receive(fd, uri, size, buffer); break;
        case 8: result = getInterfaces(fd, number, rand() % 8 ? &list : NULL); break;
        case 9: result = addInterface(fd, id); break;
        case 10: result = delInterface(fd, id); break;
        case 11: result = setTTL(fd, (uint8_t)rand(), count, array); break;
        case 12: result = getTTL(fd, rand() % 8 ? &ttl : NULL); break;
        case 13: result = getAtomicMsgSize(fd); break;
        case 14: result = groupSet(id, number, rand() % 8 ? &groups : NULL); break;
        case 15: result = neighborSet(id, uri, number, rand() % 8 ? &strings : NULL); break;
        case 16: result = childrenSet(id, uri, number, rand() % 8 ? &strings : NULL); break;
        case 17: result = parentSet(id, uri, number, rand() % 8 ? &strings : NULL); break;
        case 18: result = designatedHost(id, uri); break;
        case 19: result = registerEventCallback(NULL); break;
        case 20: result = enableEvents(); break;
        default: result = disableEvents(); break;
        }
        if (result < 0) {
            size_t k = 0;
            while (k < sizeof allowed / sizeof *allowed && allowed[k] != errno)
                k++;
            checks++;
            if (result != -1 || k == sizeof allowed / sizeof *allowed) {
                printf("call %d gives %d with errno %d (%s)\n", what, result, errno, strerror(errno));
                faults++;
            }
        }
        free(list);
        free(groups);
        free(strings);
        if (created >= 0)
            HOLDS(deleteMSocket(created) == 0);
    }
}

int main(int argc, char **argv) {
    int s;
    char in[10];
    size_t n;
    uint32_t *list;
    alarm(100);
    lo = if_nametoindex("lo");
    GIVES(createMSocket(&s, 1, &lo), 0);
    HOLDS(fcntl(s, F_SETFL, O_NONBLOCK) == 0);
    handles(s);
    create();
    names(s);
    sources(s);
    messages(s);
    interfaces(s);
    service();
    everything(s, argc > 1 ? (unsigned)atoi(argv[1]) : 30000);

    /* And it still works. */
    join(s, group);
    GIVES(addInterface(s, lo), 0);
    while (receive(s, NULL, 0, NULL) >= 0 || errno == EMSGSIZE) {
        static char rest[65507];
        receive(s, NULL, sizeof rest, rest);
    }
    GIVES(send(s, group, 3, "end"), 0);
    GIVES(receive(s, group, sizeof in, in), 3);
    GIVES(getInterfaces(HAM_ALL_INTERFACES, &n, &list), 0);
    HOLDS(n > 0 && list != NULL);
    free(list);
    GIVES(deleteMSocket(s), 0);
    printf("%d checks, %d faults\n", checks, faults);
    return faults != 0;
}
