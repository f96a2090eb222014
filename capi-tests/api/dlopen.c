/* The library opened at run time, used, and closed, again and again: also while its sockets, threads and events are alive.
 * build: -ldl
 */
#include <dlfcn.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "ham:ip:239.1.2.3:5000"
/* ISO C has no conversion from an object pointer to a function's; POSIX has this one. */
#define GET(function) *(void **)&function = sym(library, #function)

static void *sym(void *library, const char *name)
{
    void *found = dlsym(library, name);
    if (found == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return found;
}

static void must(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static void on_event(int type, uint32_t interface, const char *name)
{
    (void)type, (void)interface, (void)name;
}

int main(void)
{
    char path[4096], buffer[10];
    uint32_t lo = if_nametoindex("lo");

    alarm(40);
    snprintf(path, sizeof path, "%s/libham.so.1", getenv("HAM_BUILD"));
    for (int round = 0; round < 200; round++) {
        void *library = dlopen(path, round % 2 ? RTLD_NOW : RTLD_LAZY | RTLD_GLOBAL);
        int (*createMSocket)(int *, size_t, const uint32_t *), (*deleteMSocket)(int), (*join)(int, const char *);
        int (*receive)(int, const char *, size_t, void *), (*send)(int, const char *, size_t, const void *), s;
        int (*enableEvents)(void), (*registerEventCallback)(void (*)(int, uint32_t, const char *));

        if (library == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        GET(createMSocket);
        GET(deleteMSocket);
        GET(join);
        GET(send);
        GET(receive);
        GET(enableEvents);
        GET(registerEventCallback);
        must(createMSocket(&s, 1, &lo) == 0, "createMSocket");
        must(join(s, NAME) == 0, "join");
        must(send(s, NAME, 5, "hello") == 0, "send");
        must(poll(&(struct pollfd){s, POLLIN, 0}, 1, 20000) == 1, "poll");
        must(receive(s, NULL, sizeof buffer, buffer) == 5, "receive");
        if (round % 3 == 0) {
            must(registerEventCallback(on_event) == 0, "registerEventCallback");
            must(enableEvents() == 0, "enableEvents");
        }
        /* With the socket alive or not. */
        if (round % 2 || round >= 20)
            must(deleteMSocket(s) == 0, "deleteMSocket");
        must(dlclose(library) == 0, "dlclose");
    }
    usleep(100000);
    return 0;
}
