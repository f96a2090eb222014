/* The service calls know a mapped name by its Group Addresses, also when no multicast socket of the program uses it: the
 * gateway of RFC 7046 §1.2.1 asks before it has joined anything. What other names of other programs are cannot be told from an
 * address.
 * build: -lhamx
 */
#include "frame.h"

#define NAME "ham:opaque:news@cnn.com"

static size_t children(const char *name)
{
    char *uris = NULL;
    size_t n = 0;

    OK(childrenSet(index_of("lo"), name, &n, &uris));
    free(uris);
    return n;
}

static int type_of(const char *name)
{
    GroupSet *groups = NULL;
    size_t n = 0;
    int type = -1;

    OK(groupSet(index_of("lo"), &n, &groups));
    for (size_t i = 0; i < n; i++)
        if (strcmp(groups[i].group_uri, name) == 0)
            type = groups[i].type;
    free(groups);
    return type;
}

int main(void)
{
    int ready[2], over[2], s;
    pid_t child;
    char byte;

    begin(30);
    CHECK(pipe(ready) == 0 && pipe(over) == 0);
    CHECK(children(NAME) == 0);
    child = fork();
    if (child == 0) {
        begin(20);
        s = socket_on("lo");
        OK(join(s, NAME));
        CHECK(write(ready[1], "x", 1) == 1);
        CHECK(read(over[0], &byte, 1) == 1);
        /* One's own are known by name. */
        CHECK(type_of(NAME) == HAM_LISTENER);
        say(s, NAME, "a message");
        CHECK(type_of(NAME) == HAM_SENDER_LISTENER);
        OK(leave(s, NAME));
        CHECK(type_of(NAME) == HAM_SENDER);
        exit(0);
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    CHECK(children(NAME) > 0);
    CHECK(children("ham:opaque:other@cnn.com") == 0);
    CHECK(children("ham:opaque:NEWS@cnn.com") == 0);
    CHECK(write(over[1], "x", 1) == 1);
    finished(child);
    CHECK(children(NAME) == 0);
    return 0;
}
