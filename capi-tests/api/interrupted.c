/* A signal handler that runs while receive() waits ends it with EINTR; the socket goes on. */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"

static volatile sig_atomic_t signals;

static void handler(int signal)
{
    (void)signal;
    signals++;
}

static void interrupted_after(int milliseconds, int s, const char *name, pid_t self)
{
    int over[2];
    pid_t child;
    char c;

    CHECK(pipe(over) == 0);
    child = fork();
    if (child == 0) {
        pause_ms(milliseconds);
        interrupt(self, over);
        _exit(0);
    }
    FAILS(receive(s, name, 1, &c), EINTR);
    tell_ready(over);
    finished(child);
    close(over[0]);
    close(over[1]);
}

int main(void)
{
    struct sigaction action;
    int s;

    begin(30);
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    s = socket_on("lo");
    OK(join(s, NAME));
    for (int i = 0; i < 10; i++)
        interrupted_after(20 + 43 * i, s, i % 3 == 2 ? NAME : NULL, getpid());
    printf("%d signals for 10\n", (int)signals);
    CHECK(signals >= 10 && signals <= 13);
    /* With several groups, too. */
    OK(join(s, "ham:ip:239.1.2.4:5000"));
    interrupted_after(77, s, NULL, getpid());
    say(s, NAME, "after");
    expect(s, NULL, "after");
    /* A message that is there comes first. */
    say(s, NAME, "one");
    CHECK(readable(s, PATIENCE));
    CHECK(raise(SIGUSR1) == 0);
    expect(s, NULL, "one");
    return 0;
}
