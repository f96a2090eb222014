/* On a socket with more than 64 groups that joins a source-specific one while a thread sleeps in receive(), that thread hears both
 * kinds, each message without delay and once.
 * build: -pthread
 */
#include "test.h"

#define GROUPS 70

static int s;
static _Atomic int heard[3];

static void *receiver(void *argument)
{
    (void)argument;
    for (;;) {
        char c = 0;
        int n = receive(s, NULL, 1, &c);
        if (n == -1) {
            CHECK(errno == EBADF);
            return NULL;
        }
        CHECK(n == 1 && c >= '0' && c <= '2');
        heard[c - '0']++;
    }
}

/* The thread hears it in well less time than any pause of the library's would take. */
static void wait_heard(int kind, int count)
{
    int64_t end = now_ms() + PATIENCE;
    while (heard[kind] < count && now_ms() < end)
        pause_ms(1);
    CHECK(heard[kind] == count);
}

int main(void)
{
    pthread_t thread;
    char name[40];

    begin(50);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++)
            heard[i] = 0;
        s = socket_on("lo");
        for (int i = 0; i < GROUPS; i++) {
            snprintf(name, sizeof name, "ham:ip:239.2.1.%d:5000", i + 1);
            OK(join(s, name));
        }
        CHECK(pthread_create(&thread, NULL, receiver, NULL) == 0);
        pause_ms(200);
        bsd_say("239.2.1.1", 5000, "lo", "127.0.0.1", "0");
        wait_heard(0, 1);
        pause_ms(round * 30);
        OK(join(s, "ham:ip:232.1.2.3@127.0.0.1:5000"));
        for (int i = 1; i <= 30; i++) {
            bsd_say("232.1.2.3", 5000, "lo", "127.0.0.2", "2");
            bsd_say("232.1.2.3", 5000, "lo", "127.0.0.1", "1");
            wait_heard(1, i);
        }
        /* After it has slept for a while, and by the others, too. */
        pause_ms(300);
        bsd_say("232.1.2.3", 5000, "lo", "127.0.0.1", "1");
        wait_heard(1, 31);
        for (int i = 1; i <= GROUPS; i++) {
            char group[16];
            snprintf(group, sizeof group, "239.2.1.%d", i);
            bsd_say(group, 5000, "lo", "127.0.0.1", "0");
            wait_heard(0, 1 + i);
        }
        pause_ms(50);
        CHECK(heard[0] == 1 + GROUPS && heard[1] == 31 && heard[2] == 0);
        OK(deleteMSocket(s));
        CHECK(pthread_join(thread, NULL) == 0);
    }
    return 0;
}
