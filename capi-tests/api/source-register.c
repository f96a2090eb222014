/* srcRegister and srcDeregister; the groups that are registered show up in groupSet as sender state. RFC 7046 §4.4.5, §4.4.6, §4.7.1. */
#include "test.h"

#define NAME "ham:ip:239.1.2.3:5000"

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
    uint32_t failed[4] = {9, 9, 9, 9};
    int s, t;

    begin(30);
    s = socket_on("lo");
    t = socket_on("lo");
    CHECK(type_of(NAME) == -1);
    FAILS(srcDeregister(s, NAME, 4, failed), EADDRNOTAVAIL);
    OK(srcRegister(s, NAME, 4, failed));
    CHECK(failed[0] == 0 && failed[3] == 0);
    CHECK(type_of(NAME) == HAM_SENDER);
    OK(join(t, NAME));
    CHECK(type_of(NAME) == HAM_SENDER_LISTENER);
    OK(srcDeregister(s, NAME, 0, NULL));
    CHECK(type_of(NAME) == HAM_LISTENER);
    FAILS(srcDeregister(s, NAME, 0, NULL), EADDRNOTAVAIL);
    OK(leave(t, NAME));
    CHECK(type_of(NAME) == -1);
    FAILS(srcRegister(s, NAME, 1, NULL), EINVAL);
    /* A group of a family that the Interface does not have fails there. */
    {
        uint32_t only4 = HAM_IPV4(index_of("lo"));
        int four;
        OK(createMSocket(&four, 1, &only4));
        memset(failed, 9, sizeof failed);
        FAILS(srcRegister(four, "ham:ip:[ff15::23]:5000", 4, failed), EADDRNOTAVAIL);
        CHECK(failed[0] == only4 && failed[1] == 0 && failed[3] == 0);
    }
    return 0;
}
