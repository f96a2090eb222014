/* deleteMSocket() wakes every receiver that waits, in receive() and in poll(): receive() then fails with EBADF.
 * build: -pthread
 */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"
#define THREADS 6

static int s;

static void *waiter(void *argument)
{
    char buffer[10];
    const char *name = (size_t)argument % 2 ? NAME : NULL;

    FAILS(receive(s, name, sizeof buffer, buffer), EBADF);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];

    begin(30);
    for (int round = 0; round < 20; round++) {
        int before = open_descriptors();
        int64_t start;
        s = socket_on("lo");
        OK(join(s, NAME));
        for (size_t i = 0; i < THREADS; i++)
            CHECK(pthread_create(&threads[i], NULL, waiter, (void *)i) == 0);
        pause_ms(round < 3 ? 100 : round);
        start = now_ms();
        OK(deleteMSocket(s));
        for (size_t i = 0; i < THREADS; i++)
            CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(now_ms() - start < 2000);
        CHECK(round == 0 || open_descriptors() == before);
    }
    return 0;
}
