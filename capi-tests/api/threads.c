/* Every function from many threads at once, on shared sockets that come and go: no crash, no hang, no strange result.
 * build: -pthread
 * timeout: 90
 */
#include "test.h"

#include <stdatomic.h>

#define SOCKETS 4

static _Atomic int sockets[SOCKETS];
static _Atomic bool over;
static _Atomic unsigned sent, received, events;

static void allowed(int result, const char *what, const int *errors)
{
    int seen = errno;
    if (result >= 0)
        return;
    for (; *errors != 0; errors++)
        if (seen == *errors)
            return;
    test_failed(__FILE__, __LINE__, what, seen);
}

#define MAY(call, ...) allowed(call, #call, (const int[]){__VA_ARGS__, EBADF, 0})

static void on_event(int type, uint32_t interface, const char *name)
{
    uint8_t ttl;
    CHECK(type >= HAM_JOIN_EVENT && type <= HAM_NEW_SOURCE_EVENT && interface != 0 && name != NULL);
    MAY(getTTL(sockets[0], &ttl), EBADF);
    events++;
}

static void *worker(void *argument)
{
    unsigned seed = (unsigned)(size_t)argument;
    char name[64], buffer[2000];
    uint32_t lo = index_of("lo"), failed[4];

    while (!over) {
        int which = rand_r(&seed) % SOCKETS, s = sockets[which], group = rand_r(&seed) % 8, n;
        uint32_t *list = NULL;
        GroupSet *groups = NULL;
        char *uris = NULL;
        size_t count = 0;
        uint8_t ttl = 0;

        snprintf(name, sizeof name, group < 6 ? "ham:ip:239.1.2.%d:5000" : "ham:ip:[ff15::%d]:5000", group);
        switch (rand_r(&seed) % 24) {
        case 0: case 1: MAY(join(s, name), EADDRNOTAVAIL, ENODEV); break;
        case 2: MAY(leave(s, name), EADDRNOTAVAIL); break;
        case 3: MAY(srcRegister(s, name, 4, failed), EADDRNOTAVAIL); break;
        case 4: MAY(srcDeregister(s, name, 4, failed), EADDRNOTAVAIL); break;
        case 5: MAY(setTTL(s, (uint8_t)(rand_r(&seed) % 3), 0, NULL), EADDRNOTAVAIL); break;
        case 6: MAY(getTTL(s, &ttl), EADDRNOTAVAIL); break;
        case 7: MAY(getAtomicMsgSize(s), EADDRNOTAVAIL); break;
        case 8: MAY(getInterfaces(s, &count, &list), EINVAL); free(list); break;
        case 9: MAY(addInterface(s, lo), EINVAL); break;
        case 10: if (rand_r(&seed) % 8 == 0) MAY(delInterface(s, lo), EADDRNOTAVAIL); break;
        case 11: MAY(groupSet(lo, &count, &groups), ENODEV); free(groups); break;
        case 12: MAY(childrenSet(lo, name, &count, &uris), ENODEV); free(uris); break;
        case 13: MAY(parentSet(lo, name, &count, &uris), ENODEV); free(uris); break;
        case 14: MAY(neighborSet(lo, name, &count, &uris), ENODEV); free(uris); break;
        case 15: MAY(designatedHost(lo, name), ENODEV); break;
        case 16: MAY(rand_r(&seed) % 4 ? enableEvents() : disableEvents(), EINVAL); break;
        case 17:
            if (rand_r(&seed) % 16 == 0) {
                int fresh = socket_on("lo"), old;
                nonblocking(fresh, true);
                old = atomic_exchange(&sockets[which], fresh);
                OK(deleteMSocket(old));
            }
            break;
        case 18: case 19: case 20:
            n = receive(s, rand_r(&seed) % 3 ? NULL : name, sizeof buffer, buffer);
            MAY(n, EAGAIN, EADDRNOTAVAIL);
            if (n > 0) {
                /* A whole message, as it was sent. */
                for (int i = 1; i < n; i++)
                    CHECK(buffer[i] == buffer[0]);
                CHECK(n == 1 + (unsigned char)buffer[0] * 7);
                received++;
            }
            break;
        default:
            n = rand_r(&seed) % 200;
            memset(buffer, n, sizeof buffer);
            n = send(s, name, (size_t)(1 + n * 7), buffer);
            MAY(n, EADDRNOTAVAIL, ENETUNREACH, ENOBUFS, EAGAIN);
            sent += n == 0;
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[8];

    begin(60);
    for (int i = 0; i < SOCKETS; i++) {
        sockets[i] = socket_on("lo");
        nonblocking(sockets[i], true);
    }
    OK(registerEventCallback(on_event));
    for (size_t i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, worker, (void *)(i + 1)) == 0);
    /* Eight seconds; longer where a sanitizer and a busy machine leave little done by then. */
    for (int i = 0; i < 80 || (i < 800 && (sent <= 100 || received <= 50 || events <= 10)); i++) {
        pause_ms(100);
        begin(30);
    }
    over = true;
    for (size_t i = 0; i < 8; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    OK(disableEvents());
    for (int i = 0; i < SOCKETS; i++)
        OK(deleteMSocket(sockets[i]));
    printf("%u sent, %u received, %u events\n", sent, received, events);
    CHECK(sent > 100 && received > 50 && events > 10);
    return 0;
}
