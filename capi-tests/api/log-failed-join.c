/* A join that the system's limits refuse says so: the limit's errno, and in the log the Interface, the group and the limit. The
 * socket goes on, and the group can be joined when there is room.
 */
#include "test.h"

static void fill_descriptors(int keep)
{
    int fds[64], n = 0, fd;
    struct rlimit limit = {64, 64};

    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while (n < 64 && (fd = dup(2)) != -1)
        fds[n++] = fd;
    for (int i = 0; i < keep; i++)
        close(fds[--n]);
}

int main(void)
{
    char log[8192] = "", name[64];
    int s, fd = open("log", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), old, joined = 0, error = 0;
    ssize_t n;

    begin(30);
    setenv("HAM_LOG", "error", 1);
    old = fcntl(2, F_DUPFD_CLOEXEC, 3);
    s = socket_on("lo");
    OK(join(s, "ham:ip:239.1.2.3:5000"));
    say(s, "ham:ip:239.1.2.3:5000", "before");
    expect(s, NULL, "before");
    fill_descriptors(3);
    CHECK(dup2(fd, 2) == 2);
    for (int i = 0; i < 60 && error == 0; i++) {
        snprintf(name, sizeof name, "ham:ip:239.1.3.%d:%d", i, 5000 + i);
        if (join(s, name) == 0)
            joined++;
        else
            error = errno;
    }
    CHECK(dup2(old, 2) == 2);
    n = pread(fd, log, sizeof log - 1, 0);
    CHECK(n >= 0);
    printf("%d joined, then %s; the log: %s", joined, strerror(error), log);
    CHECK(error == EMFILE);
    CHECK(strstr(log, "lo") != NULL);
    CHECK(strstr(log, "239.1.3.") != NULL);
    CHECK(strstr(log, "RLIMIT_NOFILE") != NULL || strstr(log, "ulimit -n") != NULL);

    say(s, "ham:ip:239.1.2.3:5000", "goes on");
    expect(s, "ham:ip:239.1.2.3:5000", "goes on");
    for (int i = 10; i < 60; i++)
        if (i != s && i != fd && i != old) {
            char path[32], target[64] = "";
            snprintf(path, sizeof path, "/proc/self/fd/%d", i);
            if (readlink(path, target, sizeof target - 1) > 0 && strncmp(target, "/", 1) == 0)
                close(i);
        }
    OK(join(s, name));
    bsd_say("239.1.2.3", 5000, "lo", NULL, "more");
    expect(s, NULL, "more");
    return 0;
}
