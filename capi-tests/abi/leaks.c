/*
 * Rounds of everything: leaks ROUNDS WARM-UP [valgrind]. Descriptors, threads, memberships and memory are after the last round what
 * they were after the warm-up.
 */
#include <sys/socket.h>
#include <ham.h>
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(what) \
    do { \
        if (!(what)) { \
            printf("round %u, line %d: %s (errno %d, %s)\n", round_, __LINE__, #what, errno, strerror(errno)); \
            exit(1); \
        } \
    } while (0)

struct usage {
    long descriptors, threads, memberships, heap, resident;
};

static unsigned round_;
static uint32_t lo;

static long entries(const char *folder) {
    long n = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        exit(2);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

static long lines(const char *path) {
    long n = 0;
    int c;
    FILE *file = fopen(path, "r");
    if (file == NULL)
        exit(2);
    while ((c = getc(file)) != EOF)
        n += c == '\n';
    fclose(file);
    return n;
}

static struct usage now(void) {
    struct usage u;
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
        exit(2);
    fclose(file);
    u.descriptors = entries("/proc/self/fd");
    u.threads = entries("/proc/self/task");
    u.memberships = lines("/proc/net/igmp") + lines("/proc/net/igmp6");
    u.heap = (long)mallinfo2().uordblks;
    u.resident = pages * sysconf(_SC_PAGESIZE);
    return u;
}

static void on_event(int type, uint32_t iface, const char *group_uri) {
    (void)type;
    (void)iface;
    (void)group_uri;
}

static void everything(void) {
    static char in[65507], out[3000];
    char v4[64], v6[64], *uris;
    int s, ours, i;
    size_t n;
    uint32_t *ifs, failed[2];
    uint8_t ttl;
    GroupSet *groups;
    snprintf(v4, sizeof v4, "ham:ip:239.255.71.%u:7720", round_ % 250);
    snprintf(v6, sizeof v6, "ham:ip:[ff15::46:%x]:7720", round_ % 65000);
    CHECK(createMSocket(&s, 1, &lo) == 0);
    CHECK(createMSocket(&ours, 0, NULL) == 0);
    CHECK(join(s, v4) == 0 && join(s, v6) == 0);
    CHECK(join(s, "ham:ip:232.1.2.3@127.0.0.1:7721") == 0);
    CHECK(join(s, "ham:ip:nonsense:at:all") == -1);
    CHECK(srcRegister(s, v4, 2, failed) == 0);
    for (i = 0; i < 3; i++) {
        CHECK(send(s, v4, sizeof out, out) == 0);
        CHECK(receive(s, NULL, sizeof in, in) == sizeof out);
        CHECK(send(s, v6, 0, out) == 0);
        CHECK(receive(s, v6, sizeof in, in) == 0);
    }
    CHECK(send(s, v4, 65507, in) == 0);
    CHECK(receive(s, NULL, 10, in) == -1 && errno == EMSGSIZE);
    CHECK(send(s, v4, 65508, in) == -1 && errno == EMSGSIZE);
    CHECK(getInterfaces(s, &n, &ifs) == 0 && n == 1);
    free(ifs);
    CHECK(getInterfaces(HAM_ALL_INTERFACES, &n, &ifs) == 0);
    free(ifs);
    CHECK(groupSet(lo, &n, &groups) == 0 && n >= 3);
    free(groups);
    CHECK(neighborSet(lo, NULL, &n, &uris) == 0);
    free(uris);
    CHECK(childrenSet(lo, v4, &n, &uris) == 0);
    free(uris);
    CHECK(parentSet(lo, NULL, &n, &uris) == 0);
    free(uris);
    CHECK(designatedHost(lo, v4) >= 0);
    CHECK(setTTL(s, 3, 0, NULL) == 0 && getTTL(s, &ttl) == 0 && ttl == 3);
    CHECK(getAtomicMsgSize(s) > 0);
    CHECK(delInterface(s, lo) == 0 && addInterface(s, lo) == 0);
    CHECK(srcDeregister(s, v4, 0, NULL) == 0);
    if (round_ % 2 == 0)
        CHECK(leave(s, v4) == 0);
    if (round_ % 16 == 0) {
        CHECK(registerEventCallback(on_event) == 0 && enableEvents() == 0);
        CHECK(disableEvents() == 0 && registerEventCallback(NULL) == 0);
    }
    CHECK(deleteMSocket(ours) == 0);
    CHECK(deleteMSocket(s) == 0);
}

/* A thread of events that has been told to end needs a moment. */
static struct usage settled(struct usage before) {
    struct usage u = now();
    int i;
    for (i = 0; i < 50 && (u.threads > before.threads || u.descriptors > before.descriptors); i++) {
        usleep(20000);
        u = now();
    }
    return u;
}

int main(int argc, char **argv) {
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 3000, warm = argc > 2 ? (unsigned)atoi(argv[2]) : rounds / 4;
    struct usage before, after;
    int faults = 0;
    alarm(170);
    lo = if_nametoindex("lo");
    for (round_ = 0; round_ < warm; round_++)
        everything();
    usleep(200000);
    before = now();
    for (; round_ < warm + rounds; round_++)
        everything();
    after = settled(before);
    printf("%u rounds: descriptors %ld, %ld; threads %ld, %ld; memberships %ld, %ld; heap %ld, %ld; resident %ld, %ld\n", rounds,
           before.descriptors, after.descriptors, before.threads, after.threads, before.memberships, after.memberships,
           before.heap, after.heap, before.resident, after.resident);
    if (after.descriptors > before.descriptors)
        faults++, puts("descriptors are lost");
    if (after.threads > before.threads)
        faults++, puts("threads are lost");
    if (after.memberships > before.memberships)
        faults++, puts("memberships are lost");
    /* 16 bytes, the smallest block, lost a round would show. */
    if (after.heap - before.heap > 8L * rounds + 16384)
        faults++, puts("memory is lost");
    /* A thread's arena comes late and all at once; valgrind keeps freed blocks aside. */
    if (argc < 4 && after.resident - before.resident > 8 << 20)
        faults++, puts("the process grows");
    return faults != 0;
}
