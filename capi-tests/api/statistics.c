/* Messages that the kernel drops for want of buffer are counted, at once and exactly; so are sent and received ones (libhamx).
 * build: -lhamx
 */
#include "test.h"

#include <hamx.h>

#define NAME "ham:ip:239.1.2.3:5000"
#define TOTAL 5000

int main(void)
{
    struct ham_statistics stats;
    uint32_t lo;
    int s, t, heard = 0;
    char buffer[1000];

    begin(30);
    setenv("HAM_RECEIVE_BUFFER", "100000", 1);
    lo = index_of("lo");
    OK(ham_createMSocket(&s, 1, &lo));
    OK(ham_createMSocket(&t, 1, &lo));
    OK(ham_join(s, NAME));
    OK(ham_statistics(s, &stats));
    CHECK(stats.sent == 0 && stats.received == 0 && stats.dropped_by_kernel == 0 && stats.dropped_by_library == 0);
    memset(buffer, 'x', sizeof buffer);
    for (int i = 0; i < TOTAL; i++)
        OK(ham_send(t, NAME, sizeof buffer, buffer));
    OK(ham_statistics(t, &stats));
    CHECK(stats.sent == TOTAL && stats.send_failures == 0);
    nonblocking(s, true);
    while (ham_receive(s, NULL, sizeof buffer, buffer) == sizeof buffer)
        heard++;
    CHECK(errno == EAGAIN);
    OK(ham_statistics(s, &stats));
    printf("%d sent, %d heard, %llu dropped by the kernel, %llu by the library\n", TOTAL, heard,
           (unsigned long long)stats.dropped_by_kernel, (unsigned long long)stats.dropped_by_library);
    CHECK(heard > 10 && heard < TOTAL);
    CHECK((int)stats.received == heard);
    CHECK(stats.received + stats.dropped_by_kernel + stats.dropped_by_library == TOTAL);

    /* The counts outlive the membership. */
    OK(ham_leave(s, NAME));
    OK(ham_statistics(s, &stats));
    CHECK(stats.received + stats.dropped_by_kernel + stats.dropped_by_library == TOTAL);
    FAILS(ham_statistics(s, NULL), EINVAL);
    FAILS(ham_statistics(-1, &stats), EBADF);

    /* A send that fails at its only Interface is counted as failed, not as sent. */
    FAILS(ham_send(t, NAME, 65508, buffer), EMSGSIZE);
    OK(ham_statistics(t, &stats));
    CHECK(stats.sent == TOTAL);
    return 0;
}
