/* In a child, receive() with nothing for it to hear sleeps, even while the parent holds messages that it has read ahead.
 * build: -pthread
 */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"

static int s;

static void *waiter(void *argument)
{
    char c;
    (void)argument;
    if (receive(s, NULL, 1, &c) != -1)
        test_failed(__FILE__, __LINE__, "the child heard what the parent holds", errno);
    return NULL;
}

static int used_ms(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return (int)((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000);
}

int main(void)
{
    pid_t child;

    begin(30);
    s = socket_on("lo");
    OK(join(s, NAME));
    OK(join(s, "ham:ip:239.1.2.4:5000"));
    /* So few that the library reads ahead whatever is left. */
    for (int i = 0; i < 40; i++)
        say(s, NAME, "x");
    for (int i = 0; i < 20; i++)
        expect(s, NULL, "x");
    CHECK(readable(s, 0));
    child = fork();
    if (child == 0) {
        pthread_t thread;
        int before;
        begin(20);
        CHECK(pthread_create(&thread, NULL, waiter, NULL) == 0);
        pause_ms(200);
        before = used_ms();
        pause_ms(1000);
        printf("%d ms of processor time in 1000\n", used_ms() - before);
        CHECK(used_ms() - before < 200);
        _exit(0);
    }
    finished(child);
    for (int i = 0; i < 20; i++)
        expect(s, NULL, "x");
    silent(s, 20);
    return 0;
}
