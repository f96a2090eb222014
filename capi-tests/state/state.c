/* The peer of the state tests: asks libham for group states and neighbours, and prints membership events.
 *
 *   groups INTERFACE                       "group NAME TYPE" for each
 *   neighbors|children|parents INTERFACE [NAME]   "node URI" for each
 *   designated INTERFACE [NAME]            "designated 0|1"
 *   open INTERFACE...                      a multicast socket (several may be open; the last one is used)
 *   add INTERFACE                          gives it one more Interface
 *   close                                  deletes it; the one before it is used again
 *   join NAME, leave NAME, register NAME, deregister NAME, send NAME TEXT, joins COUNT, leaves COUNT
 *   events, no-events, callback, no-callback      "event TYPE DEVICE NAME" for each
 *   slow MILLISECONDS                      what each callback takes
 *   fork                                   the rest of the commands runs in a child
 *   quit
 *
 * INTERFACE is a device's name, with /4 or /6 behind it for one family, or a number. The commands come from standard
 * input, or are the one that the arguments make. It prints "ready", "done N" after command N, "error N ERRNO" before
 * that when it failed.
 */
#include <ham.h>

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int sockets[64];
static int count;
static int pause_ms;

static const char *const event_names[] = {"join", "leave", "source"};

static void on_event(int type, uint32_t iface, const char *name)
{
    char device[IF_NAMESIZE] = "gone";

    if_indextoname(iface, device);
    printf("event %s %s %s\n", event_names[type], device, name);
    if (pause_ms > 0)
        usleep((useconds_t)pause_ms * 1000);
}

static uint32_t interface(const char *word)
{
    char name[64];
    char *family;
    uint32_t index;

    if (word == NULL)
        return 0;
    snprintf(name, sizeof name, "%s", word);
    family = strchr(name, '/');
    if (family != NULL)
        *family++ = '\0';
    index = if_nametoindex(name);
    if (index == 0)
        index = (uint32_t)strtoul(name, NULL, 0);
    if (family != NULL)
        index = *family == '4' ? HAM_IPV4(index) : HAM_IPV6(index);
    return index;
}

static int groups(uint32_t iface)
{
    GroupSet *set;
    size_t n;

    if (groupSet(iface, &n, &set) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        printf("group %s %d\n", set[i].group_uri, set[i].type);
    free(set);
    return 0;
}

static int nodes(const char *which, uint32_t iface, const char *name)
{
    char *block = NULL, *uri;
    size_t n = 0;
    int r;

    if (strcmp(which, "neighbors") == 0)
        r = neighborSet(iface, name, &n, &block);
    else if (strcmp(which, "children") == 0)
        r = childrenSet(iface, name, &n, &block);
    else
        r = parentSet(iface, name, &n, &block);
    if (r != 0)
        return -1;
    uri = block;
    for (size_t i = 0; i < n; i++, uri = HAM_NEXT_URI(uri))
        printf("node %s\n", uri);
    free(block);
    return 0;
}

static int many(int how_many, int (*what)(int, const char *))
{
    char name[64];
    int result = 0;

    for (int i = 0; i < how_many; i++) {
        snprintf(name, sizeof name, "ham:ip:239.7.%d.%d:5000", i / 250, i % 250 + 1);
        if (what(sockets[count], name) != 0)
            result = -1;
    }
    return result;
}

static int obey(char *line)
{
    char *word = strtok(line, " "), *name = strtok(NULL, " "), *rest = strtok(NULL, "");
    int s = sockets[count];

    if (word == NULL)
        return 0;
    if (strcmp(word, "groups") == 0)
        return groups(interface(name));
    if (strcmp(word, "neighbors") == 0 || strcmp(word, "children") == 0 || strcmp(word, "parents") == 0)
        return nodes(word, interface(name), rest);
    if (strcmp(word, "designated") == 0) {
        int r = designatedHost(interface(name), rest);

        if (r >= 0)
            printf("designated %d\n", r);
        return r;
    }
    if (strcmp(word, "open") == 0) {
        uint32_t ids[16];
        size_t n = 0;

        for (; name != NULL && n < 16; name = strtok(rest, " "), rest = NULL)
            ids[n++] = interface(name);
        return createMSocket(&sockets[++count], n, ids);
    }
    if (strcmp(word, "close") == 0)
        return deleteMSocket(sockets[count--]);
    if (strcmp(word, "add") == 0)
        return addInterface(s, interface(name));
    if (strcmp(word, "join") == 0)
        return join(s, name);
    if (strcmp(word, "leave") == 0)
        return leave(s, name);
    if (strcmp(word, "register") == 0)
        return srcRegister(s, name, 0, NULL);
    if (strcmp(word, "deregister") == 0)
        return srcDeregister(s, name, 0, NULL);
    if (strcmp(word, "send") == 0)
        return send(s, name, strlen(rest), rest);
    if (strcmp(word, "joins") == 0)
        return many(atoi(name), join);
    if (strcmp(word, "leaves") == 0)
        return many(atoi(name), leave);
    if (strcmp(word, "events") == 0)
        return enableEvents();
    if (strcmp(word, "no-events") == 0)
        return disableEvents();
    if (strcmp(word, "callback") == 0)
        return registerEventCallback(on_event);
    if (strcmp(word, "no-callback") == 0)
        return registerEventCallback(NULL);
    if (strcmp(word, "slow") == 0) {
        pause_ms = atoi(name);
        return 0;
    }
    if (strcmp(word, "fork") == 0) {
        pid_t child = fork();
        int status;

        if (child > 0) {
            waitpid(child, &status, 0);
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
        }
        return child < 0 ? -1 : 0;
    }
    errno = ENOSYS;
    return -1;
}

int main(int argc, char **argv)
{
    char line[2048] = "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    sockets[0] = -1;
    if (argc > 1) {
        for (int i = 1; i < argc; i++) {
            strncat(line, argv[i], sizeof line - strlen(line) - 2);
            strcat(line, " ");
        }
        line[strlen(line) - 1] = '\0';
        if (obey(line) >= 0)
            return 0;
        printf("errno %s\n", strerror(errno));
        return 1;
    }
    registerEventCallback(on_event);
    puts("ready");
    for (int n = 1; fgets(line, sizeof line, stdin) != NULL; n++) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "quit") == 0)
            break;
        if (obey(line) < 0)
            printf("error %d %d\n", n, errno);
        printf("done %d\n", n);
    }
    return 0;
}
