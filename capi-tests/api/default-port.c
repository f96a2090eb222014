/* A name without a port means the default one: 7046, or HAM_PORT. */
#include "test.h"

static void meets(int port)
{
    char name[64];
    int s = socket_on("lo"), t = socket_on("lo");

    begin(20);
    snprintf(name, sizeof name, "ham:ip:239.1.2.3:%d", port);
    OK(join(s, "ham:ip:239.1.2.3"));
    OK(join(t, name));
    bsd_say("239.1.2.3", port, "lo", NULL, "to the port");
    expect(s, "ham:ip:239.1.2.3", "to the port");
    expect(t, name, "to the port");
    say(s, "ham:ip:239.1.2.3", "without");
    expect(t, NULL, "without");
    expect(s, NULL, "without");
}

int main(void)
{
    pid_t child = fork();

    begin(30);
    if (child == 0) {
        setenv("HAM_PORT", "6000", 1);
        meets(6000);
        exit(0);
    }
    finished(child);
    meets(7046);
    return 0;
}
