/* The same roles over libham, through nothing but the API of RFC 7046, Appendix A. */
#include <ham.h>

#include "transport.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define URI_SIZE 96

static int msock = -1;
static char (*send_uris)[URI_SIZE];
static int poll_first;

static void group_uri(char *uri, const struct group_range *range, unsigned nth) {
    unsigned char address[16];
    char text[INET6_ADDRSTRLEN];
    group_address(range, nth, address);
    if (!inet_ntop(range->family, address, text, sizeof text))
        fail("inet_ntop");
    snprintf(uri, URI_SIZE, range->family == AF_INET ? "ham:ip:%s:%u" : "ham:ip:[%s]:%u", text, range->port);
}

void transport_open(const struct settings *s) {
    if (createMSocket(&msock, s->num_devices, s->devices) != 0)
        fail("createMSocket");
    poll_first = s->poll;
    if (s->send.family) {
        send_uris = calloc(s->send.count, sizeof *send_uris);
        if (!send_uris)
            fail("calloc");
        for (unsigned i = 0; i < s->send.count; i++)
            group_uri(send_uris[i], &s->send, i);
    }
    for (unsigned i = 0; i < s->receive.count; i++) {
        char uri[URI_SIZE];
        group_uri(uri, &s->receive, i);
        if (join(msock, uri) != 0)
            fail(uri);
    }
}

int transport_receive_buffer(void) {
    return 0;
}

void transport_send(unsigned nth, const void *message, size_t length) {
    if (send(msock, send_uris[nth], length, message) < 0)
        fail("send");
}

size_t transport_receive(void *buffer, size_t size) {
    int length;
    if (poll_first) {
        struct pollfd wait = {.fd = msock, .events = POLLIN};
        if (poll(&wait, 1, -1) != 1)
            fail("poll");
    }
    length = receive(msock, NULL, size, buffer);
    if (length < 0)
        fail("receive");
    return (size_t)length;
}
