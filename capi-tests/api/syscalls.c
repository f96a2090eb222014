/* One system call per send, and one at most per receive of a message that is there (a backlog needs fewer). A socket with several
 * groups may look around a few times, to find which of them has something. A receive that waits makes two, unless it reads busily, which
 * it leaves when that finds nothing. Counted with ptrace. */
#include "test.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define MESSAGES 100
#define A_FEW 6
#define WARNINGS 40
#define FOUR "ham:ip:239.1.2.3:5000"
#define SIX "ham:ip:[ff15::23]:5000"

/* The traced program marks its phases with a system call that nobody else makes. */
static void mark(void) { syscall(SYS_getpgid, 4711); }

static void warm(int t, int s, const char *name)
{
    for (int i = 0; i < 3; i++) {
        say(t, name, "warm");
        expect(s, name, "warm");
    }
}

static void sends(int t, const char *name)
{
    static const char message[64];

    for (int i = 0; i < MESSAGES; i++)
        if (send(t, name, sizeof message, message) != 0)
            _exit(2);
    mark();
}

static void receives(int s, const char *name)
{
    char buffer[64];

    for (int i = 0; i < MESSAGES; i++)
        if (receive(s, name, sizeof buffer, buffer) != sizeof buffer)
            _exit(3);
    mark();
}

static void traced(void)
{
    char message[64] = "", name[64];
    int four, six, both, many, t;
    pid_t sender;

    begin(30);
    t = socket_on("lo");
    OK(join(four = socket_on("lo"), FOUR));
    OK(join(six = socket_on("lo"), SIX));
    both = socket_on("lo");
    OK(join(both, "ham:ip:239.1.2.4:5001"));
    OK(join(both, "ham:ip:[ff15::24]:5001"));
    many = socket_on("lo");
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "ham:ip:239.3.%d.%d:6000", i / 200, i % 200 + 1);
        OK(join(many, name));
    }
    warm(t, four, FOUR);
    warm(t, six, SIX);
    warm(t, both, "ham:ip:239.1.2.4:5001");
    warm(t, both, "ham:ip:[ff15::24]:5001");
    warm(t, many, "ham:ip:239.3.0.5:6000");
    warm(t, many, "ham:ip:239.3.1.50:6000");
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    mark();

    sends(t, FOUR);
    receives(four, NULL);
    sends(t, SIX);
    receives(six, SIX);
    /* A message at a time: nothing to batch. */
    for (int i = 0; i < MESSAGES / 2; i++)
        if (send(t, FOUR, sizeof message, message) != 0 || receive(four, NULL, sizeof message, message) != sizeof message)
            _exit(4);
    mark();
    sends(t, "ham:ip:239.1.2.4:5001");
    receives(both, NULL);
    sends(t, "ham:ip:[ff15::24]:5001");
    receives(both, NULL);
    sends(t, "ham:ip:239.3.1.50:6000");
    receives(many, NULL);

    /* Nobody traces this one. */
    sender = fork();
    if (sender == 0) {
        for (int i = 0; i < WARNINGS + MESSAGES; i++) {
            pause_ms(2);
            bsd_say("239.1.2.3", 5000, "lo", NULL, "late");
        }
        _exit(0);
    }
    for (int i = 0; i < WARNINGS; i++)
        if (receive(four, NULL, sizeof message, message) != 4)
            _exit(5);
    mark();
    for (int i = 0; i < MESSAGES; i++)
        if (receive(four, NULL, sizeof message, message) != 4)
            _exit(6);
    mark();
    _exit(0);
}

static const struct {
    const char *what;
    int fewest, most;
} phases[] = {
    {"preparation", 0, 1000},
    {"send, IPv4", MESSAGES, MESSAGES},
    {"receive a backlog, IPv4", 1, MESSAGES},
    {"send, IPv6", MESSAGES, MESSAGES},
    {"receive a backlog by name, IPv6", 1, MESSAGES},
    {"send and receive in turn", MESSAGES, MESSAGES},
    {"send", MESSAGES, MESSAGES},
    {"receive a backlog, two groups joined", 1, MESSAGES + A_FEW},
    {"send", MESSAGES, MESSAGES},
    {"receive a backlog of the second group", 1, MESSAGES + A_FEW},
    {"send", MESSAGES, MESSAGES},
    {"receive a backlog, 300 groups joined", 1, MESSAGES + A_FEW},
    {"receive what comes late, at first", WARNINGS, 100 * WARNINGS},
    {"receive what comes late", MESSAGES, 3 * MESSAGES},
};
#define PHASES (int)(sizeof phases / sizeof *phases)

int main(void)
{
    int counts[PHASES + 1] = {0}, phase = 0, status;
    pid_t child = fork();
    bool right = true;

    begin(50);
    if (child == 0)
        traced();
    CHECK(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
    CHECK(ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) == 0);
    for (;;) {
        struct __ptrace_syscall_info info;

        CHECK(ptrace(PTRACE_SYSCALL, child, NULL, NULL) == 0);
        CHECK(waitpid(child, &status, 0) == child);
        if (WIFEXITED(status))
            break;
        if (WIFSIGNALED(status) || !WIFSTOPPED(status) || WSTOPSIG(status) != (SIGTRAP | 0x80))
            continue;
        CHECK(ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof info, &info) > 0);
        if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
            continue;
        if (info.entry.nr == SYS_getpgid && info.entry.args[0] == 4711)
            phase++;
        else
            counts[phase]++;
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0 && phase == PHASES);
    for (int i = 1; i < PHASES; i++) {
        printf("%s: %d system calls for %d messages\n", phases[i].what, counts[i], MESSAGES);
        right = right && counts[i] >= phases[i].fewest && counts[i] <= phases[i].most;
    }
    return right ? 0 : 1;
}
