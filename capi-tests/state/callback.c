/* Any function may be called from a membership event callback. */
#include <ham.h>

#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHECK(what)                                                        \
    do {                                                                   \
        if (!(what)) {                                                     \
            fprintf(stderr, "line %d: %s (%s)\n", __LINE__, #what, strerror(errno)); \
            exit(1);                                                       \
        }                                                                  \
    } while (0)

static uint32_t eth0;
static atomic_int everything, restarted, running, after;
static atomic_bool off;

static void wait_for(atomic_int *what, int count)
{
    for (int i = 0; i < 2000 && atomic_load(what) < count; i++)
        usleep(10000);
    CHECK(atomic_load(what) >= count);
}

static void all_of_them(int type, uint32_t iface, const char *name)
{
    static int depth;
    uint32_t id = eth0, *ids, failed[4];
    uint8_t ttl;
    GroupSet *set;
    char *uris;
    size_t n;
    int s;

    if (strcmp(name, "ham:ip:239.3.0.1:5000") != 0 || type != HAM_JOIN_EVENT || depth++ > 0)
        return;
    CHECK(iface == eth0);
    CHECK(createMSocket(&s, 1, &id) == 0);
    CHECK(join(s, "ham:ip:239.3.0.2:5000") == 0);
    CHECK(srcRegister(s, "ham:ip:239.3.0.3:5000", 4, failed) == 0);
    CHECK(send(s, "ham:ip:239.3.0.3:5000", 2, "hi") == 0);
    CHECK(groupSet(eth0, &n, &set) == 0 && n >= 3);
    free(set);
    CHECK(neighborSet(eth0, NULL, &n, &uris) == 0);
    free(uris);
    CHECK(childrenSet(eth0, "ham:ip:239.3.0.2:5000", &n, &uris) == 0 && n == 1);
    free(uris);
    CHECK(parentSet(eth0, "ham:ip:239.3.0.2:5000", &n, &uris) == 0);
    free(uris);
    CHECK(designatedHost(eth0, "ham:ip:239.3.0.2:5000") == 0);
    CHECK(getInterfaces(s, &n, &ids) == 0 && n == 1);
    free(ids);
    CHECK(setTTL(s, 3, 0, NULL) == 0 && getTTL(s, &ttl) == 0 && ttl == 3);
    CHECK(getAtomicMsgSize(s) > 0);
    CHECK(leave(s, "ham:ip:239.3.0.2:5000") == 0);
    CHECK(srcDeregister(s, "ham:ip:239.3.0.3:5000", 4, failed) == 0);
    CHECK(enableEvents() == 0);
    CHECK(registerEventCallback(all_of_them) == 0);
    CHECK(deleteMSocket(s) == 0);
    atomic_fetch_add(&everything, 1);
}

/* Off and on again by the callback itself: never two callbacks at a time. */
static void restarting(int type, uint32_t iface, const char *name)
{
    (void)type, (void)iface, (void)name;
    CHECK(atomic_fetch_add(&running, 1) == 0);
    if (atomic_load(&restarted) < 20) {
        CHECK(disableEvents() == 0);
        CHECK(enableEvents() == 0);
        usleep(5000);
    }
    atomic_fetch_sub(&running, 1);
    atomic_fetch_add(&restarted, 1);
}

static void counting(int type, uint32_t iface, const char *name)
{
    (void)type, (void)iface, (void)name;
    if (atomic_load(&off))
        atomic_fetch_add(&after, 1);
    usleep(100);
}

static void *joiner(void *arg)
{
    int s = *(int *)arg;

    for (int i = 0; i < 300; i++) {
        CHECK(join(s, "ham:ip:239.3.1.1:5000") == 0);
        CHECK(leave(s, "ham:ip:239.3.1.1:5000") == 0);
    }
    return NULL;
}

int main(void)
{
    pthread_t thread;
    int s;

    eth0 = if_nametoindex("eth0");
    CHECK(createMSocket(&s, 1, &eth0) == 0);
    CHECK(registerEventCallback(all_of_them) == 0 && enableEvents() == 0);
    CHECK(join(s, "ham:ip:239.3.0.1:5000") == 0);
    wait_for(&everything, 1);

    CHECK(disableEvents() == 0 && registerEventCallback(restarting) == 0 && enableEvents() == 0);
    wait_for(&restarted, 20);
    CHECK(disableEvents() == 0);

    /* While another thread makes events: after disableEvents not one callback starts. */
    CHECK(registerEventCallback(counting) == 0);
    CHECK(pthread_create(&thread, NULL, joiner, &s) == 0);
    for (int i = 0; i < 100; i++) {
        atomic_store(&off, 0);
        CHECK(enableEvents() == 0);
        usleep(1000);
        CHECK(disableEvents() == 0);
        atomic_store(&off, 1);
        usleep(1000);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(atomic_load(&after) == 0);
    CHECK(deleteMSocket(s) == 0);
    return 0;
}
