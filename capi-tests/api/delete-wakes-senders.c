/* deleteMSocket() wakes a send() that waits for a slow link; it then fails with EBADF.
 * network: pair
 * build: -pthread
 */
#include "test.h"

static const char *const names[] = {"ham:ip:239.1.2.3:5000", "ham:ip:[ff15::23]:5000"};

static int s;
static _Atomic int sent;
static _Atomic bool ended;

static void *sender(void *name)
{
    static const char message[1200];
    while (send(s, name, sizeof message, message) == 0)
        sent++;
    CHECK(errno == EBADF);
    ended = true;
    return NULL;
}

int main(void)
{
    begin(50);
    setenv("HAM_SEND_BUFFER", "100000", 1);
    if (system("tc qdisc add dev eth0 root tbf rate 8kbit burst 2000 limit 100000000 2>tc.err") != 0)
        skip("no qdisc tbf");
    for (int round = 0; round < 4; round++) {
        pthread_t thread;
        int64_t end = now_ms() + PATIENCE;
        int before;

        ended = false;
        s = socket_on("eth0");
        CHECK(pthread_create(&thread, NULL, sender, (void *)(uintptr_t)names[round % 2]) == 0);
        /* The link carries less than a message in a second. */
        do {
            before = sent;
            pause_ms(300);
        } while (sent != before && now_ms() < end);
        CHECK(!ended);
        OK(deleteMSocket(s));
        end = now_ms() + PATIENCE;
        while (!ended && now_ms() < end)
            pause_ms(5);
        CHECK(ended);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(sent >= 10);
        sent = 0;
        /* An empty queue again. */
        run("tc qdisc replace dev eth0 root handle %d: tbf rate 8kbit burst 2000 limit 100000000", round + 2);
    }
    return 0;
}
