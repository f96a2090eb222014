/* With HAM_SPIN (busy reading before a sleep) everything is as without: messages, O_NONBLOCK, signals, deletion; and after the time
 * that was set it sleeps.
 * build: -pthread
 */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"
#define OTHER "ham:ip:[ff15::23]:5000"

static int s;

static void handler(int signal) { (void)signal; }

static void *waiter(void *argument)
{
    char c;
    (void)argument;
    FAILS(receive(s, NULL, 1, &c), EBADF);
    return NULL;
}

static int64_t used_ms(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static void later(int milliseconds, const char *text)
{
    if (fork() == 0) {
        pause_ms(milliseconds);
        bsd_say("239.1.2.3", 5000, "lo", NULL, text);
        _exit(0);
    }
}

int main(void)
{
    struct sigaction action;
    pthread_t thread;
    pid_t child, self = getpid();
    char c;
    int heard[2];
    int64_t before, shortest = PATIENCE;

    begin(30);
    setenv("HAM_SPIN", "300000", 1);
    s = socket_on("lo");
    OK(join(s, NAME));
    /* While it reads, and after it fell asleep. One group, then two. */
    for (int groups = 1; groups <= 2; groups++) {
        later(50, "early");
        CHECK(receive(s, NULL, sizeof test_buffer, test_buffer) == 5);
        before = used_ms();
        later(1300, "late");
        CHECK(receive(s, NULL, sizeof test_buffer, test_buffer) == 4);
        printf("%d ms of processor time in 1300\n", (int)(used_ms() - before));
        CHECK(used_ms() - before < 700);
        OK(join(s, OTHER));
    }

    nonblocking(s, true);
    /* The machine may be busy elsewhere for a while, but not each time. */
    for (int i = 0; i < 10 && shortest >= 250; i++) {
        before = now_ms();
        FAILS(receive(s, NULL, 1, &c), EAGAIN);
        if (now_ms() - before < shortest)
            shortest = now_ms() - before;
    }
    CHECK(shortest < 250);
    nonblocking(s, false);

    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(pipe(heard) == 0);
    child = fork();
    if (child == 0) {
        pause_ms(600);
        interrupt(self, heard);
        _exit(0);
    }
    FAILS(receive(s, NULL, 1, &c), EINTR);
    tell_ready(heard);

    for (int i = 0; i < 2; i++) {
        CHECK(pthread_create(&thread, NULL, waiter, NULL) == 0);
        pause_ms(i ? 500 : 50);
        OK(deleteMSocket(s));
        CHECK(pthread_join(thread, NULL) == 0);
        s = socket_on("lo");
    }
    return 0;
}
