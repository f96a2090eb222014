/* The libham peer of the tests of framed groups: a multicast socket on the Interfaces that are its arguments (the default ones
 * without; eth0/4 and eth0/6 are one family), which obeys commands from standard input. It sends numbered messages, and judges
 * those that it hears.
 *
 *   join NAME, leave NAME, send NAME TEXT, add INTERFACE, del INTERFACE, atomic, quit
 *   numbers NAME COUNT SIZE[-SIZE] GAP   sends numbered messages, each GAP microseconds after the last; prints "failed N"
 *   count         prints "count HEARD DISTINCT TWICE DAMAGED LATE"
 *   statistics    prints "statistics" and what ham_statistics says, as pairs KEY VALUE
 *   interface IF  prints "interface" and what ham_interfaceStatistics says
 *   process       prints "process KILOBYTES DESCRIPTORS"
 *   register NAME IF...   prints "registered" or "not registered", and the Interfaces that failed
 *
 * It prints "ready", "heard TEXT as NAME" for a message without a number, "error N ERRNO" when command number N failed, and "done N"
 * after each.
 */
#ifndef TEST_HAMX
#define TEST_HAMX
#endif
#include "commands.h"
#include "test.h"

#include <inttypes.h>

#define NUMBERS 200000
#define STREAMS 64
#define HEAD 16 /* mark, stream, number, length: each of 32 bits */
#define MARK 0x4e554d42u

/* What was heard of one program's numbers to one group. */
struct stream {
    uint32_t id, highest;
    bool heard[NUMBERS];
};

static int s;
static bool over;
static struct stream *streams[STREAMS];
static unsigned long heard, distinct, twice, damaged, late;

/* Byte `i` of a message says of which it is, and where it stands. */
static uint8_t content(uint32_t stream, uint32_t number, uint32_t i)
{
    return (uint8_t)((stream ^ number * 2654435761u ^ (i >> 8)) + i * 31);
}

static void judge(const uint8_t *message, uint32_t length)
{
    uint32_t head[4], i;
    int k;

    memcpy(head, message, HEAD);
    heard++;
    for (i = HEAD; i < length && message[i] == content(head[1], head[2], i); i++)
        ;
    if (head[3] != length || i != length || head[2] >= NUMBERS) {
        damaged++;
        return;
    }
    for (k = 0; k < STREAMS && streams[k] != NULL && streams[k]->id != head[1]; k++)
        ;
    CHECK(k < STREAMS);
    if (streams[k] == NULL) {
        CHECK((streams[k] = calloc(1, sizeof **streams)) != NULL);
        streams[k]->id = head[1];
    }
    twice += streams[k]->heard[head[2]];
    distinct += !streams[k]->heard[head[2]];
    streams[k]->heard[head[2]] = true;
    late += head[2] < streams[k]->highest;
    if (head[2] > streams[k]->highest)
        streams[k]->highest = head[2];
}

static void hear(void)
{
    static uint8_t message[65507];
    static struct ham_message info;
    uint32_t mark = 0;
    int n;

    while ((n = ham_receive_from(s, NULL, sizeof message, message, &info)) >= 0) {
        if (n >= HEAD)
            memcpy(&mark, message, sizeof mark);
        if (n >= HEAD && mark == MARK)
            judge(message, (uint32_t)n);
        else
            printf("heard %.*s as %s\n", n, (char *)message, info.group_uri);
    }
    if (errno != EAGAIN && errno != EINTR) {
        perror("receive");
        exit(1);
    }
}

static void send_numbers(const char *name, uint32_t count, uint32_t least, uint32_t most, unsigned gap)
{
    static struct {
        char name[HAM_URI_MAX];
        uint32_t next;
    } sent[STREAMS];
    static uint8_t message[65507];
    uint32_t head[4] = {MARK, 0, 0, 0}, size, k, i;
    int failed = 0;

    for (k = 0; k < STREAMS && sent[k].name[0] != '\0' && strcmp(sent[k].name, name) != 0; k++)
        ;
    CHECK(k < STREAMS && strlen(name) < HAM_URI_MAX);
    strcpy(sent[k].name, name);
    head[1] = (uint32_t)getpid() * STREAMS + k;
    while (count-- > 0) {
        size = least + (uint32_t)rand() % (most - least + 1);
        head[2] = sent[k].next++;
        head[3] = size;
        memcpy(message, head, HEAD);
        for (i = HEAD; i < size; i++)
            message[i] = content(head[1], head[2], i);
        while (send(s, name, size, message) != 0) {
            if (errno != EAGAIN) {
                failed++;
                break;
            }
            usleep(50);
        }
        if (gap > 0)
            usleep(gap);
        if (count % 16 == 0)
            hear();
    }
    printf("failed %d\n", failed);
}

