/* srcRegister and srcDeregister of framed groups: sender state in groupSet; the Interfaces where it failed in the list, the
 * rest of it 0; an Interface that fails does not keep the others from sending.
 * build: -lhamx
 * network: pair
 */
#include "frame.h"

#define NAME "ham:opaque:registered"

static int type_of(const char *ifname, const char *name)
{
    GroupSet *groups = NULL;
    size_t n = 0;
    int type = -1;

    OK(groupSet(index_of(ifname), &n, &groups));
    for (size_t i = 0; i < n; i++)
        if (strcmp(groups[i].group_uri, name) == 0)
            type = groups[i].type;
    free(groups);
    return type;
}

/* The name with the link-local address of eth0 as its source, in normal form. */
static void link_local(char *out, size_t room)
{
    char line[256], text[INET6_ADDRSTRLEN];
    FILE *file = fopen("/proc/net/if_inet6", "r");
    struct in6_addr address;

    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "fe80", 4) == 0 && strstr(line, "eth0") != NULL) {
            for (int i = 0; i < 16; i++)
                CHECK(sscanf(line + 2 * i, "%2hhx", &address.s6_addr[i]) == 1);
            CHECK(inet_ntop(AF_INET6, &address, text, sizeof text) != NULL);
            snprintf(out, room, NAME "@[%s]", text);
            fclose(file);
            return;
        }
    CHECK(!"a link-local address");
}

int main(void)
{
    char source[128];
    uint32_t failed[4] = {9, 9, 9, 9}, both[2] = {index_of("eth0"), HAM_IPV6(index_of("lo"))};
    int s, t;

    begin(30);
    OK(createMSocket(&s, 2, both));
    t = socket_on("eth0");
    CHECK(type_of("eth0", NAME) == -1);
    FAILS(srcDeregister(s, NAME, 4, failed), EADDRNOTAVAIL);
    OK(srcRegister(s, NAME, 4, failed));
    CHECK(failed[0] == 0 && failed[3] == 0);
    CHECK(type_of("eth0", NAME) == HAM_SENDER && type_of("lo", NAME) == HAM_SENDER);
    OK(join(t, NAME));
    CHECK(type_of("eth0", NAME) == HAM_SENDER_LISTENER);
    say(s, NAME, "registered");
    expect_as(t, "registered", NAME);
    memset(failed, 9, sizeof failed);
    OK(srcDeregister(s, NAME, 4, failed));
    CHECK(failed[0] == 0 && failed[3] == 0);
    CHECK(type_of("eth0", NAME) == HAM_LISTENER);
    FAILS(srcDeregister(s, NAME, 4, failed), EADDRNOTAVAIL);

    /* Credentials are no part of the name. */
    OK(srcRegister(s, NAME "/aes-256-gcm;AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", 4, failed));
    CHECK(type_of("lo", NAME) == HAM_SENDER);
    OK(srcDeregister(s, NAME, 4, failed));
    CHECK(type_of("lo", NAME) == -1);

    /* A link-local source is one of eth0 alone; there the name is registered all the same. */
    link_local(source, sizeof source);
    memset(failed, 9, sizeof failed);
    FAILS(srcRegister(s, source, 4, failed), EADDRNOTAVAIL);
    CHECK(failed[0] == both[1] && failed[1] == 0 && failed[3] == 0);
    CHECK(type_of("eth0", source) == HAM_SENDER);
    OK(join(t, source));
    say(s, source, "by the one that can");
    expect_as(t, "by the one that can", source);

    /* A source that no Interface has. */
    memset(failed, 9, sizeof failed);
    FAILS(srcRegister(s, NAME "@[fd99::1]", 4, failed), EADDRNOTAVAIL);
    CHECK(failed[0] != 0 && failed[1] != 0 && failed[0] != failed[1] && failed[2] == 0 && failed[3] == 0);
    FAILS(send(s, NAME "@[fd99::1]", 1, "x"), EADDRNOTAVAIL);

    /* No room in the list. */
    FAILS(srcRegister(s, source, 0, NULL), EADDRNOTAVAIL);
    FAILS(srcRegister(s, NAME, 1, NULL), EINVAL);
    return 0;
}
