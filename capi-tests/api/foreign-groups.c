/* No message of a foreign group, whoever joined it and however near it is: another group on the same port, joined by another
 * process or by another socket of this one; the same group on another port; a left group that another one holds.
 */
#include "test.h"

static void family(const char *mine, const char *other, const char *bracket_open, const char *bracket_close)
{
    char name[64], other_name[64];
    int ready[2], over[2], s, t;
    char byte;
    pid_t child;

    snprintf(name, sizeof name, "ham:ip:%s%s%s:5000", bracket_open, mine, bracket_close);
    snprintf(other_name, sizeof other_name, "ham:ip:%s%s%s:5000", bracket_open, other, bracket_close);
    CHECK(pipe(ready) == 0 && pipe(over) == 0);
    child = fork();
    if (child == 0) {
        /* A wildcard-bound receiver of the other group, as most BSD programs are. */
        int a = bsd_receiver(other, 5000, "lo", NULL), b = bsd_receiver(mine, 5001, "lo", NULL);
        begin(20);
        CHECK(write(ready[1], "x", 1) == 1);
        CHECK(read(over[0], &byte, 1) == 1);
        bsd_expect(a, "other group");
        bsd_expect(b, "other port");
        exit(0);
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    s = socket_on("lo");
    t = socket_on("lo");
    OK(join(s, name));
    OK(join(t, other_name));
    bsd_say(other, 5000, "lo", NULL, "other group");
    bsd_say(mine, 5001, "lo", NULL, "other port");
    silent(s, 200);
    bsd_say(mine, 5000, "lo", NULL, "mine");
    expect(s, NULL, "mine");
    silent(s, 50);

    expect(t, NULL, "other group");
    OK(leave(t, other_name));
    bsd_say(other, 5000, "lo", NULL, "left group");
    silent(t, 200);
    OK(join(t, name));
    bsd_say(other, 5000, "lo", NULL, "left group");
    silent(t, 100);
    bsd_say(mine, 5000, "lo", NULL, "joined now");
    expect(t, NULL, "joined now");

    CHECK(write(over[1], "x", 1) == 1);
    finished(child);
    OK(deleteMSocket(s));
    OK(deleteMSocket(t));
}

int main(void)
{
    begin(30);
    family("239.1.2.3", "239.1.2.4", "", "");
    family("ff15::23", "ff15::24", "[", "]");
    return 0;
}