/* The Interface of the name: eth0, eth0/4, eth0/6. */
static uint32_t interface(const char *text)
{
    char name[IF_NAMESIZE];
    size_t n = strcspn(text, "/");
    uint32_t index;

    snprintf(name, sizeof name, "%.*s", (int)n, text);
    index = if_nametoindex(name);
    return strcmp(text + n, "/4") == 0 ? HAM_IPV4(index) : strcmp(text + n, "/6") == 0 ? HAM_IPV6(index) : index;
}

static int registered(const char *name, char *rest)
{
    uint32_t ifs[16];
    size_t n = 0;
    char *word;
    int result;

    for (word = strtok(rest, " "); word != NULL; word = strtok(NULL, " "))
        ifs[n++] = interface(word);
    result = srcRegister(s, name, n, n > 0 ? ifs : NULL);
    printf(result == 0 ? "registered" : "not registered");
    for (size_t i = 0; result != 0 && i < n && ifs[i] != 0; i++)
        printf(" %" PRIu32, ifs[i]);
    printf("\n");
    return 0;
}

static int statistics(void)
{
    struct ham_statistics of;

    if (ham_statistics(s, &of) != 0)
        return -1;
    printf("statistics sent %" PRIu64 " send_failures %" PRIu64 " received %" PRIu64 " dropped %" PRIu64, of.sent, of.send_failures,
           of.received, of.dropped_by_kernel + of.dropped_by_library);
    printf(" duplicates %" PRIu64 " lost %" PRIu64 " refused %" PRIu64 "\n", of.duplicates, of.lost, of.refused);
    return 0;
}

static int interface_statistics(const char *name)
{
    struct ham_ifStatistics of;

    if (ham_interfaceStatistics(s, interface(name), &of) != 0)
        return -1;
    printf("interface sent %" PRIu64 " send_failures %" PRIu64 " received %" PRIu64 " dropped %" PRIu64 "\n", of.sent, of.send_failures,
           of.received, of.dropped_by_kernel);
    return 0;
}

/* What this process holds. */
static int process(void)
{
    char line[256];
    long kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");

    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL)
        sscanf(line, "VmRSS: %ld", &kilobytes);
    fclose(file);
    printf("process %ld %d\n", kilobytes, open_descriptors());
    return 0;
}

static int obey(char *line)
{
    char *word = strtok(line, " "), *name = strtok(NULL, " "), *rest = strtok(NULL, "");
    unsigned count, least, most, gap;

    if (word == NULL)
        return 0;
    if (strcmp(word, "join") == 0)
        return join(s, name);
    if (strcmp(word, "leave") == 0)
        return leave(s, name);
    if (strcmp(word, "send") == 0)
        return send(s, name, strlen(rest), rest);
    if (strcmp(word, "numbers") == 0) {
        if (sscanf(rest, "%u %u-%u %u", &count, &least, &most, &gap) != 4) {
            CHECK(sscanf(rest, "%u %u %u", &count, &least, &gap) == 3);
            most = least;
        }
        CHECK(least >= HEAD);
        return send_numbers(name, count, least, most, gap), 0;
    }
    if (strcmp(word, "add") == 0)
        return addInterface(s, interface(name));
    if (strcmp(word, "del") == 0)
        return delInterface(s, interface(name));
    if (strcmp(word, "atomic") == 0)
        return printf("atomic %d\n", getAtomicMsgSize(s)), 0;
    if (strcmp(word, "count") == 0)
        return printf("count %lu %lu %lu %lu %lu\n", heard, distinct, twice, damaged, late), 0;
    if (strcmp(word, "statistics") == 0)
        return statistics();
    if (strcmp(word, "interface") == 0)
        return interface_statistics(name);
    if (strcmp(word, "process") == 0)
        return process();
    if (strcmp(word, "register") == 0)
        return registered(name, rest);
    if (strcmp(word, "quit") == 0)
        return over = true, 0;
    printf("unknown command %s\n", word);
    errno = ENOSYS;
    return -1;
}

int main(int argc, char **argv)
{
    uint32_t ifs[16];
    struct pollfd fds[2];

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++)
        ifs[i - 1] = interface(argv[i]);
    if (createMSocket(&s, (size_t)argc - 1, argc > 1 ? ifs : NULL) != 0 || fcntl(s, F_SETFL, O_NONBLOCK) != 0) {
        perror("createMSocket");
        return 1;
    }
    printf("ready\n");
    fds[0] = (struct pollfd){0, POLLIN, 0};
    fds[1] = (struct pollfd){s, POLLIN, 0};
    while (!over) {
        if (poll(fds, 2, -1) == -1 && errno != EINTR)
            return 1;
        if (fds[1].revents != 0)
            hear();
        if (fds[0].revents != 0 && !commands(obey))
            break;
    }
    OK(deleteMSocket(s));
    return 0;
}
