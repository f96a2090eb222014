/* The same roles over bare Zenoh, beside libham over an overlay: zenoh/lib.rs has the calls. BENCH_ZENOH_DEVICE has the
 * configuration of a role that is on a device. */
#include "transport.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/types.h>

int bench_zenoh_open(const char *settings, uint16_t send, uint16_t receive);
int bench_zenoh_send(const void *message, size_t length);
ssize_t bench_zenoh_receive(void *buffer, size_t size, uint32_t milliseconds);

void transport_open(const struct settings *s) {
    char name[32];
    const char *settings;
    snprintf(name, sizeof name, "BENCH_ZENOH_0x%x", s->devices[0]);
    settings = getenv(name);
    if (bench_zenoh_open(settings ? settings : "", s->send.family ? s->send.port : 0, s->receive.family ? s->receive.port : 0) != 0)
        fail("zenoh");
}

int transport_receive_buffer(void) {
    return 0;
}

int transport_send(unsigned nth, const void *message, size_t length) {
    (void)nth;
    if (bench_zenoh_send(message, length) != 0)
        fail("put");
    return 0;
}

/* No signal ends Zenoh's wait: so it looks now and then whether one is expected. */
long transport_receive(void *buffer, size_t size) {
    struct itimerval ticks;
    long length;
    while ((length = bench_zenoh_receive(buffer, size, 10)) == -1)
        if (getitimer(ITIMER_REAL, &ticks) == 0 && ticks.it_interval.tv_usec != 0)
            return -1;
    if (length == -2) {
        errno = EMSGSIZE;
        fail("a message");
    }
    return length;
}
