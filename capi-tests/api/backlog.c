/* A backlog comes whole and in order, and nothing else comes with it: with io_uring, without it, and when the program closes all
 * descriptors that it does not know in the middle.
 */
#include "test.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define MESSAGES 150
#define CROWD 80
#define FOREIGN "239.2.9.9"

static char message[65507];

/* The rings of io_uring that this process has; closes them when asked to. */
static int rings(bool and_close)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++) {
        char path[64], target[64] = "";

        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, target, sizeof target - 1) > 0 && strcmp(target, "anon_inode:[io_uring]") == 0) {
            n++;
            if (and_close)
                close(fd);
        }
    }
    return n;
}

/* As in a container: there is no such system call. */
static void forbid_rings(void)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof steps / sizeof *steps, steps};

    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static size_t size_of(int i)
{
    static const size_t sizes[] = {64, 0, 1, 1400, 64, 64, 2048, 17, 64, 100, 64};

    return i == 120 ? sizeof message : sizes[(size_t)i % (sizeof sizes / sizeof *sizes)];
}

static void fill(int i)
{
    memset(message, 'a' + i % 26, size_of(i));
    if (size_of(i) > 4)
        memcpy(message, &i, sizeof i);
}

/* `groups` of them are sent to in turn; whatever is sent to FOREIGN, or not by `source`, is for others. */
static void backlog(const char *const *groups, int count, bool crowd, const char *source, bool closes)
{
    int s = socket_on("lo"), fd, from, stranger = -1;
    char name[64];

    for (int i = 0; i < count; i++) {
        const char *at = source == NULL ? "" : "@";
        bool v6 = strchr(groups[i], ':') != NULL;
        snprintf(name, sizeof name, v6 ? "ham:ip:[%s]%s%s:5000" : "ham:ip:%s%s%s:5000", groups[i], at, source == NULL ? "" : source);
        OK(join(s, name));
    }
    for (int i = 0; crowd && i < CROWD; i++) {
        snprintf(name, sizeof name, "ham:ip:239.2.1.%d:5000", i + 1);
        OK(join(s, name));
    }
    if (crowd)
        stranger = bsd_receiver(FOREIGN, 5000, "lo", NULL);
    from = bsd_sender(groups[0], "lo", source, 1);
    fd = bsd_sender(groups[0], "lo", source == NULL ? NULL : "127.0.0.2", 1);
    for (int i = 0; i < MESSAGES; i++) {
        struct sockaddr_storage to;
        socklen_t length = bsd_address(&to, groups[i % count], 5000);

        fill(i);
        if (source != NULL)
            CHECK(sendto(fd, message, size_of(i), 0, (struct sockaddr *)&to, length) >= 0);
        CHECK(sendto(from, message, size_of(i), 0, (struct sockaddr *)&to, length) >= 0);
        if (crowd && i % 3 == 0)
            bsd_say(FOREIGN, 5000, "lo", NULL, "for others");
    }
    for (int i = 0; i < MESSAGES; i++) {
        int n;

        CHECK(readable(s, 3000));
        if (closes && i == MESSAGES / 2)
            rings(true);
        n = receive(s, NULL, sizeof test_buffer, test_buffer);
        fill(i);
        if (n != (int)size_of(i) || memcmp(test_buffer, message, (size_t)n) != 0) {
            fprintf(stderr, "message %d: %d bytes (%s), wanted %zu\n", i, n, strerror(errno), size_of(i));
            exit(1);
        }
    }
    silent(s, 20);
    OK(deleteMSocket(s));
    close(fd);
    close(from);
    if (stranger >= 0)
        close(stranger);
}

static void all(bool closes)
{
    static const char *const four[] = {"239.1.2.3"}, *const six[] = {"ff15::23"}, *const specific[] = {"232.1.2.3"};
    static const char *const some[] = {"239.2.1.1", "239.2.1.2", "239.2.1.77"};

    backlog(four, 1, false, NULL, closes);
    backlog(six, 1, false, NULL, closes);
    backlog(some, 3, true, NULL, closes);
    backlog(specific, 1, true, "127.0.0.1", closes);
}

int main(void)
{
    int most = 0, s;
    pid_t child;

    begin(50);
    all(false);
    CHECK(rings(false) == 0);
    all(true);

    /* It is io_uring, where the kernel lets it be. */
    s = socket_on("lo");
    OK(join(s, "ham:ip:239.1.2.3:5000"));
    for (int i = 0; i < 100; i++)
        say(s, "ham:ip:239.1.2.3:5000", "x");
    for (int i = 0; i < 100; i++) {
        expect(s, NULL, "x");
        most = rings(false) > most ? rings(false) : most;
    }
    {
        unsigned char params[120] = {0};
        long ring = syscall(SYS_io_uring_setup, 1, params);
        printf("io_uring: %s; rings: %d\n", ring < 0 ? strerror(errno) : "yes", most);
        CHECK(most == (ring >= 0));
        if (ring >= 0)
            close((int)ring);
    }
    OK(deleteMSocket(s));
    CHECK(rings(false) == 0);

    child = fork();
    if (child == 0) {
        begin(30);
        forbid_rings();
        all(false);
        _exit(0);
    }
    finished(child);
    return 0;
}
