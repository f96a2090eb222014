/* While threads read the statistics of a socket that overflows, the count of dropped messages never falls and never exceeds
 * what was sent; at the end it is exact (libhamx).
 * build: -lhamx -pthread
 */
#include "test.h"

#include <hamx.h>

#define NAME "ham:ip:239.1.2.3:5000"
#define THREADS 4

static int s;
static _Atomic uint64_t sent;
static _Atomic bool over;

static uint64_t dropped(void)
{
    struct ham_statistics stats;
    OK(ham_statistics(s, &stats));
    return stats.dropped_by_kernel + stats.dropped_by_library;
}

static void *reader(void *argument)
{
    uint64_t last = 0, now;
    (void)argument;
    while (!over) {
        now = dropped();
        CHECK(now >= last);
        CHECK(now <= sent);
        last = now;
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    struct ham_statistics stats;
    uint32_t lo;
    int64_t end;
    int t;
    char buffer[100] = "";

    begin(40);
    setenv("HAM_RECEIVE_BUFFER", "4096", 1);
    lo = index_of("lo");
    OK(ham_createMSocket(&s, 1, &lo));
    OK(ham_createMSocket(&t, 1, &lo));
    OK(ham_join(s, NAME));
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, reader, NULL) == 0);
    end = now_ms() + 4000;
    while (now_ms() < end) {
        sent++;
        OK(ham_send(t, NAME, sizeof buffer, buffer));
    }
    over = true;
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    nonblocking(s, true);
    while (ham_receive(s, NULL, sizeof buffer, buffer) == sizeof buffer)
        ;
    CHECK(errno == EAGAIN);
    OK(ham_statistics(s, &stats));
    printf("%d sent, %d received, %d dropped by the kernel, %d by the library\n", (int)sent, (int)stats.received,
           (int)stats.dropped_by_kernel, (int)stats.dropped_by_library);
    CHECK(stats.dropped_by_kernel > 100);
    CHECK(stats.received + stats.dropped_by_kernel + stats.dropped_by_library == sent);
    return 0;
}
